package zvtsim

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// The frames are those of the protocol sheet's worked examples, the answers computed from its rules (CRC-16/KERMIT, low byte first).
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

func TestLinkRules(t *testing.T) {
	const status, accepted = "10 02 05 01 00 10 03", "10 02 80 00 00 10 03 F5 1F"
	crc := codec.Frame(unhex("05 01 00"))
	good := status + " " + hexOf(crc[len(crc)-2:])
	play(t, Options{}, func(c *till) {
		c.puts(status + "00 00") // wrong CRC
		c.gets("15")
		c.puts("10 02 05") // T1
		start := time.Now()
		c.gets("15")
		if d := time.Since(start); d != interByte {
			t.Errorf("NAK after %s", d)
		}
		c.puts(good)
		c.gets("06" + accepted)
		c.puts("15") // NAK: again at once
		c.gets(accepted)
		c.puts(good) // our ACK was lost: acknowledged again, not processed again
		c.gets("06")
		start = time.Now()
		c.gets(accepted) // T2
		if d := time.Since(start); d != ackTime {
			t.Errorf("repeated after %s", d)
		}
		c.puts("06")
		c.hears() // 06 0F
		c.says("80 00 00")
		c.puts(good)
		c.gets("06" + accepted + accepted + accepted) // three sends in all
		c.silent(time.Minute)
		c.says("05 01 00")
		c.expects("80 00 00")
		c.expects("06 0F")
	})
}

func TestAckAndEqualReplyInOneChunk(t *testing.T) {
	play(t, Options{}, func(c *till) {
		c.registers("08")
		c.pays()
		both := "06" + hexOf(codec.Frame(unhex("80 00 00")))
		for _, shown := range []string{"04 FF 01 0A", "04 FF 01 0E"} {
			c.gets(hexOf(codec.Frame(unhex(shown))))
			c.puts(both)
			c.gets("06")
		}
		start := time.Now()
		c.result()
		if d := time.Since(start); d > time.Second {
			t.Errorf("the second reply was taken for a repetition: result after %s", d)
		}
		c.says("80 00 00")
		c.expects("06 0F")
		c.holds(1, 1023)
	})
}

func hexOf(b []byte) string { return strings.ToUpper(hexString(b)) }

func TestMemorySurvivesAndTracesAreNeverReused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "terminal.json")
	m := Memory{TerminalID: "52500001", Currency: "EUR", LastTrace: 999_999, LastReceipt: 9_999, Transactions: []Transaction{
		{Trace: 999_998, Amount: 100, Currency: "EUR", Kind: Payment},
		{Trace: 999_999, Amount: 200, Currency: "EUR", Kind: Payment, Open: true},
	}}
	if err := m.save(path); err != nil {
		t.Fatal(err)
	}
	pt, err := New(Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	if err != nil || !got.Transactions[1].Reversed || got.Totals()["card"]["EUR"] != (pos.Sum{Count: 1, Amount: 100}) {
		t.Errorf("power lost with an open transaction: %+v, %v", got, err)
	}
	if last, ok := pt.Memory().Last(); !ok || last.Trace != 999_998 {
		t.Errorf("last %+v", last)
	}
	if trace, receipt := got.number(); trace != 1 || receipt != 1 {
		t.Errorf("next %d, %d", trace, receipt)
	}
	_ = pt.Close()
	a, b := wirePair()
	defer b.Close()
	if err := pt.Serve(context.Background(), a); !errors.Is(err, ErrClosed) {
		t.Errorf("Serve after Close: %v", err)
	}
}

func TestBadMemoryAndOptions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "terminal.json")
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{{Path: path}, {Path: filepath.Join(t.TempDir(), "no", "file")},
		{Path: filepath.Join(t.TempDir(), "f"), TerminalID: "x"}, {Path: filepath.Join(t.TempDir(), "f"), Currency: "XXX"}} {
		if _, err := New(o); err == nil {
			t.Errorf("New(%+v) succeeds", o)
		}
	}
}

func TestEventsComeInOrder(t *testing.T) {
	play(t, Options{}, func(c *till) {
		c.registers("00")
		var got []string
		c.pt.Observe(func(e Event) {
			if e.Moment != ByteReceived || e.Command == "06 01" && (e.Byte == 3 || e.Byte == 12) {
				got = append(got, string(e.Moment)+" "+e.Command)
			}
		})
		c.sells()
		c.pt.Observe(nil)
		want := []string{"byte_received 06 01", "byte_received 06 01", "received 06 01", "sending 80 00", "delivered 80 00", "stored ",
			"sending 04 0f", "delivered 04 0f", "received 80 00", "accepted 04 0f", "final ", "sending 06 0f", "delivered 06 0f",
			"received 80 00"}
		if !slices.Equal(got, want) {
			t.Errorf("events %q\nwant %q", got, want)
		}
	})
}

func TestContextEndsServe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "terminal.json")
	pt, err := New(Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	plugged := make(chan struct{})
	done := make(chan error)
	go func() { done <- pt.Run(ctx, next(plugged)) }()
	<-plugged
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}
	go func() { done <- pt.Run(context.Background(), next(plugged)) }()
	<-plugged
	_ = pt.Close()
	if err := <-done; err == nil {
		t.Error("Run ends without an error")
	}
}
