//go:build !linux && !darwin

package live

import (
	"errors"
	"io"

	"github.com/tillproof/tillproof/drivers"
)

// connectSerial needs pseudo-terminals.
func connectSerial(drivers.Line) (drivers.Conn, io.ReadWriteCloser, error) {
	return nil, nil, errors.New("this system has no pseudo-terminals")
}
