//go:build linux || darwin

package serialport

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func line8N2() drivers.Line {
	return drivers.Line{Baud: 9600, DataBits: 8, Parity: drivers.NoParity, StopBits: 2}
}

func line7E1() drivers.Line {
	return drivers.Line{Baud: 9600, DataBits: 7, Parity: drivers.EvenParity, StopBits: 1}
}

// device is the other end of a line: a pseudo-terminal's master, and the name by which the port opens its slave.
func device(t *testing.T) (*os.File, string) {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	name := slave.Name()
	t.Cleanup(func() { _ = master.Close() })
	if err := slave.Close(); err != nil {
		t.Fatal(err)
	}
	return master, name
}

func open(t *testing.T, name string, line drivers.Line) *Port {
	t.Helper()
	p, err := Open(name, line)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func within(t *testing.T, limit time.Duration, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(limit):
		t.Fatalf("%s took longer than %s", what, limit)
	}
}

// eventually polls for what the system's own buffers do in their own time.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	within(t, 5*time.Second, what, func() {
		for !done() && !t.Failed() {
			runtime.Gosched()
		}
	})
}

func TestBytesPassBothWays(t *testing.T) {
	master, name := device(t)
	p := open(t, name, line8N2())
	all := make([]byte, 256) // every value, so that a control character with a meaning to the system would show
	for i := range all {
		all[i] = byte(i)
	}
	got := make([]byte, len(all))
	if n, err := p.Write(all); n != len(all) || err != nil {
		t.Fatalf("Write: %d, %v", n, err)
	}
	if _, err := io.ReadFull(master, got); err != nil || !bytes.Equal(got, all) {
		t.Fatalf("the device received %x, %v", got, err)
	}
	if _, err := master.Write(all); err != nil {
		t.Fatal(err)
	}
	clear(got)
	if _, err := io.ReadFull(p, got); err != nil || !bytes.Equal(got, all) {
		t.Fatalf("the port received %x, %v", got, err)
	}
	if s := p.Stats(); s != (Stats{BytesIn: 256, BytesOut: 256}) {
		t.Errorf("stats %+v", s)
	}
}

func TestReadDeadlinePassesAndPortStaysUsable(t *testing.T) {
	master, name := device(t)
	p := open(t, name, line8N2())
	buf := make([]byte, 8)
	for _, wait := range []time.Duration{-time.Second, 0, time.Millisecond, 120 * time.Millisecond} {
		_ = p.SetReadDeadline(time.Now().Add(wait))
		before := time.Now()
		n, err := p.Read(buf)
		if n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(before) < wait {
			t.Errorf("deadline in %s: %d, %v after %s", wait, n, err, time.Since(before))
		}
	}
	_ = p.SetReadDeadline(time.Time{})
	if _, err := master.WriteString("ok"); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Read(buf); string(buf[:n]) != "ok" || err != nil {
		t.Errorf("after the deadlines: %q, %v", buf[:n], err)
	}
}

func TestDeadlineMovesForAWaitingRead(t *testing.T) {
	_, name := device(t)
	p := open(t, name, line8N2())
	go func() { _ = p.SetReadDeadline(time.Now()) }()
	within(t, time.Second, "the read", func() {
		if _, err := p.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read: %v", err)
		}
	})
}

func TestSplitAndGluedInput(t *testing.T) {
	master, name := device(t)
	p := open(t, name, line8N2())
	want := bytes.Repeat([]byte{0x10, 0x02, 0x06, 0x00, 0x10, 0x03}, 500)
	go func() {
		for rest, n := want, 1; len(rest) > 0; n = n*3 + 1 {
			n = min(n, len(rest), 700)
			_, _ = master.Write(rest[:n])
			rest = rest[n:]
		}
	}()
	got := make([]byte, 0, len(want))
	for one := make([]byte, 7); len(got) < len(want); {
		_ = p.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, err := p.Read(one)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, one[:n]...)
	}
	if !bytes.Equal(got, want) {
		t.Error("bytes changed their order or value")
	}
}

func TestPendingInputIsDroppedAtOpen(t *testing.T) {
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer slave.Close()
	if _, err := master.WriteString("old\n"); err != nil {
		t.Fatal(err)
	}
	p := open(t, slave.Name(), line8N2())
	_ = p.SetReadDeadline(time.Now().Add(3 * readTick))
	if n, err := p.Read(make([]byte, 8)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read %d bytes that were sent before the port was opened, %v", n, err)
	}
}

func TestUnplugIsSeenAndSticks(t *testing.T) {
	master, name := device(t)
	p := open(t, name, line8N2())
	go master.Close()
	within(t, time.Second, "seeing the unplug", func() {
		if _, err := p.Read(make([]byte, 1)); !errors.Is(err, ErrUnplugged) {
			t.Errorf("Read: %v", err)
		}
	})
	_ = p.SetReadDeadline(time.Now().Add(time.Hour))
	if _, err := p.Read(make([]byte, 1)); !errors.Is(err, ErrUnplugged) {
		t.Errorf("Read again: %v", err)
	}
	if n, err := p.Write([]byte("x")); n != 0 || !errors.Is(err, ErrUnplugged) {
		t.Errorf("Write: %d, %v", n, err)
	}
	if s := p.Stats(); !strings.Contains(s.LastError, "gone") {
		t.Errorf("stats %+v", s)
	}
	within(t, closeLimit/2, "Close", func() { _ = p.Close() })
}

