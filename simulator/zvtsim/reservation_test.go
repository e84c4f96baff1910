package zvtsim

import (
	"fmt"
	"testing"
)

// TestS10Reservations books one of four reservations with a smaller amount, reverses one, and finds the open ones before the end of day.
func TestS10Reservations(t *testing.T) {
	play(t, Options{}, func(c *till) {
		c.registers("00")
		reserves := func(command string) {
			t.Helper()
			c.says(command)
			c.expects("80 00 00")
			c.result()
			c.says("80 00 00")
			c.expects("06 0F")
		}
		for range 4 {
			reserves("06 22 0A 04 00 00 00 00 10 00 49 09 78")
		}
		c.holds(0, 0)
		c.says("06 24 0A 87 00 01 04 00 00 00 00 10 01")
		c.expects("84 B7 00") // more than was reserved
		reserves("06 24 0A 87 00 01 04 00 00 00 00 07 50")
		c.holds(1, 750)
		c.says("06 24 0A 87 00 01 04 00 00 00 00 07 50")
		c.expects("84 B8 00") // booked already
		reserves("06 25 03 87 00 02")
		c.holds(1, 750)
		c.says("06 50 03 00 00 00")
		c.expects("80 00 00")
		c.expects("04 0F")
		c.expects("06 1E 01 B8")
		for _, receipt := range []string{"00 03", "00 04"} {
			c.says("06 23 03 87 FF FF")
			c.expects("80 00 00")
			c.expects("06 1E 04 B8 87" + receipt)
			reserves(fmt.Sprintf("06 25 03 87 %s", receipt))
		}
		c.says("06 23 03 87 FF FF")
		c.expects("80 00 00")
		c.expects("06 1E 04 B8 87 FF FF")
		c.says("06 50 03 00 00 00")
		c.expects("80 00 00")
		c.result()
		c.says("80 00 00")
		c.expects("06 0F")
		if m := c.pt.Memory(); len(m.Settlements) != 1 || m.Settlements[0].Amount != 750 {
			t.Errorf("settlements %+v", m.Settlements)
		}
	})
}
