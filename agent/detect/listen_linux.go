package detect

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// quietLine is a serial port that was opened for reading alone.
type quietLine struct {
	*os.File
	fd     int
	before unix.Termios
}

// openQuiet opens a port for reading. The system would echo what comes, as on a console, until echo is switched off: that is the first that is done.
func openQuiet(path string) (*quietLine, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be opened for reading: %w", path, err)
	}
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s is no serial port: %w", path, err), unix.Close(fd))
	}
	q := &quietLine{fd: fd, before: *before}
	if err := q.rate(9600); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	q.File = os.NewFile(uintptr(fd), path)
	return q, nil
}

// rate sets 8 bits, no parity, no flow control and a rate; no byte is changed, echoed or answered by the system.
func (q *quietLine) rate(baud int) error {
	speed, ok := speedOf(baud)
	if !ok {
		return fmt.Errorf("%d baud is not a rate that can be listened at", baud)
	}
	t := q.before
	t.Iflag = unix.IGNBRK | unix.IGNPAR
	t.Oflag, t.Lflag = 0, 0
	t.Cflag = t.Cflag&^(unix.CBAUD|unix.CSIZE|unix.PARENB|unix.CSTOPB|unix.CRTSCTS) | speed | unix.CS8 | unix.CREAD | unix.CLOCAL
	t.Ispeed, t.Ospeed = speed, speed
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(q.fd, unix.TCSETS, &t); err != nil {
		return fmt.Errorf("the port does not take %d baud: %w", baud, err)
	}
	return nil
}

// Close gives the port its settings back, but for echo and its kin: what still comes must not be answered.
func (q *quietLine) Close() error {
	q.before.Lflag &^= unix.ECHO | unix.ECHONL | unix.ECHOE | unix.ECHOK | unix.ICANON | unix.ISIG
	return errors.Join(unix.IoctlSetTermios(q.fd, unix.TCSETS, &q.before), q.File.Close())
}

func speedOf(baud int) (uint32, bool) {
	switch baud {
	case 1200:
		return unix.B1200, true
	case 2400:
		return unix.B2400, true
	case 4800:
		return unix.B4800, true
	case 9600:
		return unix.B9600, true
	case 19200:
		return unix.B19200, true
	case 38400:
		return unix.B38400, true
	case 57600:
		return unix.B57600, true
	case 115200:
		return unix.B115200, true
	}
	return 0, false
}
