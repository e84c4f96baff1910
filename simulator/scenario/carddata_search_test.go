//go:build linux

package scenario_test

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// tap is a wire between the till and the broker that keeps a copy of all that passes.
type tap struct {
	listener net.Listener
	mu       sync.Mutex
	passed   bytes.Buffer
}

// newTap listens in front of an address until the test ends.
func newTap(t *testing.T, to string) *tap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{listener: l}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				near.Close()
				continue
			}
			all.Go(func() { p.copy(far, near) })
			all.Go(func() { p.copy(near, far) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	return p
}

// copy passes one direction on until either end has gone.
func (p *tap) copy(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	_, _ = io.Copy(io.MultiWriter(to, p), from) // ends with the connection
}

// Write implements [io.Writer]: it keeps what passes.
func (p *tap) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.passed.Write(b)
}

// bytes are what has passed, and behind it what was compressed in it.
func (p *tap) bytes(t *testing.T) []byte {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	raw := bytes.Clone(p.passed.Bytes())
	return append(raw, unpacked(t, raw)...)
}

// unpacked finds zstd frames in a stream and decompresses them.
func unpacked(t *testing.T, raw []byte) (all []byte) {
	t.Helper()
	for at := 0; ; {
		i := bytes.Index(raw[at:], []byte{0x28, 0xB5, 0x2F, 0xFD})
		if i < 0 {
			return all
		}
		at += i
		d, err := zstd.NewReader(bytes.NewReader(raw[at:]), zstd.WithDecoderConcurrency(1), zstd.IgnoreChecksum(true))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(d) // what follows the frame is no frame
		d.Close()
		all = append(all, text...)
		at++
	}
}

// filesOf reads every regular file below a folder.
func filesOf(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, dir+"/")] = text
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// memoryOf reads what a process could leave in a core dump: every part of its memory that it can write.
func memoryOf(t *testing.T, pid int) map[string][]byte {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	parts := map[string][]byte{}
	for line := range strings.Lines(string(maps)) {
		var from, to uint64
		var rights string
		if n, _ := fmt.Sscanf(line, "%x-%x %s", &from, &to, &rights); n != 3 || !strings.HasPrefix(rights, "rw") || strings.Contains(line, "[vvar") {
			continue
		}
		part := make([]byte, to-from)
		n, _ := mem.ReadAt(part, int64(from)) // a page that cannot be read holds nothing of the process
		parts["memory "+strings.TrimSpace(line)] = part[:n]
	}
	if len(parts) == 0 {
		t.Fatal("the process has no memory")
	}
	return parts
}