func TestUnplugIsSeenByAPortThatNobodyReads(t *testing.T) {
	master, name := device(t)
	p := open(t, name, line8N2())
	flood := bytes.Repeat([]byte{'x'}, inboxSize+1000)
	if _, err := master.Write(flood); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the flood arrives", func() bool { return p.Stats().BytesIn == uint64(len(flood)) })
	if s := p.Stats(); s.Dropped != 1000 {
		t.Errorf("stats %+v", s)
	}
	_ = master.Close()
	within(t, time.Second, "seeing the unplug", func() { <-p.ended })
	if n, err := io.Copy(io.Discard, p); n != inboxSize || !errors.Is(err, ErrUnplugged) {
		t.Errorf("what had come is delivered before the fault: %d bytes, %v", n, err)
	}
}

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

// bait opens files until the process has used up every number that the port may have freed. Bytes that a late write sends to a reused
// descriptor land in one of them.
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

func TestReopenUnderANewName(t *testing.T) {
	link := filepath.Join(t.TempDir(), "usb-terminal")
	for _, word := range []string{"first", "second"} {
		master, name := device(t)
		_ = os.Remove(link)
		if err := os.Symlink(name, link); err != nil {
			t.Fatal(err)
		}
		p := open(t, link, line8N2())
		if p.Device() != name {
			t.Errorf("opened %s, want %s", p.Device(), name)
		}
		if _, err := master.WriteString(word); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(word))
		if _, err := io.ReadFull(p, got); err != nil || string(got) != word {
			t.Errorf("read %q, %v", got, err)
		}
		_ = master.Close()
		_ = p.Close()
	}
}

func TestDoubleOpenIsRefused(t *testing.T) {
	_, name := device(t)
	link := filepath.Join(t.TempDir(), "other-name")
	if err := os.Symlink(name, link); err != nil {
		t.Fatal(err)
	}
	p := open(t, name, line8N2())
	_, err := Open(link, line8N2())
	var e *pos.Error
	if !errors.As(err, &e) || e.Code != "device_unavailable" || e.Retry != pos.Transient || e.Money != pos.NoneMoved {
		t.Fatalf("second Open: %v", err)
	}
	if !strings.Contains(e.Text, filepath.Base(os.Args[0])) || e.Next == "" {
		t.Errorf("the error does not say who holds the port: %q", e.Text)
	}
	_ = p.Close()
	open(t, link, line8N2())
}

func TestParityErrorSticks(t *testing.T) {
	master, name := device(t)
	p := open(t, name, line7E1())
	if _, err := master.Write([]byte{'a', 'b', 0, 'c'}); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(p)
	if string(got) != "ab" || !errors.Is(err, ErrParity) {
		t.Errorf("read %q, %v", got, err)
	}
	if s := p.Stats(); s.Dropped != 2 {
		t.Errorf("stats %+v", s)
	}
}

func TestZeroIsDataWithoutParity(t *testing.T) {
	master, name := device(t)
	p := open(t, name, line8N2())
	if _, err := master.Write([]byte{0}); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Read(make([]byte, 4)); n != 1 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, name := device(t)
	for _, c := range []struct {
		path  string
		line  drivers.Line
		retry pos.Retry
		text  string
	}{
		{filepath.Join(t.TempDir(), "none"), line8N2(), pos.Transient, "no serial device"},
		{file, line8N2(), pos.Transient, "not a serial device"},
		{name, drivers.Line{}, pos.Permanent, "no serial line has 0 baud"},
		{name, drivers.Line{Baud: 9600, DataBits: 8, Parity: "mark", StopBits: 1}, pos.Permanent, "parity \"mark\""},
		{name, drivers.Line{Baud: 9600, DataBits: 8, Parity: drivers.OddParity, StopBits: 3}, pos.Permanent, "3 stop bits"},
	} {
		_, err := Open(c.path, c.line)
		var e *pos.Error
		if !errors.As(err, &e) || e.Code != codeUnavailable || e.Retry != c.retry || e.Money != pos.NoneMoved || e.Next == "" ||
			!strings.Contains(e.Text, c.text) {
			t.Errorf("Open(%s, %+v): %v", c.path, c.line, err)
		}
	}
}

func TestManyOpenFilesFailCleanly(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < 1200 {
		t.Skipf("needs 1,200 open files, this user may have %d", limit.Cur)
	}
	_, name := device(t)
	for range 1100 {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
	}
	p, err := Open(name, line8N2())
	if err != nil {
		return // refusing is clean too
	}
	defer p.Close()
	if _, err := p.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read: %v", err)
	}
}
