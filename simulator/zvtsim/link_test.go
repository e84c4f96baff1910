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
	"github.com/tillproof/tillproof/simulator/chassis"
)

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
	if err := chassis.Save(path, &m); err != nil {
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
