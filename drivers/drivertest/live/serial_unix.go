//go:build linux || darwin

package live

import (
	"io"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/serialport"
	"github.com/tillproof/tillproof/simulator/wire"
)

// connectSerial opens a pseudo-terminal as a till opens its serial port.
func connectSerial(line drivers.Line) (drivers.Conn, io.ReadWriteCloser, error) {
	device, err := wire.OpenPTY()
	if err != nil {
		return nil, nil, err
	}
	till, err := serialport.Open(device.Path(), line)
	if err != nil {
		device.Close()
		return nil, nil, err
	}
	return till, device, nil
}
