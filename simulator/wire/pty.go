//go:build linux || darwin

package wire

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// shareTick is how often a waiting Read makes the line free for the next opener.
const shareTick = 100 * time.Millisecond

// PTY is a pseudo-terminal in raw mode: the device reads and writes it, and the till opens Path as a serial port.
//
// The till's end is kept open here too, so that a till that is killed does not hang the line up, as with a real cable. Close is
// what unplugs. One goroutine may read and one may write.
type PTY struct {
	master, slave *os.File
	mu            sync.Mutex
	linked        string // the symbolic link to remove, empty when there is none
}

// OpenPTY makes a pseudo-terminal.
func OpenPTY() (*PTY, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, err
	}
	p := &PTY{master: master, slave: slave}
	if err := errors.Join(control(slave, makeRaw), control(master, nonBlocking)); err != nil {
		_ = p.Close()
		return nil, err
	}
	return p, nil
}

// Path is the till's end.
func (p *PTY) Path() string { return p.slave.Name() }

// link makes a symbolic link to Path, in one step even when an old one stands there.
func (p *PTY) link(path string) error {
	next := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".next")
	_ = os.Remove(next)
	if err := os.Symlink(p.Path(), next); err != nil {
		return err
	}
	if err := os.Rename(next, path); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.linked = path
	return nil
}

// Read waits for bytes from the till.
func (p *PTY) Read(b []byte) (int, error) {
	for {
		if err := p.master.SetReadDeadline(time.Now().Add(shareTick)); err != nil {
			return 0, err
		}
		n, err := p.master.Read(b)
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		_ = control(p.slave, share)
	}
}

// Write sends bytes to the till. It blocks while nobody reads there and the system's buffer is full, until Close.
func (p *PTY) Write(b []byte) (int, error) { return p.master.Write(b) }

// Close unplugs the device: the till's end reports the hang-up, and the link is gone.
func (p *PTY) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.linked != "" {
		p.unlink()
	}
	return errors.Join(p.master.Close(), p.slave.Close())
}

// unlink removes the link if it is still ours: the device may have been plugged in again already.
func (p *PTY) unlink() {
	if target, err := os.Readlink(p.linked); err == nil && target == p.slave.Name() {
		_ = os.Remove(p.linked)
	}
	p.linked = ""
}

// control runs a system call on a file.
func control(file *os.File, call func(fd int) error) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = call(int(fd)) }); err != nil {
		return err
	}
	return failed
}

// nonBlocking gives the file back to the runtime's poller, without which a read has no deadline and Close does not free it: making
// the pseudo-terminal has taken it out.
func nonBlocking(fd int) error { return unix.SetNonblock(fd, true) }

// share lifts the exclusive use that a serial library asks for. It would outlive a killed till, since the line stays open here, and
// keep the till's next start out unless that is root.
func share(fd int) error { return unix.IoctlSetInt(fd, unix.TIOCNXCL, 0) }

// makeRaw takes the system's own handling of lines, echo and signals off, as on a serial line.
func makeRaw(fd int) error {
	t, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return err
	}
	t.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	t.Oflag &^= unix.OPOST
	t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	return unix.IoctlSetTermios(fd, setTermios, t)
}
