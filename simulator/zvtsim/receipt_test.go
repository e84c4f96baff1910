package zvtsim

import (
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

func TestReceiptsLineByLine(t *testing.T) {
	play(t, Options{}, func(c *till) {
		c.registers("82")
		c.pt.Next(Card{Contactless: true, Brand: "girocard", Tip: 100})
		c.pays()
		c.result()
		c.says("80 00 00")
		last := 0
		var all []string
		for last < 2 {
			m := c.expects("06 D1")
			if last == 0 {
				c.holds(0, 0)
			}
			all = append(all, codec.Text(m.Data[1:]))
			if m.Data[0] == 0x81 {
				last++
			}
		}
		text := strings.Join(all, "\n")
		for _, want := range []string{"Kundenbeleg", "Haendlerbeleg", "girocard Kontaktlos", "11.23 EUR", "############1111"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in\n%s", want, text)
			}
		}
		c.expects("06 0F")
		c.holds(1, 1123)
	})
}

func TestReceiptsAsBlocks(t *testing.T) {
	play(t, Options{}, func(c *till) {
		c.says("06 00 10 00 00 00 BE 09 78 03 01 06 06 26 04 0A 02 06 D3")
		c.expects("80 00 00")
		c.expects("06 0F")
		c.pt.Next(Card{Do: OfflineApprove})
		c.pays()
		fields := c.result()
		if online, ok := fields.TLV().Byte(codec.TagOnline); !ok || online != 0 {
			t.Errorf("1F11 is %d, %v", online, ok)
		}
		c.says("80 00 00")
		for _, reader := range []byte{1, 2} {
			m := c.expects("06 D3 FF")
			block, _, _ := codec.ParseFields(m.Data)
			if got, _ := block.TLV().Byte(codec.TagReceiptType); got != reader {
				t.Errorf("receipt type %d, want %d", got, reader)
			}
		}
		c.expects("06 0F")
		c.holds(1, 1023)
	})
}

func TestStrangeResult(t *testing.T) {
	play(t, Options{}, func(c *till) {
		c.registers("00")
		c.pt.Next(Card{Do: Strange})
		c.pays()
		m := c.expects("04 0F")
		if _, rest, err := codec.ParseFields(m.Data); err != nil || len(rest) != 4 || rest[0] != 0x99 {
			t.Errorf("rest % x, %v", rest, err)
		}
		c.expects("06 0F")
		c.holds(1, 1023)
	})
}

func TestContradiction(t *testing.T) {
	play(t, Options{}, func(c *till) {
		c.registers("00")
		c.pt.Next(Card{Do: Contradict})
		c.pays()
		c.expects("04 0F")
		c.expects("06 1E 01 6C")
		c.holds(0, 0)
	})
}
