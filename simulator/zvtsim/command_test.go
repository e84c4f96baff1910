package zvtsim

import (
	"testing"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

func TestRefusals(t *testing.T) {
	play(t, Options{}, func(c *till) {
		c.says("06 01 07 04 00 00 00 00 10 23")
		c.expects("84 6B 00")
		for _, x := range [][2]string{
			{"06 00 04 12 34 56 00", "84 37 00"},
			{"06 00 06 00 00 00 00 08 40", "84 1E 03 6F 09 78"},
			{"06 00 02 00 00", "84 83 00"},
			{"06 00 07 00 00 00 00 09 78 49", "84 83 00"},
		} {
			c.says(x[0])
			c.expects(x[1])
		}
		c.registers("00")
		c.pt.Next(Card{Do: Refuse, Code: 0x9C})
		for _, x := range [][2]string{
			{"06 01 07 04 00 00 00 00 10 23", "84 9C 00"},
			{"06 01 07 04 00 00 00 00 00 00", "84 C8 00"},
			{"06 01 00", "84 83 00"},
			{"06 01 0A 04 00 00 00 00 10 23 49 08 40", "84 6F 00"},
			{"06 01 08 04 00 00 00 00 10 23 99", "84 83 00"},
			{"06 77 00", "84 83 00"},
			{"06 20 03 12 34 56", "84 37 00"},
			{"06 20 04 00 00 00 03", "84 83 00"},
			{"06 30 03 12 34 56", "84 37 00"},
			{"06 30 03 00 00 00", "84 83 00"},
			{"06 50 00", "84 37 00"},
			{"06 02 00", "80 00 00"},
			{"06 01 07 04 00 00 00 00 10 23", "84 6B 00"},
		} {
			c.says(x[0])
			c.expects(x[1])
		}
		c.holds(0, 0)
	})
}

// sells one payment.
func (c *till) sells() {
	c.t.Helper()
	c.pays()
	c.expects("04 0F")
	c.expects("06 0F")
}

func TestReversalAndEndOfDay(t *testing.T) {
	play(t, Options{}, func(c *till) {
		c.registers("00")
		c.sells()
		c.sells()
		c.says("06 30 0D 00 00 00 87 00 02 04 00 00 00 00 10 23")
		c.expects("80 00 00")
		fields := c.result()
		if n, _ := fields.Number(codec.OriginalTrace); n != 2 {
			t.Errorf("reverses %d", n)
		}
		c.says("80 00 00")
		c.expects("06 0F")
		c.holds(1, 1023)
		for _, x := range []struct{ receipt, code string }{{"00 02", "B4"}, {"00 09", "B5"}} {
			c.says("06 30 06 00 00 00 87" + x.receipt)
			c.expects("80 00 00")
			c.expects("04 0F")
			c.expects("06 1E 01" + x.code)
		}
		c.says("06 20 03 00 00 00")
		c.expects("80 00 00")
		c.expects("06 0F")
		c.says("06 50 03 00 00 00")
		c.expects("80 00 00")
		sums := c.result()
		total, _ := sums.Number(codec.Amount)
		single, _ := sums.Find(codec.SingleTotals)
		if total != 1023 || len(single) != 53 || single[4+4*7] != 1 {
			t.Errorf("total %d, single totals % x", total, single)
		}
		c.says("80 00 00")
		c.expects("06 0F")
		c.says("06 30 06 00 00 00 87 00 01")
		c.expects("80 00 00")
		c.expects("04 0F")
		c.expects("06 1E 01 B5") // settled
		c.holds(1, 1023)         // totals go on over the end of day
		if m := c.pt.Memory(); len(m.Settlements) != 1 || m.Settlements[0].Amount != 1023 || m.batch().Count != 0 {
			t.Errorf("settlements %+v", m.Settlements)
		}
	})
}

func TestReversalNotAnsweredIsTakenBack(t *testing.T) {
	play(t, Options{}, func(c *till) {
		c.registers("00")
		c.sells()
		c.says("06 30 06 00 00 00 87 00 01")
		c.expects("80 00 00")
		c.result()
		c.unplug()
		c.plug()
		c.holds(1, 1023)
	})
}
