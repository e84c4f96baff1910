package transbank_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// TestOddButLegalResults are frames as descriptions and kits allow them.
func TestOddButLegalResults(t *testing.T) {
	const own = "|597020000541|80000001|"
	for name, c := range map[string]struct {
		said []string // after the ACK
		want drivers.Result
	}{
		"all fields, padded with zeros": {[]string{"0210|00" + own + "T|123456|000004990|00|000000000|6623|000077|CR|||MC|22112026|183005|0012|000000000||000000000||"},
			drivers.Result{Decision: "approved", Amount: pesos(4990), Code: "00", Trace: "000077", AuthCode: "123456", Brand: "mastercard", CardName: "Mastercard",
				Last4: "6623", Date: "2026-11-22", Time: "18:30:05"}},
		"padded with blanks, no final bar": {[]string{"0210|00" + own + " T |123456|     4990|1 |     4990|6623|    77|DB|221126|00123454321|DB|22112026|183005"},
			drivers.Result{Decision: "approved", Amount: pesos(4990), Code: "00", Trace: "77", AuthCode: "123456", Brand: "redcompra", CardName: "Redcompra",
				Last4: "6623", Date: "2026-11-22", Time: "18:30:05"}},
		"approved and then nothing but ticket, authorisation and amount": {[]string{"0210|00" + own + "T|123456|4990"},
			drivers.Result{Decision: "approved", Amount: pesos(4990), Code: "00", AuthCode: "123456"}},
		"no ticket, our amount": {[]string{"0210|00" + own + "|123456|4990|0|0|1111|5|CR|||VI"},
			drivers.Result{Decision: "approved", Amount: pesos(4990), Code: "00", AuthCode: "123456", Trace: "5", Brand: "visa", CardName: "Visa", Last4: "1111"}},
		"the result of an older sale before ours": {[]string{"0210|00" + own + "OLDONE|111111|4990|0|0|1111|4|CR|||VI", "0210|00" + own + "T|222222|4990|0|0|1111|5|CR|||VI"},
			drivers.Result{Decision: "approved", Amount: pesos(4990), Code: "00", AuthCode: "222222", Trace: "5", Brand: "visa", CardName: "Visa", Last4: "1111"}},
		"a tip on top": {[]string{"0210|00" + own + "T|1|4990|||1111|5|CR|||AX|||| 499|"},
			drivers.Result{Decision: "approved", Amount: pesos(5489), Tip: 499, Code: "00", AuthCode: "1", Trace: "5", Brand: "amex", CardName: "American Express", Last4: "1111"}},
		"a tip inside": {[]string{"0210|00" + own + "T|1|5489|||1111|5|CR|||AX||||499|"},
			drivers.Result{Decision: "approved", Amount: pesos(5489), Tip: 499, Code: "00", AuthCode: "1", Trace: "5", Brand: "amex", CardName: "American Express", Last4: "1111"}},
		"part of the amount": {[]string{"0210|00" + own + "T|1|4000|||1111|5|CR|||XX|99999999|999999"},
			drivers.Result{Decision: "approved", Amount: pesos(4000), Code: "00", AuthCode: "1", Trace: "5", Brand: "xx", CardName: "XX", Last4: "1111"}},
		"zeros for the amount": {[]string{"0210|00" + own + "T|1|000000000|||1111|5|CR|||VI"},
			drivers.Result{Decision: "approved", Amount: pesos(4990), Code: "00", AuthCode: "1", Trace: "5", Brand: "visa", CardName: "Visa", Last4: "1111"}},
		"a result with a code of progress before": {[]string{"0210|80" + own, "0210|00" + own + "T|1|4990"},
			drivers.Result{Decision: "approved", Amount: pesos(4990), Code: "00", AuthCode: "1"}},
		"four fields":              {[]string{"0900|78", "0900|78|", "0210|07" + own}, drivers.Result{Decision: "cancelled", Amount: pesos(4990), Code: "07"}},
		"three":                    {[]string{"0210|01"}, drivers.Result{Decision: "declined", Amount: pesos(4990), Code: "01"}},
		"a code that no paper has": {[]string{"0210|99" + own + "T||"}, drivers.Result{Decision: "declined", Amount: pesos(4990), Code: "99"}},
		"as 0271":                  {[]string{"0271|00" + own + "T|1|4990"}, drivers.Result{Decision: "approved", Amount: pesos(4990), Code: "00", AuthCode: "1"}},
		"frames of another question before": {[]string{"0710|00|1|100", "0260|11", "0210|00" + own + "T|1|4990"},
			drivers.Result{Decision: "approved", Amount: pesos(4990), Code: "00", AuthCode: "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			reply := ack
			for _, s := range c.said {
				reply += said(s)
			}
			talk(t, map[string][]string{"0200": {reply}}, nil, func(d drivers.CardTerminal, f *far) {
				out, stored, err := sell(d)
				if err != nil || len(stored) != 1 || stored[0] != out.Result {
					t.Fatalf("%+v, %v, %v", out, stored, err)
				}
				got := out.Result
				if got.Text == "" || len(c.said[0]) > 20 && got.MerchantID != "597020000541" && name != "frames of another question before" {
					t.Errorf("%+v", got)
				}
				got.Text, got.MerchantID, got.TerminalID = "", "", ""
				if c.want.ReceiptNo = ticket(); got != c.want {
					t.Errorf("%+v\nwant %+v", got, c.want)
				}
			})
		})
	}
}

