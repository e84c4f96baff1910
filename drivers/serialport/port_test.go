//go:build linux || darwin

package serialport

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/tillproof/tillproof/drivers"
	"go.uber.org/goleak"
)

// TestMain keeps the lock files apart from those of other processes: the system gives the number of a pseudo-terminal to the next one as soon as its
// master is closed, while a port here may still hold the lock on its name.
func TestMain(m *testing.M) {
	locks, err := os.MkdirTemp("", "locks")
	if err != nil {
		panic(err)
	}
	if err := os.Setenv("TMPDIR", locks); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(locks)
		os.Exit(code)
	}))
}

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
	eventually(t, "the flood arrives and the rest is dropped", func() bool {
		s := p.Stats()
		return s.BytesIn == uint64(len(flood)) && s.Dropped == 1000
	})
	_ = master.Close()
	within(t, time.Second, "seeing the unplug", func() { <-p.ended })
	if n, err := io.Copy(io.Discard, p); n != inboxSize || !errors.Is(err, ErrUnplugged) {
		t.Errorf("what had come is delivered before the fault: %d bytes, %v", n, err)
	}
}
