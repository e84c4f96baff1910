package hypercom_test

import (
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

// What came when nobody waited is evidence, and is not acknowledged: it is not durable.
func TestALateResult(t *testing.T) {
	for name, c := range map[string]struct {
		options map[string]string
		late    []byte
		before  drivers.Last
		verdict drivers.Verdict
		said    string
	}{
		"ours":                         {nil, framed("20", "00", paid(ours, asked, "000042")...), drivers.Last{Untold: true}, drivers.Charged, "FF ack"},
		"ours, refused":                {nil, framed("20", "51", codec.Text("66", ours)), drivers.Last{Untold: true}, drivers.NotCharged, "FF ack"},
		"another's":                    {nil, framed("20", "00", paid("ANOTHER", asked, "000042")...), drivers.Last{Untold: true}, drivers.Undecided, "FF ack 12 ack"},
		"by its number":                {thai(), framed("20", "00", paid("", asked, "000042")...), drivers.Last{Trace: "000041"}, drivers.Charged, ""},
		"the number before":            {thai(), framed("20", "00", paid("", asked, "000041")...), drivers.Last{Trace: "000041"}, drivers.Undecided, ""},
		"by its number, other amount":  {thai(), framed("20", "00", paid("", "000000001000", "000042")...), drivers.Last{Trace: "000041"}, drivers.Undecided, ""},
		"a refusal without an amount":  {thai(), framed("20", "51"), drivers.Last{Trace: "000041"}, drivers.Undecided, ""},
		"by its number, taken back it": {thai(), framed("20", "00", append(paid("", asked, "000042"), codec.Text("39", "VD"))...), drivers.Last{Trace: "000041"}, drivers.Undecided, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := drivertest.Wire()
				r, done := &record{}, make(chan struct{})
				go func() {
					defer close(done)
					_, _ = far.Write(c.late)
					decoder, b := &stx.Decoder{Rules: codec.Usual().Rules()}, make([]byte, 1)
					for {
						if _, err := far.Read(b); err != nil {
							return
						}
						for _, e := range decoder.Feed(b[0]) {
							switch m, _ := codec.Usual().Parse(e.Payload); {
							case e.Kind == stx.GotControl:
								r.add("ack", codec.Message{})
							case m.Code == "FF":
								r.add("FF", m)
								_, _ = far.Write(pong())
							default:
								r.add(m.Code, m)
								_, _ = far.Write(ack(framed(m.Code, "25")))
							}
						}
					}
				}()
				synctest.Wait()
				terminal, err := hypercom.Driver().NewCardTerminal(near, drivers.Settings{Currency: "MYR", Options: c.options})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := terminal.Open(t.Context()); err != nil {
					t.Fatal(err)
				}
				got, err := terminal.Recover(t.Context(), drivers.Pending{Ref: "a sale", Amount: pos.Money{Amount: 1023, Currency: "MYR"}, Before: c.before})
				if err != nil || got.Verdict != c.verdict || got.Text == "" || r.text() != c.said {
					t.Errorf("%+v, %v; said %s", got, err, r.text())
				}
				_ = near.Close()
				<-done
			})
		})
	}
}

// An older answer that is told again in the next sale is not its own, although nothing names it: it has the same number, or the same words.
func TestARepetitionInTheNextSale(t *testing.T) {
	second := framed("20", "00", paid("", asked, "000043")...)
	for name, c := range map[string]struct{ first, again []byte }{
		"the same words":        {framed("20", "00", paid("", asked, "000042")...), framed("20", "00", paid("", asked, "000042")...)},
		"the same number":       {framed("20", "00", paid("", asked, "000042")...), framed("20", "00", append(paid("", asked, "000042"), codec.Text("17", "COPY"))...)},
		"a refusal, no numbers": {framed("20", "51"), framed("20", "51")},
	} {
		t.Run(name, func(t *testing.T) {
			scripted(t, thai(), func(word string, times int, _ codec.Message) []byte {
				switch {
				case word == "20" && times == 1:
					return ack(c.first)
				case word == "20":
					return ack(c.again, c.again, second)
				}
				return nil
			}, func(terminal drivers.CardTerminal, r *record) {
				for n := range 2 {
					commits := 0
					out, err := terminal.Sale(t.Context(), sale(func(drivers.Result) error { commits++; return nil }))
					if err != nil || commits != 1 || n == 1 && out.Result.Trace != "000043" {
						t.Errorf("%+v, %v; %d commits; said %s", out.Result, err, commits, r.text())
					}
				}
			})
		})
	}
}

// A terminal that answers questions while a customer is at it does not hold the sale yet: what it says is believed when the customer must be gone.
func TestNotThereMayMeanNotYet(t *testing.T) {
	for name, finally := range map[string]drivers.Verdict{"it comes": drivers.Charged, "it never comes": drivers.NotCharged} {
		t.Run(name, func(t *testing.T) {
			scripted(t, nil, func(word string, times int, _ codec.Message) []byte {
				switch {
				case word == "FF":
					return pong()
				case word == "12" && (times == 1 || finally == drivers.NotCharged):
					return ack(framed("12", "25", codec.Text("66", ours)))
				case word == "12":
					return ack(framed("12", "00", paid(ours, asked, "000042")...))
				}
				return nil
			}, func(terminal drivers.CardTerminal, _ *record) {
				p := drivers.Pending{Ref: "a sale", Amount: pos.Money{Amount: 1023, Currency: "MYR"}, Before: drivers.Last{Untold: true}}
				got, err := terminal.Recover(t.Context(), p)
				if err != nil || got.Verdict != drivers.Undecided || got.Again != 180*time.Second {
					t.Errorf("at once: %+v, %v", got, err)
				}
				time.Sleep(got.Again)
				if got, err = terminal.Recover(t.Context(), p); err != nil || got.Verdict != finally || got.Again != 0 {
					t.Errorf("later: %+v, %v", got, err)
				}
			})
		})
	}
}

// An answer that is still trickling in when the next sale begins is an older one, although nothing names it.
func TestAnAnswerUnderWayIsAnOlderOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := drivertest.Wire()
		old, own := framed("20", "00", paid("", asked, "000042")...), framed("20", "00", paid("", asked, "000043")...)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for _, b := range old {
				_, _ = far.Write([]byte{b})
				time.Sleep(time.Millisecond) // 9600 baud
			}
			decoder, b := &stx.Decoder{Rules: codec.Usual().Rules()}, make([]byte, 1)
			for {
				if _, err := far.Read(b); err != nil {
					return
				}
				for _, e := range decoder.Feed(b[0]) {
					if e.Kind == stx.GotFrame {
						_, _ = far.Write(ack(own))
					}
				}
			}
		}()
		time.Sleep(20 * time.Millisecond)
		terminal, err := hypercom.Driver().NewCardTerminal(near, drivers.Settings{Currency: "MYR", Options: thai()})
		if err != nil {
			t.Fatal(err)
		}
		out, err := terminal.Sale(t.Context(), sale(kept))
		if err != nil || out.Result.Trace != "000043" {
			t.Errorf("%+v, %v", out.Result, err)
		}
		_ = near.Close()
		<-done
	})
}