// TestWhatIsNoClearResult stays unknown, is not stored and not acknowledged.
func TestWhatIsNoClearResult(t *testing.T) {
	for name, reply := range map[string]string{
		"nothing":                        ack,
		"no code":                        ack + frame("0210||597020000541|80000001|"),
		"a code of letters":              ack + frame("0210|OK"),
		"approved with a foreign ticket": ack + frame("0210|00|597020000541|80000001|OLDONE|1|4990"),
		"approved with no ticket and another amount": ack + frame("0210|00|597020000541|80000001||1|4991"),
		"the result of a void":                       ack + frame("1210|00|597020000541|80000001||5"),
		"a frame of nobody":                          ack + frame("hello") + "noise\x15",
		"silence":                                    "",
	} {
		t.Run(name, func(t *testing.T) {
			talk(t, map[string][]string{"0200": {reply}}, nil, func(d drivers.CardTerminal, f *far) {
				begun, before := time.Now(), f.acks
				out, stored, err := sell(d)
				var known *pos.Error
				if !errors.As(err, &known) || known.Retry != pos.OutcomeUnknown || known.Money != pos.MoneyUnknown || len(stored) != 0 || f.acks != before {
					t.Errorf("%+v, %v, %v, %d acknowledgements", out, stored, err, f.acks)
				}
				if took := time.Since(begun); took > 183*time.Second {
					t.Errorf("took %v", took)
				}
				if n := strings.Count(strings.Join(f.heard, " "), "0200|"); n != 1 {
					t.Errorf("%d sales sent", n)
				}
			})
		})
	}
}

// TestAResultThatIsNotStoredIsTakenLater meets the repetitions of a result that could not be stored, on the same wire.
func TestAResultThatIsNotStoredIsTakenLater(t *testing.T) {
	answers := map[string][]string{"0200": {ack + said("0210|00|597020000541|80000001|T|1|4990|0|0|1111|5|CR|||VI")}, "0250": {ack + frame("0260|12")}}
	talk(t, answers, nil, func(d drivers.CardTerminal, f *far) {
		full := errors.New("disk full")
		_, err := d.Sale(context.Background(), drivers.Sale{Amount: pesos(4990), Ref: ref, Progress: func(drivers.Progress) {},
			Commit: func(drivers.Result) error { return full }})
		synctest.Wait()
		if !errors.Is(err, full) || f.acks != 0 {
			t.Error(err)
		}
		_, _ = f.conn.Write([]byte(said("0210|00|597020000541|80000001|T|1|4990|0|0|1111|5|CR|||VI")))
		synctest.Wait()
		r, err := d.Recover(context.Background(), drivers.Pending{Ref: ref, Amount: pesos(4990), Before: drivers.Last{Untold: true}})
		synctest.Wait()
		if err != nil || r.Verdict != drivers.Charged || r.Result.Trace != "5" || f.acks != 1 { // the acknowledgement is of 0260
			t.Errorf("%+v, %v, %d acknowledgements", r, err, f.acks)
		}
	})
}

