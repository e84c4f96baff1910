package zvt

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// TestCommandsOfMoneyGoingBack pins the bytes of 06 30 and 06 31.
func TestCommandsOfMoneyGoingBack(t *testing.T) {
	o, err := readOptions(map[string]string{"password": "123456", "result_timeout_s": "60"})
	if err != nil {
		t.Fatal(err)
	}
	d := &terminal{options: o, currency: "EUR"}
	for _, c := range []struct {
		want  string
		build func() (codec.APDU, error)
	}{
		{"06 30 10 12 34 56 87 00 24 04 00 00 00 00 10 23 49 09 78",
			func() (codec.APDU, error) { return d.reversal(eur(1023), drivers.Last{ReceiptNo: "0024"}) }},
		{"06 30 10 12 34 56 87 99 99 04 99 99 99 99 99 99 49 09 78",
			func() (codec.APDU, error) { return d.reversal(eur(999_999_999_999), drivers.Last{ReceiptNo: "9999"}) }},
		{"06 31 0D 12 34 56 04 00 00 00 00 10 23 49 09 78", func() (codec.APDU, error) { return d.refund(eur(1023)) }},
	} {
		a, err := c.build()
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := a.Marshal(); !slices.Equal(got, plain(c.want)) {
			t.Errorf("% x, want %s", got, c.want)
		}
	}
}

func TestReceiptNumber(t *testing.T) {
	for in, want := range map[string]uint64{"0024": 24, "9999": 9999, "7": 7, "": 0, "0000": 0, "12345": 0, "-001": 0, "12a4": 0} {
		if n, ok := receiptNumber(in); n != want && ok || ok != (want > 0) {
			t.Errorf("%q: %d, %v", in, n, ok)
		}
	}
}

// back runs a void of receipt 24 or a refund over 10.23 EUR.
func (s *saleTest) back(what drivers.Transaction) (drivers.Outcome, error) {
	command := drivers.Sale{Amount: eur(1023), Cancel: s.cancel, Progress: func(p drivers.Progress) { s.shown = append(s.shown, p.Code+" "+p.Text) },
		Commit: func(r drivers.Result) error {
			s.stored = append(s.stored, r)
			return s.commit
		}}
	if what == drivers.VoidOf {
		return s.terminal.Void(context.Background(), command, drivers.Last{Trace: "000023", ReceiptNo: "0024"})
	}
	return s.terminal.Refund(context.Background(), command)
}

// TestMoneyGoesBack follows whole courses of 06 30 and 06 31.
func TestMoneyGoesBack(t *testing.T) {
	commands := map[drivers.Transaction]string{
		drivers.VoidOf:   "06 30 10 00 00 00 87 00 24 04 00 00 00 00 10 23 49 09 78",
		drivers.RefundOf: "06 31 0D 00 00 00 04 00 00 00 00 10 23 49 09 78",
	}
	for what, command := range commands {
		for _, c := range []struct {
			name     string
			script   func(*device)
			decision drivers.Decision // "" for unknown
			words    string           // of the result, or of the error
		}{
			{"done", func(d *device) {
				d.asks("04 FF 01 0E", okay)
				d.asks(succeeds, okay)
				d.asks("06 D1 03 81 5A 5A", okay)
				d.asks(completes, okay)
			}, drivers.Approved, "successful"},
			{"reversed before", func(d *device) {
				d.asks("04 0F 02 27 B4", okay)
				d.asks("06 1E 01 B4", okay)
			}, drivers.Declined, "reversed before"},
			{"not possible, told by its end only", func(d *device) { d.asks("06 1E 01 B5", okay) }, drivers.Declined, "settled"},
			{"success and failure contradict", func(d *device) {
				d.asks(succeeds, okay)
				d.asks("06 1E 01 6C", okay)
			}, "", "ended the " + string(deedOf(what))},
			{"no end", func(d *device) { d.asks(succeeds, okay) }, "", "did not finish the " + string(deedOf(what))},
			{"nothing", func(*device) {}, "", "no clear result"},
		} {
			t.Run(string(what)+" "+c.name, func(t *testing.T) {
				play(t, false, func(d *device) {
					d.takes(command)
					d.says(okay)
					c.script(d)
					quietWire(d)
				}, func(s *saleTest) {
					out, err := s.back(what)
					if c.decision == "" {
						s.wantClass(err, pos.OutcomeUnknown, pos.MoneyUnknown)
						if !strings.Contains(err.Error(), c.words) {
							t.Error(err)
						}
						return
					}
					if err != nil || out.Result.Decision != c.decision || !strings.Contains(out.Result.Text, c.words) || len(s.stored) != 1 || s.stored[0] != out.Result {
						t.Errorf("%+v, %v; stored %+v", out.Result, err, s.stored)
					}
					if len(out.Receipts) != len(s.shown) {
						t.Errorf("receipts %+v, shown %q", out.Receipts, s.shown)
					}
				})
			})
		}
	}
}

// TestRefusedMoneyStays goes through the refusals before acceptance: nothing moved.
func TestRefusedMoneyStays(t *testing.T) {
	for _, c := range []struct {
		refusal string
		code    pos.ErrorCode
		retry   pos.Retry
		next    string
	}{
		{"84 B4 00", terminalRefused, pos.Permanent, "earlier reversal"},
		{"84 B5 00", terminalRefused, pos.Permanent, "refund"},
		{"84 83 00", notPossible, pos.Permanent, "at the terminal itself"},
		{"84 9C 00", deviceUnavailable, pos.Transient, "idle"},
		{"84 F0 00", deviceUnavailable, pos.Transient, "end of day"},
		{"84 B8 00", terminalRefused, pos.Permanent, "open reservations"},
	} {
		for _, what := range []drivers.Transaction{drivers.VoidOf, drivers.RefundOf} {
			play(t, false, func(d *device) {
				d.takes("06")
				d.says(c.refusal)
			}, func(s *saleTest) {
				_, err := s.back(what)
				s.wantClass(err, c.retry, pos.NoneMoved)
				var e *pos.Error
				if errors.As(err, &e) && (e.Code != c.code || !strings.Contains(e.Next, c.next)) {
					t.Errorf("%s: %+v", c.refusal, e)
				}
			})
		}
	}
}

// TestARefusalOfARepetitionProvesNothing refuses the second sending of a command whose first may have been begun.
func TestARefusalOfARepetitionProvesNothing(t *testing.T) {
	play(t, false, func(d *device) {
		d.hears("06 30")
		d.takes("06 30")
		d.says("84 B4 00")
	}, func(s *saleTest) {
		_, err := s.back(drivers.VoidOf)
		s.wantClass(err, pos.OutcomeUnknown, pos.MoneyUnknown)
	})
}
