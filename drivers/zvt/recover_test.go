package zvt

import (
	"context"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

func eur(n pos.Minor) pos.Money { return pos.Money{Amount: n, Currency: "EUR"} }

// TestJudge goes through what a last transaction proves of a sale of 10.23 EUR.
func TestJudge(t *testing.T) {
	old := drivers.Last{Trace: "000123", ReceiptNo: "0023"}
	transaction := func(trace string, m pos.Money) found {
		return found{result: &drivers.Result{Code: "00", Decision: drivers.Approved, Trace: trace, ReceiptNo: "00" + trace[4:], Amount: m}}
	}
	stored := func(d drivers.Decision, trace string, n pos.Minor) *drivers.Result {
		return &drivers.Result{Decision: d, Trace: trace, Amount: eur(n)}
	}
	failedNew := transaction("000124", eur(1023))
	failedNew.result.Code = "6c"
	unnumbered := found{result: &drivers.Result{Code: "00", Amount: eur(1023)}}
	receiptOnly := found{result: &drivers.Result{Code: "00", ReceiptNo: "0024", Amount: eur(1023)}}
	receiptOld := found{result: &drivers.Result{Code: "00", ReceiptNo: "0023", Amount: eur(1023)}}
	empty := found{refusal: &refusal{code: 0x65}}
	swapped, elsewhere := transaction("000124", eur(1023)), stored(drivers.Approved, "000124", 1023)
	swapped.result.TerminalID, elsewhere.TerminalID = "12345678", "87654321"
	tipped := transaction("000124", eur(1123))
	tipped.result.Tip = 100
	cases := []struct {
		name   string
		before drivers.Last
		stored *drivers.Result
		found  found
		want   drivers.Verdict
	}{
		{"new and fits", old, nil, transaction("000124", eur(1023)), drivers.Charged},
		{"new without currency", old, nil, transaction("000124", pos.Money{Amount: 1023}), drivers.Charged},
		{"the old one", old, nil, transaction("000123", eur(1023)), drivers.NotCharged},
		{"new with another amount", old, nil, transaction("000124", eur(1024)), drivers.Undecided},
		{"new with a tip", old, nil, tipped, drivers.Charged},
		{"new with a tip that a stored result does not have", old, stored(drivers.Approved, "000124", 1023), tipped, drivers.Undecided},
		{"new with another currency", old, nil, transaction("000124", pos.Money{Amount: 1023, Currency: "CHF"}), drivers.Undecided},
		{"new without an amount", old, nil, transaction("000124", pos.Money{}), drivers.Undecided},
		{"first of an empty terminal", drivers.Last{}, nil, transaction("000001", eur(1023)), drivers.Charged},
		{"still empty", drivers.Last{}, nil, empty, drivers.NotCharged},
		{"still empty, told nothing", drivers.Last{}, nil, found{}, drivers.NotCharged},
		{"emptied since", old, nil, empty, drivers.Undecided},
		{"emptied since, told nothing", old, nil, found{}, drivers.Undecided},
		{"empty with a stored approval", drivers.Last{}, stored(drivers.Approved, "000001", 1023), empty, drivers.Undecided},
		{"question refused", drivers.Last{}, nil, found{refusal: &refusal{code: 0x83, early: true}}, drivers.Undecided},
		{"question failed otherwise", drivers.Last{}, nil, found{refusal: &refusal{code: 0xFF}}, drivers.Undecided},
		{"stored with this trace", old, stored(drivers.Approved, "000124", 1023), transaction("000124", eur(1023)), drivers.Charged},
		{"stored at another terminal", old, elsewhere, swapped, drivers.Undecided},
		{"stored with a tip", old, stored(drivers.Approved, "000124", 1100), transaction("000124", eur(1100)), drivers.Charged},
		{"stored with a tip, found without", old, stored(drivers.Approved, "000124", 1100), transaction("000124", eur(1023)), drivers.Undecided},
		{"stored with another trace", old, stored(drivers.ApprovedOffline, "000125", 1023), transaction("000124", eur(1023)), drivers.Undecided},
		{"stored and taken back", old, stored(drivers.Approved, "000124", 1023), transaction("000123", eur(1023)), drivers.NotCharged},
		{"stored with the old trace", old, stored(drivers.Approved, "000123", 1023), transaction("000123", eur(1023)), drivers.Undecided},
		{"stored without a trace", old, stored(drivers.Approved, "", 1023), transaction("000124", eur(1023)), drivers.Charged},
		{"stored decline", old, stored(drivers.Declined, "000124", 1023), transaction("000123", eur(500)), drivers.NotCharged},
		{"stored decline, then a success", old, stored(drivers.Declined, "", 0), transaction("000124", eur(1023)), drivers.Charged},
		{"new but a failure", old, nil, failedNew, drivers.Undecided},
		{"without any number", old, nil, unnumbered, drivers.Undecided},
		{"without any number in an empty terminal", drivers.Last{}, nil, unnumbered, drivers.Undecided},
		{"receipt numbers only, new", drivers.Last{ReceiptNo: "0023"}, nil, receiptOnly, drivers.Charged},
		{"receipt numbers only, old", drivers.Last{ReceiptNo: "0023"}, nil, receiptOld, drivers.NotCharged},
		{"not told before, one now", drivers.Last{Untold: true}, nil, transaction("000124", eur(1023)), drivers.Undecided},
		{"not told before, stored with this trace", drivers.Last{Untold: true}, stored(drivers.Approved, "000124", 1023), transaction("000124", eur(1023)), drivers.Charged},
		{"not told before, stored with another trace", drivers.Last{Untold: true}, stored(drivers.Approved, "000125", 1023), transaction("000124", eur(1023)), drivers.Undecided},
		{"not told before nor now", drivers.Last{Untold: true}, nil, empty, drivers.Undecided},
		{"different kinds of number", drivers.Last{Trace: "000123"}, nil, receiptOnly, drivers.Undecided},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := &terminal{currency: "EUR"}
			got := d.judge(drivers.Pending{Amount: eur(1023), Before: c.before, Stored: c.stored}, c.found)
			if got.Verdict != c.want || got.Text == "" {
				t.Errorf("%s (%s), want %s", got.Verdict, got.Text, c.want)
			}
			if charged := c.want == drivers.Charged; charged != (got.Result != drivers.Result{}) || charged && got.Result.Amount.Currency != "EUR" {
				t.Errorf("result %+v", got.Result)
			}
		})
	}
}