// TestAnotherProtocol is told as such, at once.
func TestAnotherProtocol(t *testing.T) {
	for name, answer := range map[string]string{
		"concert": "\x05",
		"zvt":     "\x10\x02\x06\x1e\x01\x6c\x10\x03\x12\x34",
		"ecr17":   "\x15\x03\x69",
		"zvt ":    "\x06\x10\x02\x06\x0f\x00\x10\x03\x12\x34",
		"ecr17 ":  "\x06\x03\x7a",
		"msr":     ";5413330089020011=2512",
	} {
		name = strings.TrimSpace(name)
		answers := map[string][]string{"0100": {answer, answer, answer, answer, answer, answer}}
		talk(t, answers, nil, func(d drivers.CardTerminal, _ *far) {
			begun := time.Now()
			_, err := d.Open(context.Background())
			var known *pos.Error
			if !errors.As(err, &known) || known.Code != "wrong_protocol" || known.Details["protocol"] != name || known.Money != pos.NoneMoved {
				t.Errorf("%s: %v", name, err)
			}
			if took := time.Since(begun); took > 3*time.Second {
				t.Errorf("%s: took %v", name, took)
			}
		})
	}
}

// TestADeadTerminalIsToldInTime polls as long as a customer could stand there, and not longer.
func TestADeadTerminalIsToldInTime(t *testing.T) {
	talk(t, map[string][]string{"0100": nil}, map[string]string{"busy_s": "10"}, func(d drivers.CardTerminal, f *far) {
		begun := time.Now()
		_, err := d.Open(context.Background())
		var known *pos.Error
		if !errors.As(err, &known) || known.Code != "device_unavailable" || known.Retry != pos.Transient {
			t.Error(err)
		}
		if took := time.Since(begun); took < 10*time.Second || took > 14*time.Second {
			t.Errorf("took %v", took)
		}
		begun = time.Now()
		if _, _, err := sell(d); pos.MoneyOf(err) != pos.NoneMoved || time.Since(begun) > 8*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		if n := strings.Count(strings.Join(f.heard, " "), "0200"); n != 0 {
			t.Errorf("%d sales sent to a terminal that does not answer", n)
		}
	})
}

// TestOneFrameThatIsNakedThrice: NAKs behind a NAK are of the same frame, and say nothing of the next one.
func TestOneFrameThatIsNakedThrice(t *testing.T) {
	approval := said("0210|00|597020000541|80000001|T|1|4990")
	for name, c := range map[string]struct {
		answers []string
		late    string // a second later
		want    pos.MoneyState
		sales   int
	}{
		"and the next is taken":            {[]string{"\x15\x15\x15", ack + approval}, "", "", 2},
		"and an ACK follows":               {[]string{"\x15\x15" + ack + approval}, "", "", 1},
		"each of three":                    {[]string{"\x15\x15", "\x15\x15", "\x15\x15"}, "", pos.NoneMoved, 3},
		"and it goes on behind the third":  {[]string{"\x15", "\x15", "\x15" + frame("0900|78") + approval}, "", "", 3},
		"and the ACK of the third is late": {[]string{"\x15", "\x15", "\x15"}, ack + approval, "", 3},
		"and the next is met by silence":   {[]string{"\x15\x15\x15", ""}, "", pos.MoneyUnknown, 2},
	} {
		t.Run(name, func(t *testing.T) {
			talk(t, map[string][]string{"0200": c.answers}, nil, func(d drivers.CardTerminal, f *far) {
				late := time.AfterFunc(time.Second, func() { _, _ = f.conn.Write([]byte(c.late)) })
				defer late.Stop()
				out, stored, err := sell(d)
				if c.want == "" && (err != nil || out.Result.Decision != drivers.Approved) || c.want != "" && (pos.MoneyOf(err) != c.want || len(stored) > 0) {
					t.Errorf("%+v, %v", out, err)
				}
				if n := strings.Count(strings.Join(f.heard, " "), "0200|"); n != c.sales {
					t.Errorf("%d sales sent, want %d", n, c.sales)
				}
			})
		})
	}
}

// TestWhatKeepsAWaitAlive is a word of progress, the same one again too, and neither noise nor an ACK.
func TestWhatKeepsAWaitAlive(t *testing.T) {
	for word, want := range map[string]time.Duration{"\xff": 180 * time.Second, ack: 180 * time.Second, frame("0900|81"): 480 * time.Second} {
		talk(t, nil, nil, func(d drivers.CardTerminal, f *far) {
			go func() {
				for range 10 {
					time.Sleep(30 * time.Second)
					_, _ = f.conn.Write([]byte(word))
				}
			}()
			begun := time.Now()
			_, _, err := sell(d)
			if took := time.Since(begun); pos.MoneyOf(err) != pos.MoneyUnknown || took < want || took > want+2*time.Second {
				t.Errorf("%q: %v after %v", word, err, took)
			}
			time.Sleep(5 * time.Minute)
		})
	}
}

