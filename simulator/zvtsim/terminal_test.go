package zvtsim

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// The frames are those of the protocol sheet's worked examples, the answers computed from its rules (CRC-16/KERMIT, low byte
// first).
func TestGoldenRegistration(t *testing.T) {
	play(t, Options{}, func(c *till) {
		c.puts("10 02 06 00 10 10 00 00 00 BE 09 78 03 01 06 06 26 04 0A 02 06 D3 10 03 D7 DE")
		c.gets("06")
		c.gets("10 02 80 00 00 10 03 F5 1F")
		c.puts("06")
		m := c.expects("06 0F 0A 19 00 29 52 50 00 01 49 09 78")
		if len(m.Data) != 10 {
			t.Errorf("completion % x", m.Data)
		}
		if r := c.pt.Memory().Registration; *r != (Registration{Config: 0xBE, TLV: true, Blocks: true}) {
			t.Errorf("registration %+v", r)
		}
	})
}

func TestSaleIsFinalOnceEverythingWasAnswered(t *testing.T) {
	for _, stream := range []bool{false, true} {
		play(t, Options{Stream: stream}, func(c *till) {
			c.registers("08")
			c.pays()
			c.expects("04 FF 01 0A")
			c.expects("04 FF 01 0E")
			fields := c.result()
			c.holds(0, 0)
			if got := c.pt.Memory().Transactions; len(got) != 1 || !got[0].Open {
				t.Errorf("before the answer: %+v", got)
			}
			for bmp, want := range map[codec.BMP]uint64{codec.Amount: 1023, codec.CurrencyCode: 978, codec.Trace: 1, codec.ReceiptNo: 1,
				codec.TerminalID: 52500001} {
				if n, ok := fields.Number(bmp); !ok || n != want {
					t.Errorf("BMP %02x is %d, want %d", byte(bmp), n, want)
				}
			}
			c.says("80 00 00")
			c.expects("06 0F 02 27 00")
			c.holds(1, 1023)
		})
	}
}

func TestSaleIsTakenBack(t *testing.T) {
	for _, x := range []struct {
		name   string
		config string
		answer func(c *till)
	}{
		{"no reply within 30 s", "00", func(c *till) { c.silent(30*time.Second - 1); c.expects("04 0F"); c.expects("06 1E 01 6C") }},
		{"no ACK", "00", func(c *till) { time.Sleep(time.Minute); c.drain() }},
		{"refused", "08", func(c *till) {
			c.says("84 FF 00")
			c.expects("04 FF 01 05")
			c.expects("04 0F")
			c.expects("06 1E 01 6C")
		}},
		{"asked again too often", "00", func(c *till) {
			c.says("84 9C 00")
			c.expects("04 0F")
			c.expects("06 1E 01 6C")
		}},
		{"receipt refused", "82", func(c *till) {
			c.says("80 00 00")
			if m := c.hears(); !m.Is(0x06, 0xD1) {
				c.t.Fatal(name(m))
			}
			c.says("84 CC 00")
			c.expects("04 0F")
			c.expects("06 1E 01 6C")
		}},
		{"receipt not answered", "82", func(c *till) {
			c.says("80 00 00")
			c.hears()
			time.Sleep(time.Second)
			c.unplug()
			c.plug()
		}},
		{"line lost", "00", func(c *till) { c.unplug(); c.plug() }},
	} {
		t.Run(x.name, func(t *testing.T) {
			play(t, Options{}, func(c *till) {
				c.registers(x.config)
				c.pays()
				if x.name == "no ACK" {
					x.answer(c)
				} else {
					c.result()
					x.answer(c)
				}
				c.holds(0, 0)
				if tx := c.pt.Memory().Transactions; len(tx) != 1 || !tx[0].Reversed {
					t.Errorf("transactions %+v", tx)
				}
				if _, ok := c.pt.Memory().Last(); ok {
					t.Error("a transaction that was taken back is the last successful one")
				}
			})
		})
	}
}

// drain reads what a terminal sends that nobody acknowledges.
func (c *till) drain() {
	for buf := make([]byte, 100); ; {
		_ = c.wire.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := c.wire.Read(buf); err != nil {
			return
		}
	}
}

func TestKeepUnacknowledged(t *testing.T) {
	play(t, Options{KeepUnacknowledged: true}, func(c *till) {
		c.registers("00")
		c.pays()
		c.result()
		c.unplug()
		c.plug()
		c.holds(1, 1023)
	})
}