// TestJudgeMoneyGoingBack goes through what a last transaction proves of a reversal of trace 000123, or of a refund, over 10.23 EUR.
func TestJudgeMoneyGoingBack(t *testing.T) {
	sale := drivers.Last{Trace: "000123", ReceiptNo: "0023"}
	result := func(trace, receipt string, n pos.Minor) *drivers.Result {
		return &drivers.Result{Code: "00", Decision: drivers.Approved, Trace: trace, ReceiptNo: receipt, Amount: eur(n)}
	}
	reversed := func(of string) found { return found{result: result("000124", "0024", 1023), reverses: of} }
	cases := []struct {
		name   string
		what   drivers.Transaction
		stored *drivers.Result
		found  found
		want   drivers.Verdict
	}{
		{"a reversal of the sale", drivers.VoidOf, nil, reversed("000123"), drivers.Charged},
		{"a reversal of the sale, stored", drivers.VoidOf, result("000124", "0024", 1023), reversed("000123"), drivers.Charged},
		{"a reversal of another sale", drivers.VoidOf, nil, reversed("000122"), drivers.Undecided},
		{"a reversal of another sale, stored", drivers.VoidOf, result("000124", "0024", 1023), reversed("000122"), drivers.Undecided},
		{"a reversal over another amount", drivers.VoidOf, nil, found{result: result("000124", "0024", 1000), reverses: "000123"}, drivers.Undecided},
		{"a new transaction that names no sale", drivers.VoidOf, nil, reversed(""), drivers.Undecided},
		{"one that names no sale, stored", drivers.VoidOf, result("000124", "0024", 1023), reversed(""), drivers.Charged},
		{"one that names no sale, under its receipt number", drivers.VoidOf, nil, found{result: result("000124", "0023", 1023)}, drivers.Charged},
		{"the sale is the last one still", drivers.VoidOf, nil, found{result: result("000123", "0023", 1023)}, drivers.NotCharged},
		{"reversed and taken back", drivers.VoidOf, result("000124", "0024", 1023), found{result: result("000123", "0023", 1023)}, drivers.NotCharged},
		{"an older one is the last", drivers.VoidOf, nil, found{result: result("000122", "0022", 1023)}, drivers.Undecided},
		{"nothing told", drivers.VoidOf, nil, found{}, drivers.Undecided},
		{"a new refund", drivers.RefundOf, nil, reversed(""), drivers.Charged},
		{"a reversal instead of a refund", drivers.RefundOf, nil, reversed("000123"), drivers.Undecided},
		{"no refund", drivers.RefundOf, nil, found{result: result("000123", "0023", 1023)}, drivers.NotCharged},
		{"an older one is the last of a refund", drivers.RefundOf, nil, found{result: result("000122", "0022", 1023)}, drivers.Undecided},
		{"a reversal instead of a sale", drivers.SaleOf, nil, reversed("000123"), drivers.Undecided},
		{"an older one is the last of a sale", drivers.SaleOf, nil, found{result: result("000122", "0022", 1023)}, drivers.Undecided},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := &terminal{currency: "EUR"}
			got := d.judge(drivers.Pending{What: c.what, Of: sale, Amount: eur(1023), Before: sale, Stored: c.stored}, c.found)
			if got.Verdict != c.want || got.Text == "" || (c.want == drivers.Charged) != (got.Result != drivers.Result{}) {
				t.Errorf("%+v, want %s", got, c.want)
			}
		})
	}
}

func TestOlder(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"000122", "000123", true}, {"000124", "000123", false}, {"000123", "000123", false}, {"000001", "999999", false}, {"999999", "000001", true},
		{"00000122", "000123", false}, {"", "000123", false}, {"12345678901234567890", "12345678901234567891", false},
	} {
		if got := older(drivers.Last{Trace: c.a}, drivers.Last{Trace: c.b}); got != c.want {
			t.Errorf("%q before %q: %v", c.a, c.b, got)
		}
	}
	if !older(drivers.Last{ReceiptNo: "9999"}, drivers.Last{Trace: "000005", ReceiptNo: "0001"}) {
		t.Error("receipt numbers are not compared")
	}
}

