package drivertest

import (
	"bytes"
	"io"

	"github.com/tillproof/tillproof/drivers"
)

// tap is the till's end of a wire that counts its bytes and can be lost behind any of them.
type tap struct {
	drivers.Conn
	passed [2]int // bytes in each direction since it was armed
	armed  bool
	way    int // the direction that is counted
	limit  int // bytes of it that still pass
	fault  Fault
	lost   [2]bool            // by direction
	wrote  func(frame []byte) // is shown what the till writes, before the device has it; may be nil
}

// The directions, seen from the till.
const (
	inward = iota
	outward
)

func newTap(conn drivers.Conn) *tap { return &tap{Conn: conn} }

// arm begins to count, and loses the wire behind so many more bytes of a direction.
func (c *tap) arm(way, limit int, fault Fault) {
	c.passed, c.armed, c.way, c.limit, c.fault = [2]int{}, true, way, limit, fault
}

// count takes n bytes that want to pass and says how many do.
func (c *tap) count(way, n int) int {
	if c.armed && c.way == way && c.fault != NoFault {
		n = min(n, c.limit-c.passed[way])
	}
	c.passed[way] += n
	return n
}

// over says whether the wire is lost before the next byte of a direction, and unplugs it where that is the fault.
func (c *tap) over(way int) bool {
	if c.armed && c.fault != NoFault && c.way == way && c.passed[way] >= c.limit {
		c.lost[way] = true
		c.lost[1-way] = c.lost[1-way] || c.fault != OneWay
		if c.fault == Unplug {
			_ = c.Close()
		}
	}
	return c.lost[way]
}

// Waiting implements [drivers.Peeker].
func (c *tap) Waiting() bool {
	return (!c.lost[inward] || c.fault == Unplug) && drivers.Waiting(c.Conn)
}

// Read implements [drivers.Conn]. What comes over a lost wire is nobody's.
func (c *tap) Read(b []byte) (int, error) {
	for {
		lost := c.over(inward)
		if !lost && c.armed && c.way == inward && c.fault != NoFault {
			b = b[:min(len(b), c.limit-c.passed[inward])]
		}
		n, err := c.Conn.Read(b)
		if lost && c.fault == Unplug {
			return 0, io.EOF
		}
		if !lost || err != nil {
			return c.count(inward, n), err
		}
	}
}

// Write implements [drivers.Conn].
func (c *tap) Write(b []byte) (int, error) {
	if c.armed && c.wrote != nil {
		c.wrote(bytes.Clone(b))
	}
	if c.over(outward) {
		return c.swallow(b, 0)
	}
	n := c.count(outward, len(b))
	if n == 0 {
		return c.swallow(b, 0)
	}
	if wrote, err := c.Conn.Write(b[:n]); err != nil || n == len(b) {
		return wrote, err
	}
	c.over(outward)
	return c.swallow(b, n)
}

// swallow is the end of a write on a lost wire: a muted one takes everything.
func (c *tap) swallow(b []byte, n int) (int, error) {
	if c.fault == Unplug {
		return n, io.ErrClosedPipe
	}
	return len(b), nil
}