func TestResultIsRepeatedOnRequest(t *testing.T) {
	play(t, Options{}, func(c *till) {
		c.registers("00")
		c.says("06 01 09 04 00 00 00 00 10 23 02 02")
		c.expects("80 00 00")
		c.result()
		c.says("84 9C 00")
		c.result()
		c.says("84 9D 07 04 00 00 00 00 04 00") // only part of the goods was issued
		c.expects("06 0F")
		c.holds(1, 400)
	})
}

func TestUnpaid(t *testing.T) {
	for _, x := range []struct {
		card Card
		code byte
	}{
		{Card{Do: Decline}, 0x05}, {Card{Do: Decline, Code: 0x37}, 0x37}, {Card{Do: CustomerAbort}, 0x6C},
		{Card{Do: HostLost}, 0x9B}, {Card{Do: PINTimeout}, 0x6C},
	} {
		play(t, Options{}, func(c *till) {
			c.registers("00")
			c.pt.Next(x.card)
			c.pays()
			fields := c.result()
			if code, _ := fields.Byte(codec.ResultCode); code != x.code {
				t.Errorf("%s: result %02x", x.card.Do, code)
			}
			c.says("80 00 00")
			if m := c.expects("06 1E 01"); m.Data[0] != x.code {
				t.Errorf("%s: end %02x", x.card.Do, m.Data[0])
			}
			c.holds(0, 0)
		})
	}
}

func TestSlowPINRearmsTheTill(t *testing.T) {
	play(t, Options{}, func(c *till) {
		c.registers("08")
		c.pt.Next(Card{Do: SlowPIN})
		start := time.Now()
		c.pays()
		c.result()
		if d := time.Since(start); d < 4*time.Minute || d > 5*time.Minute {
			t.Errorf("the PIN took %s", d)
		}
		c.says("80 00 00")
		c.expects("06 0F")
	})
}

func TestAbort(t *testing.T) {
	play(t, Options{}, func(c *till) {
		c.registers("00")
		c.says("06 B0 00")
		c.expects("80 00 00") // when nothing runs
		c.pt.Next(Card{After: time.Minute})
		c.pays()
		c.says("06 B0 00")
		c.expects("80 00 00")
		c.result()
		c.says("06 B0 00")
		c.expects("84 83 00") // too late
		c.says("80 00 00")
		c.expects("06 1E 01 6C")
		c.holds(0, 0)
	})
}

func TestBusyWhileACardIsAwaited(t *testing.T) {
	play(t, Options{}, func(c *till) {
		c.registers("00")
		c.pt.Next(Card{After: time.Minute})
		c.pays()
		c.says("05 01 00")
		c.expects("80 00 00")
		c.expects("06 0F 01 9C")
		c.says("06 01 07 04 00 00 00 00 99 99")
		c.expects("84 9C 00")
		c.result()
		c.says("80 00 00")
		c.expects("06 0F")
		c.says("05 01 00")
		c.expects("80 00 00")
		c.expects("06 0F 0B F0 F0 F7 54 50 53 49 4D 20 31 00")
		c.holds(1, 1023)
	})
}

func TestLoseResultKeepsTheMoney(t *testing.T) {
	play(t, Options{}, func(c *till) {
		c.registers("00")
		c.pt.Next(Card{Do: LoseResult})
		c.pays()
		if _, err := c.wire.Read(make([]byte, 1)); err == nil {
			t.Error("a result came through")
		}
		c.unplug()
		c.plug()
		c.says("06 20 05 00 00 00 03 03")
		c.expects("80 00 00")
		c.expects("04 0F")
		c.expects("06 0F 00")
		c.holds(1, 1023)
	})
}

func TestLoseBeforeAckTakesTheMoneyBack(t *testing.T) {
	play(t, Options{}, func(c *till) {
		c.registers("00")
		c.pt.Next(Card{Do: LoseBeforeAck})
		c.pays()
		c.result()
		_, _ = c.wire.Write(codec.Frame(unhex("80 00 00")))
		c.silent(29 * time.Second)
		c.holds(0, 0)
		time.Sleep(2 * time.Second)
		c.says("06 20 05 00 00 00 03 03")
		c.expects("80 00 00")
		c.expects("06 1E 01 64")
		c.holds(0, 0)
	})
}