// TestABookedTransactionIsBelievedInTime asks a terminal that tells a fitting transaction at once, early, and in time.
func TestABookedTransactionIsBelievedInTime(t *testing.T) {
	before := drivers.Last{Trace: "000123", ReceiptNo: "0023"}
	for _, c := range []struct {
		name    string
		pending drivers.Pending
		timeout byte
		again   time.Duration
	}{
		{"a sale", drivers.Pending{}, 0, 45 * time.Second},
		{"a sale with a time-out of its own", drivers.Pending{}, 60, 90 * time.Second},
		{"a refund takes no time-out", drivers.Pending{What: drivers.RefundOf}, 2, 45 * time.Second},
		{"left alone for a while", drivers.Pending{Quiet: 15 * time.Minute}, 0, 45 * time.Second},
		{"left alone for long", drivers.Pending{Quiet: 15*time.Minute + 45*time.Second}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			play(t, false, func(d *device) {
				for range 3 {
					d.status(idleStatus)
					d.registration(registered)
					d.repeats(succeeds)
				}
			}, func(s *saleTest) {
				s.terminal.options.resultTimeout = c.timeout
				c.pending.Amount, c.pending.Before = eur(1023), before
				for round, wait := range []time.Duration{c.again, c.again - 10*time.Second, 0} {
					got, err := s.terminal.Recover(context.Background(), c.pending)
					want := drivers.Undecided
					if wait <= 0 {
						want, wait = drivers.Charged, 0
					}
					if err != nil || got.Verdict != want || got.Again.Round(time.Second) != wait || got.Text == "" || got.Last.Trace != "000124" {
						t.Errorf("round %d: %+v, %v; want %s again in %v", round, got, err, want, wait)
					}
					time.Sleep([]time.Duration{10 * time.Second, got.Again, 0}[round])
				}
			})
		})
	}
}

// TestASightingIsOfOneTransaction begins the wait anew when the terminal tells another transaction.
func TestASightingIsOfOneTransaction(t *testing.T) {
	play(t, true, func(d *device) {
		d.status(idleStatus)
		d.registration(registered)
		d.repeats(before)
		for range 2 {
			d.status(idleStatus)
			d.registration(registered)
			d.repeats(succeeds)
		}
	}, func(s *saleTest) {
		last, err := s.terminal.Open(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		for range 2 {
			got, err := s.terminal.Recover(context.Background(), drivers.Pending{Amount: eur(1023), Before: last})
			if err != nil || got.Again.Round(time.Second) != 45*time.Second {
				t.Errorf("%+v, %v", got, err)
			}
		}
	})
}

func TestRecover(t *testing.T) {
	play(t, false, func(d *device) {
		d.status("06 0F 01 9C")
		d.status(idleStatus)
		d.registration(registered)
		d.repeats(succeeds)
	}, func(s *saleTest) {
		got, err := s.terminal.Recover(context.Background(), drivers.Pending{Amount: eur(1023), Before: drivers.Last{Trace: "000123", ReceiptNo: "0023"}, Quiet: time.Hour})
		if err != nil || got.Verdict != drivers.Charged || got.Last != (drivers.Last{Trace: "000124", ReceiptNo: "0024"}) || got.Result.Amount != eur(1023) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestRecoverWithoutTraces asks a terminal that counts no traces and writes 000000 for each: its receipt numbers tell a new transaction from the one before.
func TestRecoverWithoutTraces(t *testing.T) {
	const one = "04 0F 13 27 00 04 00 00 00 00 10 23 0B 00 00 00 87 00 23 49 09 78"
	const next = "04 0F 13 27 00 04 00 00 00 00 10 23 0B 00 00 00 87 00 24 49 09 78"
	play(t, false, func(d *device) {
		for _, last := range []string{one, next} {
			d.status(idleStatus)
			d.registration(registered)
			d.repeats(last)
		}
	}, func(s *saleTest) {
		earlier, err := s.terminal.Open(context.Background())
		if err != nil || earlier != (drivers.Last{ReceiptNo: "0023"}) {
			t.Errorf("%+v, %v", earlier, err)
		}
		got, err := s.terminal.Recover(context.Background(), drivers.Pending{Amount: eur(1023), Before: earlier, Quiet: time.Hour})
		if err != nil || got.Verdict != drivers.Charged {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestRecoverCannotAsk(t *testing.T) {
	for name, script := range map[string]func(*device){
		"nobody there": quietWire,
		"unplugged": func(d *device) {
			d.status(idleStatus)
			d.registration(registered)
			d.takes("06 20")
			d.conn.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, false, script, func(s *saleTest) {
				_, err := s.terminal.Recover(context.Background(), drivers.Pending{Amount: eur(1023)})
				s.wantClass(err, pos.OutcomeUnknown, pos.MoneyUnknown)
			})
		})
	}
}
