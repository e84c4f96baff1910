package zvtsim

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

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

func TestRefund(t *testing.T) {
	for _, stream := range []bool{false, true} {
		play(t, Options{Stream: stream, Password: 123456}, func(c *till) {
			c.says("06 31 0D 12 34 56 04 00 00 00 00 02 00 49 09 78")
			c.expects("84 6B 00")
			c.says("06 00 06 12 34 56 08 09 78")
			c.expects("80 00 00")
			c.expects("06 0F")
			c.sellsWith("04 FF 01 0A", "04 FF 01 0E")
			for _, x := range [][2]string{
				{"06 31 03 00 00 00", "84 37 00"}, {"06 31 03 12 34 56", "84 83 00"}, {"06 31 0A 12 34 56 04 00 00 00 00 00 00", "84 C8 00"},
				{"06 31 0D 12 34 56 04 00 00 00 00 02 00 49 08 40", "84 6F 00"}, {"06 31 00", "84 37 00"},
			} {
				c.says(x[0])
				c.expects(x[1])
			}
			c.says("06 31 0D 12 34 56 04 00 00 00 00 02 00 49 09 78")
			c.expects("80 00 00")
			c.expects("04 FF 01 0A")
			c.expects("04 FF 01 0E")
			fields := c.result()
			c.holds(1, 1023)
			for bmp, want := range map[codec.BMP]uint64{codec.Amount: 200, codec.CurrencyCode: 978, codec.Trace: 2, codec.ReceiptNo: 2} {
				if n, ok := fields.Number(bmp); !ok || n != want {
					t.Errorf("BMP %02x is %d, want %d", byte(bmp), n, want)
				}
			}
			if _, ok := fields.Find(codec.OriginalTrace); ok {
				t.Error("a refund names a payment")
			}
			c.says("80 00 00")
			c.expects("06 0F 02 27 00")
			c.holds(1, 823)
			c.says("06 30 06 12 34 56 87 00 02") // a refund is not taken back
			c.expects("80 00 00")
			c.expects("04 0F")
			c.expects("06 1E 01 B5")
			if last, ok := c.pt.Memory().Last(); !ok || last.Kind != Refund || last.Trace != 2 {
				t.Errorf("last %+v", last)
			}
		})
	}
	play(t, Options{NoRefunds: true}, func(c *till) {
		c.registers("00")
		c.says("06 31 0A 00 00 00 04 00 00 00 00 02 00")
		c.expects("84 83 00")
	})
}

// sellsWith sells one payment that shows these states.
func (c *till) sellsWith(shown ...string) {
	c.t.Helper()
	c.pays()
	for _, s := range shown {
		c.expects(s)
	}
	c.expects("04 0F")
	c.expects("06 0F")
}

// TestGoldenTotals pins the 04 0F of an end of day: trace 4, receipts 1 to 3, Visa 2 over 20.46 less 1.00.
func TestGoldenTotals(t *testing.T) {
	play(t, Options{Stream: true}, func(c *till) {
		c.registers("00")
		c.sells()
		c.sells()
		c.says("06 31 0A 00 00 00 04 00 00 00 00 01 00")
		c.expects("80 00 00")
		c.expects("04 0F")
		c.expects("06 0F")
		c.says("06 50 03 00 00 00")
		c.expects("80 00 00")
		m := c.hears() // in the bubble it is midnight of 1 January 2000, UTC, and some hundred milliseconds
		now := time.Now().Local()
		clock, _ := codec.BCD(uint64(now.Hour()*10000+now.Minute()*100+now.Second()), 3)
		date, _ := codec.BCD(uint64(int(now.Month())*100+now.Day()), 2)
		want := "27 00 04 00 00 00 00 19 46 49 09 78 0B 00 00 04 0C" + hexString(clock) + "0D" + hexString(date) + "60 F0 F5 F3 00 01 00 03" +
			strings.Repeat("00", 4*7) + "02 00 00 00 00 19 46" + strings.Repeat("00", 2*7)
		if !m.Is(0x04, 0x0F) || !bytes.Equal(m.Data, unhex(want)) {
			t.Errorf("% x\nwant % x", m.Data, unhex(want))
		}
		c.says("80 00 00")
		c.expects("06 0F 02 27 00")
	})
}

// TestSlipOfAnEndOfDay is printed through the till where it prints such.
func TestSlipOfAnEndOfDay(t *testing.T) {
	play(t, Options{}, func(c *till) {
		c.registers("84")
		c.says("06 50 03 00 00 00")
		c.expects("80 00 00")
		c.result()
		c.says("80 00 00")
		for m := c.expects("06 D1"); m.Data[0] != 0x81; m = c.expects("06 D1") {
			if text := codec.Text(m.Data[1:]); strings.Contains(text, "Summe") && text != "Summe 0.00 EUR" {
				t.Error(text)
			}
		}
		c.expects("06 0F")
	})
}

// TestLateReversal cuts the line before the answer: the payment is told as the last one for 30 s, also over a refusal to reverse it.
func TestLateReversal(t *testing.T) {
	var told []Moment
	play(t, Options{ReverseLate: true}, func(c *till) {
		c.registers("00")
		c.pays()
		c.result()
		c.pt.Observe(func(e Event) {
			if e.Kind == Payment {
				told = append(told, e.Moment)
			}
		})
		c.unplug()
		c.plug()
		for range 2 {
			c.says("05 01 00")
			c.expects("80 00 00")
			c.expects("06 0F")
			c.says("06 20 05 00 00 00 03 03")
			c.expects("80 00 00")
			c.expects("04 0F")
			c.expects("06 0F 00")
			time.Sleep(14 * time.Second)
		}
		c.says("06 30 06 00 00 00 87 00 01")
		c.expects("80 00 00")
		c.expects("04 0F")
		c.expects("06 1E 01 B5")
		c.holds(0, 0)
		time.Sleep(3 * time.Second) // at 30 s it is taken back
		c.says("06 20 05 00 00 00 03 03")
		c.expects("80 00 00")
		c.expects("06 1E 01 64")
		c.holds(0, 0)
	})
	if !slices.Equal(told, []Moment{Doomed, Reversed}) {
		t.Errorf("told %v", told)
	}
}

// TestPowerLossInALateReversal takes the money back when the terminal is switched on again.
func TestPowerLossInALateReversal(t *testing.T) {
	play(t, Options{ReverseLate: true}, func(c *till) {
		c.registers("00")
		c.pays()
		c.result()
		c.unplug()
		if err := c.pt.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if m, err := Load(c.pt.options.Path); err != nil || !m.Transactions[0].Doomed || !m.Transactions[0].Open {
			t.Errorf("without power: %+v, %v", m.Transactions, err)
		}
		again, err := New(c.pt.options)
		if err != nil {
			t.Fatal(err)
		}
		c.pt = again
		c.plug()
		if tx := again.Memory().Transactions[0]; !tx.Reversed || tx.Open || tx.Doomed {
			t.Errorf("%+v", tx)
		}
	})
}
