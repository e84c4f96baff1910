package serialport

import (
	"errors"
	"os"
	"testing"

	"go.bug.st/serial"

	"github.com/tillproof/tillproof/drivers"
)

// slowPort is the library's port with a write that is on its way until the test lets it go on.
type slowPort struct {
	serial.Port
	started, release, closed chan struct{}
}

func (s *slowPort) Write(b []byte) (int, error) {
	close(s.started)
	<-s.release
	return len(b), nil
}

func (s *slowPort) Read([]byte) (int, error) {
	<-s.closed
	return 0, os.ErrClosed
}

func (s *slowPort) Close() error { return nil }

// A cable that is pulled while a command is on its way must not be taken for a command that nobody saw: the till would call the sale cancelled.
func TestBytesOnTheirWayAreNotCalledUnsent(t *testing.T) {
	raw := &slowPort{started: make(chan struct{}), release: make(chan struct{}), closed: make(chan struct{})}
	lock, err := acquire(t.TempDir() + "/device")
	if err != nil {
		t.Fatal(err)
	}
	p := start(raw, "device", drivers.Line{Baud: 9600, DataBits: 8, Parity: drivers.NoParity, StopBits: 2}, lock)
	type outcome struct {
		n   int
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		n, err := p.Write([]byte("06 01"))
		done <- outcome{n, err}
	}()
	<-raw.started
	p.fail(ErrUnplugged)
	if got := <-done; got.n == 0 || !errors.Is(got.err, ErrUnplugged) {
		t.Errorf("%d bytes and %v: the device may have received the command", got.n, got.err)
	}
	if n, err := p.Write([]byte("06 01")); n != 0 || !errors.Is(err, ErrUnplugged) {
		t.Errorf("after the fault: %d, %v", n, err)
	}
	close(raw.closed)
	close(raw.release)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
