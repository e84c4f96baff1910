//go:build linux || darwin

package live

import (
	"io"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/serialport"
	"github.com/tillproof/tillproof/simulator/wire"
)

// namesInUse is how many pseudo-terminals may bear the name of one that the till of another sale has not closed yet: the system gives a name to the next one as
// soon as the device's end is gone.
const namesInUse = 16

// connectSerial opens a pseudo-terminal as a till opens its serial port.
func connectSerial(line drivers.Line) (drivers.Conn, io.ReadWriteCloser, error) {
	for n := 1; ; n++ {
		device, err := wire.OpenPTY()
		if err != nil {
			return nil, nil, err
		}
		till, err := serialport.Open(device.Path(), line)
		if err == nil {
			return till, device, nil
		}
		defer device.Close() // its name is taken until another one is found
		if n == namesInUse {
			return nil, nil, err
		}
	}
}
