package serialport

import (
	"bytes"
	"errors"
	"fmt"

	"go.bug.st/serial"
)

// readChunk is how much one read of the library may bring.
const readChunk = 4096

// readAll is the reader goroutine: it moves bytes from the library to the inbox until the port is down.
func (p *Port) readAll() error {
	buf := make([]byte, readChunk)
	for {
		select {
		case <-p.down:
			return nil
		default:
		}
		n, err := p.raw.Read(buf)
		damaged := p.receive(buf[:n])
		clear(buf[:n]) // card data may pass, and must not stay
		if damaged != nil {
			return damaged
		}
		if err != nil {
			return gone(err)
		}
	}
}

// receive puts bytes where Read finds them. Nothing at all is a tick.
func (p *Port) receive(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	good := b
	if p.parity {
		good, _, _ = bytes.Cut(b, []byte{0})
	}
	p.counters.received(len(b), len(b)-len(good)) // before anybody can have read them
	p.counters.received(0, p.state.put(good))
	if len(good) < len(b) {
		return ErrParity
	}
	return nil
}

// gone translates an error of the library: while the port is open here, a "closed" port is one whose other end is gone.
func gone(err error) error {
	if pe := (*serial.PortError)(nil); errors.As(err, &pe) && pe.Code() == serial.PortClosed {
		return ErrUnplugged
	}
	return fmt.Errorf("%w: %w", ErrUnplugged, err)
}

// guarded turns a panic into an error: the library indexes past its descriptor set when the process has more than 1,023 files open.
func guarded(run func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: the serial library failed: %v", ErrUnplugged, r)
		}
	}()
	return run()
}
