package hypercom_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/hypercom"
	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// stranger answers whatever it hears with the same bytes.
func stranger(t *testing.T, options map[string]string, says []byte, test func(drivers.CardTerminal)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		near, far := drivertest.Wire()
		done := make(chan struct{})
		go func() {
			defer close(done)
			for b := make([]byte, 256); ; {
				if _, err := far.Read(b); err != nil {
					return
				}
				time.Sleep(10 * time.Millisecond) // a wire takes time; without it a talk of two would take none for ever
				_, _ = far.Write(says)
			}
		}()
		terminal, err := hypercom.Driver().NewCardTerminal(near, drivers.Settings{Currency: "MYR", Options: options})
		if err != nil {
			t.Fatal(err)
		}
		test(terminal)
		_ = near.Close()
		<-done
	})
}

func TestAnotherProtocolIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		says   []byte
		speaks string
	}{
		"ZVT":     {[]byte{0x06, 0x10, 0x02, 0x80, 0x00, 0x00, 0x10, 0x03, 0xF5, 0x1F}, "zvt"},
		"ECR17":   {[]byte{0x15, 0x03, 0x69}, "ecr17"},
		"Concert": {[]byte{0x05}, "concert"},
		"scanner": {[]byte("4006381333931\r\n"), "text (scanner?)"},
	} {
		t.Run(name, func(t *testing.T) {
			stranger(t, nil, c.says, func(terminal drivers.CardTerminal) {
				begun := time.Now()
				_, err := terminal.Open(t.Context())
				var e *pos.Error
				if !errors.As(err, &e) || e.Code != "wrong_protocol" || e.Details["speaks"] != c.speaks || e.Money != pos.NoneMoved {
					t.Errorf("%v", err)
				}
				if took := time.Since(begun); took > 30*time.Second {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

// Whatever answers, an end comes, and it never is a sale.
func TestNonsenseIsNoSale(t *testing.T) {
	rules := codec.Usual().Rules()
	for name, says := range map[string][]byte{
		"ACK only":         {stx.ACK},
		"NAK only":         {stx.NAK},
		"no header":        ack(rules.Frame([]byte("hello"))),
		"empty":            rules.Frame(nil),
		"pings only":       ack(framed("FF", "CP")),
		"begins of frames": {0x02, 0x02, 0x02, 0x00, 0x15, 0x03},
		"no lengths":       {0x02, 0xFF, 0x06, 0x15},
		"requests":         ack(rules.Frame(codec.Usual().Payload(codec.Message{Direction: codec.Request, Code: "20"}))),
		"another's sale":   ack(framed("FF", "CP"), framed("20", "00", codec.Text("66", "ANOTHER"))),
		"blank responses":  ack(framed("FF", "  "), framed("20", "  ")),
	} {
		for _, options := range []map[string]string{nil, thai()} {
			if options != nil && name == "another's sale" {
				continue // whose terminals know no names
			}
			t.Run(name+options["profile"], func(t *testing.T) {
				stranger(t, options, says, func(terminal drivers.CardTerminal) {
					_, err := terminal.Sale(t.Context(), sale(func(r drivers.Result) error { t.Errorf("committed %+v", r); return nil }))
					var e *pos.Error
					if !errors.As(err, &e) || e.Text == "" || e.Next == "" {
						t.Errorf("%v", err)
					}
				})
			})
		}
	}
}

// A terminal that tells other things without a pause is given up in time, and the cashier's wish goes out all the same.
func TestChatterDoesNotHoldTheTill(t *testing.T) {
	for _, options := range []map[string]string{nil, thai()} {
		synctest.Test(t, func(t *testing.T) {
			near, far := drivertest.Wire()
			var talking sync.WaitGroup
			done, begun, asked, pointed := make(chan struct{}), time.Now(), time.Duration(0), time.Duration(0)
			go func() {
				defer close(done)
				decoder, b := &stx.Decoder{Rules: codec.Usual().Rules()}, make([]byte, 1)
				for {
					if _, err := far.Read(b); err != nil {
						return
					}
					for _, e := range decoder.Feed(b[0]) {
						switch m, _ := codec.Usual().Parse(e.Payload); m.Code {
						case "FF":
							_, _ = far.Write(pong())
						case "XX":
							asked = time.Since(begun)
						case "20":
							_, _ = far.Write(ack())
							talking.Go(func() { chatter(far) })
						}
					}
				}
			}()
			terminal, err := hypercom.Driver().NewCardTerminal(near, drivers.Settings{Currency: "MYR", Options: options})
			if err != nil {
				t.Fatal(err)
			}
			command := sale(kept)
			cancel := make(chan struct{})
			command.Cancel, command.Progress = cancel, func(drivers.Progress) { pointed = time.Since(begun) }
			time.AfterFunc(10*time.Second, func() { close(cancel) })
			if _, err = terminal.Sale(t.Context(), command); pos.MoneyOf(err) != pos.MoneyUnknown {
				t.Error(err)
			}
			if took := time.Since(begun); took > 182*time.Second {
				t.Errorf("%v: took %v", options, took)
			}
			_ = near.Close()
			<-done
			talking.Wait()
			if heard := max(asked, pointed); heard == 0 || heard > 14*time.Second {
				t.Errorf("%v: the cashier was heard after %v and %v", options, asked, pointed)
			}
		})
	}
}

// chatter tells one thing after the other that nobody asked for.
func chatter(far io.Writer) {
	for n := 0; ; n++ {
		time.Sleep(100 * time.Millisecond)
		if _, err := far.Write(framed("51", "00", codec.Text("64", fmt.Sprintf("%06d", n)))); err != nil {
			return
		}
	}
}

// What a profile has no code for is refused before a byte is sent, and so is a sale that cannot be named to the terminal.
func TestWhatIsNotSupported(t *testing.T) {
	scripted(t, map[string]string{"void_code": "none", "refund_code": "none", "settlement_code": "none"}, func(string, int, codec.Message) []byte { return nil },
		func(terminal drivers.CardTerminal, r *record) {
			_, voided := terminal.Void(t.Context(), sale(kept), drivers.Last{ReceiptNo: "000417"})
			_, refunded := terminal.Refund(t.Context(), sale(kept))
			_, settled := terminal.Settle(t.Context(), func(drivers.Progress) {}, func(drivers.Totals) error { return nil })
			for _, err := range []error{voided, refunded, settled} {
				wantNotSupported(t, err)
			}
			if r.text() != "" {
				t.Errorf("said %s", r.text())
			}
		})
	scripted(t, nil, func(string, int, codec.Message) []byte { return nil }, func(terminal drivers.CardTerminal, r *record) {
		for _, of := range []drivers.Last{{}, {Trace: "000042"}, {ReceiptNo: "0000417"}, {ReceiptNo: "41x"}} {
			_, err := terminal.Void(t.Context(), sale(kept), of)
			wantNotSupported(t, err)
		}
		if r.text() != "" {
			t.Errorf("said %s", r.text())
		}
	})
}

func wantNotSupported(t *testing.T, err error) {
	t.Helper()
	var e *pos.Error
	if !errors.As(err, &e) || e.Code != "not_supported" || e.Money != pos.NoneMoved || e.Next == "" {
		t.Errorf("%v", err)
	}
}

// Answers may hold a card's number in full: what is kept of one holds its last four digits.
func TestNoCardIsKept(t *testing.T) {
	const pan = "4111111111111111"
	scripted(t, nil, func(word string, _ int, _ codec.Message) []byte {
		switch word {
		case "FF":
			return pong()
		case "20":
			fields := []codec.Field{codec.Text("66", ours), codec.Text("40", asked), codec.Text("30", pan)}
			for _, code := range []string{"01", "02", "16", "39", "64", "65", "D1", "D2", "D4", "D5", "E6"} {
				fields = append(fields, codec.Text(code, pan+"=29032017766"))
			}
			return ack(framed("20", "00", fields...))
		}
		return nil
	}, func(terminal drivers.CardTerminal, _ *record) {
		out, err := terminal.Sale(t.Context(), sale(kept))
		if err != nil || out.Result.Last4 != "1111" || strings.Contains(fmt.Sprint(out.Result), pan[:13]) || strings.Contains(fmt.Sprint(out.Result), "2903") {
			t.Errorf("%+v, %v", out.Result, err)
		}
	})
}