// TestWhatALastSaleWithoutACodeProves: nothing, whatever ticket it names.
func TestWhatALastSaleWithoutACodeProves(t *testing.T) {
	answers := map[string][]string{"0250": {ack + said("0260||597020000541|80000001|T|1|4990")}, "0260": {"\x15", "\x15", "\x15"}}
	talk(t, answers, nil, func(d drivers.CardTerminal, _ *far) {
		r, err := d.Recover(context.Background(), drivers.Pending{Ref: ref, Amount: pesos(4990)})
		if err != nil || r.Verdict != drivers.Undecided {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// TestAListThatIsNeverTold opens the terminal all the same, without a base line.
func TestAListThatIsNeverTold(t *testing.T) {
	talk(t, map[string][]string{"0260": {ack}}, map[string]string{"baseline": "detail"}, func(d drivers.CardTerminal, _ *far) {
		if last, err := d.Open(context.Background()); err != nil || !last.Untold {
			t.Errorf("%+v, %v", last, err)
		}
	})
}

// TestAVoucherIsPrintedFirst is a terminal that waits for paper before it tells its last sale.
func TestAVoucherIsPrintedFirst(t *testing.T) {
	talk(t, map[string][]string{"0250": {ack}}, nil, func(d drivers.CardTerminal, f *far) {
		go func() {
			time.Sleep(time.Minute)
			_, _ = f.conn.Write([]byte(said("0260|00|597020000541|80000001|T|1|4990|0|0|1111|5|CR|||VI")))
		}()
		if r, err := d.Recover(context.Background(), drivers.Pending{Ref: ref, Amount: pesos(4990)}); err != nil || r.Verdict != drivers.Charged {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// TestAnOlderVoidProvesNothing is a void that is tried again: what the terminal repeated of the first attempt is not said of the second.
func TestAnOlderVoidProvesNothing(t *testing.T) {
	talk(t, map[string][]string{"1200": {ack, ack}}, map[string]string{"void_check": "none"}, func(d drivers.CardTerminal, f *far) {
		of := drivers.Last{Trace: "5", ReceiptNo: ticket()}
		for _, c := range []struct {
			late string
			want drivers.Verdict
		}{{frame("1210|07|597020000541|80000001||5"), drivers.NotCharged}, {"", drivers.Undecided}} {
			_, err := d.Void(context.Background(), drivers.Sale{Amount: pesos(4990), Ref: ref, Progress: func(drivers.Progress) {},
				Commit: func(drivers.Result) error { return nil }}, of)
			if pos.MoneyOf(err) != pos.MoneyUnknown {
				t.Error(err)
			}
			_, _ = f.conn.Write([]byte(c.late))
			synctest.Wait()
			r, err := d.Recover(context.Background(), drivers.Pending{What: drivers.VoidOf, Of: of, Ref: ref, Amount: pesos(4990)})
			if err != nil || r.Verdict != c.want {
				t.Errorf("%+v, %v", r, err)
			}
		}
	})
}

// TestADayWithoutASaleIsClosed, whichever way the terminal says so; one with sales is not by "no sale".
func TestADayWithoutASaleIsClosed(t *testing.T) {
	for _, c := range []struct {
		totals, closing string
		closed          bool
	}{{"0710|00|0000|000000000", "0510|00", true}, {"0710|11", "0510|11|597020000541|80000001|", true}, {"0710|00|0001|000004990", "0510|11", false}} {
		talk(t, map[string][]string{"0700": {ack + frame(c.totals)}, "0500": {ack + frame(c.closing)}}, nil, func(d drivers.CardTerminal, _ *far) {
			stored := 0
			totals, err := d.Settle(context.Background(), func(drivers.Progress) {}, func(drivers.Totals) error { stored++; return nil })
			if (err == nil) != c.closed || totals.Emptied != c.closed || (stored == 1) != c.closed {
				t.Errorf("%s: %+v, %v", c.closing, totals, err)
			}
		})
	}
}

// TestACommandThatNoPaperHas is acknowledged like any other frame of the family, and means nothing.
func TestACommandThatNoPaperHas(t *testing.T) {
	talk(t, map[string][]string{"0200": {ack + frame("0999|1|2") + said("0210|00|597020000541|80000001|T|1|4990")}}, nil, func(d drivers.CardTerminal, f *far) {
		if out, _, err := sell(d); err != nil || out.Result.Decision != drivers.Approved || f.acks != 2 {
			t.Errorf("%+v, %v, %d acknowledgements", out, err, f.acks)
		}
	})
}
