package hypercom_test

import (
	"slices"
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
		"two that could be it":         {thai(), slices.Concat(framed("20", "00", paid("", asked, "000042")...), framed("20", "00", paid("", asked, "000043")...)), drivers.Last{Trace: "000041"}, drivers.Undecided, ""},
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

// Without a name an answer that comes before the ACK may be that of an older command over the same amount, as long as nothing on this wire came to its end: it
// is none of this sale, not even when nothing else comes.
func TestAnAnswerBeforeTheACKIsAnOlderOne(t *testing.T) {
	old, own := framed("20", "00", paid("", asked, "000042")...), framed("20", "00", paid("", asked, "000043")...)
	for name, c := range map[string]struct {
		to20 []byte
		want string // the trace of the sale, "" for unknown
	}{
		"then ACK and our own": {slices.Concat(old, ack(own)), "000043"},
		"then ACK":             {slices.Concat(old, ack()), ""},
		"nothing else":         {old, ""},
		"ACK first":            {ack(own), "000043"},
	} {
		t.Run(name, func(t *testing.T) {
			scripted(t, thai(), func(word string, _ int, _ codec.Message) []byte {
				if word == "20" {
					return c.to20
				}
				return nil
			}, func(terminal drivers.CardTerminal, r *record) {
				out, err := terminal.Sale(t.Context(), sale(kept))
				if out.Result.Trace != c.want || (err == nil) != (c.want != "") {
					t.Errorf("%+v, %v; said %s", out.Result, err, r.text())
				}
				p := drivers.Pending{Ref: "a sale", Amount: pos.Money{Amount: 1023, Currency: "MYR"}, Quiet: time.Hour}
				if got, err := terminal.Recover(t.Context(), p); c.want == "" && (err != nil || got.Verdict != drivers.Undecided) {
					t.Errorf("%+v, %v", got, err)
				}
			})
		})
	}
}

// What came before a sale was sent says nothing of it, although its amount fits.
func TestWhatCameBeforeTheSaleIsNotItsAnswer(t *testing.T) {
	late := framed("20", "00", paid("", asked, "000041")...)
	scripted(t, thai(), func(word string, _ int, _ codec.Message) []byte {
		switch word {
		case "27":
			return ack(late, framed("27", "51")) // while something else is done
		case "20":
			return ack()
		}
		return nil
	}, func(terminal drivers.CardTerminal, _ *record) {
		if _, err := terminal.Refund(t.Context(), sale(kept)); err != nil {
			t.Fatal(err)
		}
		if _, err := terminal.Sale(t.Context(), sale(kept)); pos.MoneyOf(err) != pos.MoneyUnknown {
			t.Fatal(err)
		}
		p := drivers.Pending{Ref: "a sale", Amount: pos.Money{Amount: 1023, Currency: "MYR"}, Quiet: time.Hour}
		if got, err := terminal.Recover(t.Context(), p); err != nil || got.Verdict != drivers.Undecided {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// Terminals without numbers for what was refused, or that give a number twice, refuse and approve in words that were heard before.
func TestTheSameWordsMayBeAnotherAnswer(t *testing.T) {
	refusal, zeros := framed("20", "51"), framed("20", "05", codec.Text("64", "000000"))
	approval := func(code, trace string) []byte { return framed(code, "00", paid("", asked, trace)...) }
	for name, c := range map[string]struct {
		first, second []byte
		pause         time.Duration
		void          bool // is the second command
		want          drivers.Decision
	}{
		"a refusal a while later":                    {refusal, refusal, 10 * time.Second, false, drivers.Declined},
		"with zeros for a trace":                     {zeros, zeros, 10 * time.Second, false, drivers.Declined},
		"a refusal with the number of the sale":      {approval("20", "000042"), framed("20", "51", codec.Text("64", "000042")), 0, false, drivers.Declined},
		"an approval with the number of the refusal": {framed("20", "51", codec.Text("64", "000042")), approval("20", "000042"), 0, false, drivers.Approved},
		"a void with the number of its sale":         {approval("20", "000042"), approval("26", "000042"), 0, true, drivers.Approved},
		"approvals with zeros for a trace":           {approval("20", "000000"), framed("20", "00", append(paid("", asked, "000000"), codec.Text("06", "630000000043"))...), 0, false, drivers.Approved},
	} {
		t.Run(name, func(t *testing.T) {
			scripted(t, thai(), func(word string, times int, _ codec.Message) []byte {
				switch {
				case word == "20" && times == 1:
					return ack(c.first)
				case word == "20", word == "26":
					return ack(c.second)
				}
				return nil
			}, func(terminal drivers.CardTerminal, r *record) {
				if _, err := terminal.Sale(t.Context(), sale(kept)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(c.pause)
				second := func() (drivers.Outcome, error) { return terminal.Sale(t.Context(), sale(kept)) }
				if c.void {
					second = func() (drivers.Outcome, error) {
						return terminal.Void(t.Context(), sale(kept), drivers.Last{ReceiptNo: "000417"})
					}
				}
				if out, err := second(); err != nil || out.Result.Decision != c.want {
					t.Errorf("%+v, %v; said %s", out.Result, err, r.text())
				}
			})
		})
	}
}

// Without a name, an approval whose own clock and number lie before those of the last one is an older one, wherever it comes. A clock that was set back, and
// numbers that began anew, are none.
func TestAnApprovalOfEarlierIsAnOlderOne(t *testing.T) {
	at := func(trace, date, clock string) []byte {
		return framed("20", "00", codec.Text("40", asked), codec.Text("64", trace), codec.Text("03", date), codec.Text("04", clock))
	}
	own := at("000043", "261122", "101600")
	for name, c := range map[string]struct {
		second []byte
		want   string
	}{
		"earlier, and a number before":     {ack(at("000039", "261101", "235959"), own), "000043"},
		"earlier on that day":              {ack(at("000039", "261122", "101529"), own), "000043"},
		"a number before the turn":         {ack(at("999998", "261121", "101530"), own), "000043"},
		"a clock that was set back":        {ack(at("000043", "261121", "101600")), "000043"},
		"numbers that began anew":          {ack(at("000001", "261122", "101530")), "000001"},
		"no clock":                         {ack(framed("20", "00", codec.Text("40", asked), codec.Text("64", "000001"))), "000001"},
		"no number, and a clock set back":  {ack(at("", "261121", "101530")), ""},
		"an earlier refusal is one of now": {ack(framed("20", "51", codec.Text("64", "000039"), codec.Text("03", "261101"), codec.Text("04", "101530"))), "000039"},
	} {
		t.Run(name, func(t *testing.T) {
			scripted(t, thai(), func(word string, times int, _ codec.Message) []byte {
				switch {
				case word == "20" && times == 1:
					return ack(at("000042", "261122", "101530"))
				case word == "20":
					return c.second
				}
				return nil
			}, func(terminal drivers.CardTerminal, r *record) {
				for n := range 2 {
					out, err := terminal.Sale(t.Context(), sale(kept))
					if err != nil || n == 1 && out.Result.Trace != c.want {
						t.Errorf("%+v, %v; said %s", out.Result, err, r.text())
					}
				}
			})
		})
	}
}

// What was found to be an older one says nothing of the sale that was lost behind it.
func TestAnOlderAnswerProvesNothing(t *testing.T) {
	scripted(t, thai(), func(word string, times int, _ codec.Message) []byte {
		switch {
		case word == "20" && times == 1:
			return ack(framed("20", "00", paid("", asked, "000042")...))
		case word == "20":
			return ack(framed("20", "00", codec.Text("40", asked), codec.Text("64", "000039"), codec.Text("03", "261101"), codec.Text("04", "101530")))
		}
		return nil
	}, func(terminal drivers.CardTerminal, _ *record) {
		if _, err := terminal.Sale(t.Context(), sale(kept)); err != nil {
			t.Fatal(err)
		}
		if _, err := terminal.Sale(t.Context(), sale(kept)); pos.MoneyOf(err) != pos.MoneyUnknown {
			t.Fatal(err)
		}
		p := drivers.Pending{Ref: "a sale", Amount: pos.Money{Amount: 1023, Currency: "MYR"}, Before: drivers.Last{Trace: "000042"}, Quiet: time.Hour}
		if got, err := terminal.Recover(t.Context(), p); err != nil || got.Verdict != drivers.Undecided {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
