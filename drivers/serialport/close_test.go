//go:build linux || darwin

package serialport

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestBlockedWriteMakesThePortStuck(t *testing.T) {
	_, name := device(t)
	p := open(t, name, line8N2())
	_ = p.SetWriteDeadline(time.Now().Add(150 * time.Millisecond))
	n, err := p.Write(make([]byte, 1<<20))
	if n >= 1<<20 || !errors.Is(err, ErrStuck) || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("Write: %d, %v", n, err)
	}
	_ = p.SetWriteDeadline(time.Time{})
	if n, err := p.Write([]byte("x")); n != 0 || !errors.Is(err, ErrStuck) {
		t.Errorf("Write again: %d, %v", n, err)
	}
	if _, err := p.Read(make([]byte, 1)); !errors.Is(err, ErrStuck) || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a stuck port must not look like a read that may be tried again: %v", err)
	}
	if s := p.Stats(); s.StuckWrites != 1 || s.LastError == "" {
		t.Errorf("stats %+v", s)
	}
}

func TestWriteAfterItsDeadlineSendsNothing(t *testing.T) {
	master, name := device(t)
	p := open(t, name, line8N2())
	_ = p.SetWriteDeadline(time.Now())
	if n, err := p.Write([]byte("a")); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, ErrStuck) {
		t.Errorf("Write: %d, %v", n, err)
	}
	_ = p.SetWriteDeadline(time.Time{})
	if _, err := p.Write([]byte("b")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	if n, err := master.Read(got); string(got[:n]) != "b" || err != nil {
		t.Errorf("the device received %q, %v", got[:n], err)
	}
}

// bait opens files until the process has used up every number that the port may have freed. Bytes that a late write sends to a
// reused descriptor land in one of them.
func bait(t *testing.T) (stolen func() int64) {
	t.Helper()
	var files []*os.File
	for range 20 {
		f, err := os.CreateTemp(t.TempDir(), "journal")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		files = append(files, f)
	}
	return func() (n int64) {
		for _, f := range files {
			info, err := f.Stat()
			if err != nil {
				t.Fatal(err)
			}
			n += info.Size()
		}
		return n
	}
}

func TestNothingIsWrittenAfterClose(t *testing.T) {
	_, name := device(t)
	p := open(t, name, line8N2())
	within(t, closeLimit/2, "Close of an idle port", func() { _ = p.Close() })
	stolen := bait(t)
	n, err := p.Write([]byte("money"))
	if n != 0 || !errors.Is(err, os.ErrClosed) {
		t.Errorf("Write: %d, %v", n, err)
	}
	if _, err := p.Read(make([]byte, 1)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Read: %v", err)
	}
	if stolen() != 0 {
		t.Error("bytes landed in another file")
	}
	if err := p.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
}

// openHere says whether this process has a descriptor of the device. Where the system does not tell, it is taken as true.
func openHere(t *testing.T, name string) bool {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return true
	}
	for _, e := range entries {
		if target, err := os.Readlink(filepath.Join("/proc/self/fd", e.Name())); err == nil && target == name {
			return true
		}
	}
	return false
}

func TestCloseDuringBlockedWriteKeepsTheDescriptor(t *testing.T) {
	master, name := device(t)
	p := open(t, name, line8N2())
	result := make(chan error, 1)
	go func() {
		_, err := p.Write(bytes.Repeat([]byte{'m'}, 1<<20))
		result <- err
	}()
	last, since := uint64(0), time.Now()
	eventually(t, "the write is blocked", func() bool {
		if now := p.Stats().BytesOut; now != last {
			last, since = now, time.Now()
		}
		return last > 0 && time.Since(since) > 100*time.Millisecond
	})
	within(t, 4*closeLimit, "Close", func() { _ = p.Close() })
	if err := <-result; !errors.Is(err, os.ErrClosed) {
		t.Errorf("Write: %v", err)
	}
	if s := p.Stats(); s.Leaked != 1 {
		t.Errorf("stats %+v", s)
	}
	if !openHere(t, name) {
		t.Error("the descriptor was closed under a running write")
	}
	stolen := bait(t)
	again := open(t, name, line8N2()) // the lock is given back although the descriptor is not
	_ = again.Close()
	_ = master.Close() // ends the write that was stuck
	within(t, time.Second, "giving up the descriptor", func() { <-p.ended })
	if stolen() != 0 {
		t.Error("bytes landed in another file")
	}
}

func TestCloseFreesAWaitingRead(t *testing.T) {
	_, name := device(t)
	p := open(t, name, line8N2())
	go p.Close()
	within(t, time.Second, "the read", func() {
		if _, err := p.Read(make([]byte, 1)); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Read: %v", err)
		}
	})
	if err := p.SetReadDeadline(time.Now()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("SetReadDeadline: %v", err)
	}
}
