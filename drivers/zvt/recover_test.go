package zvt

import (
	"context"
	"testing"

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

func TestRecover(t *testing.T) {
	play(t, false, func(d *device) {
		d.status("06 0F 01 9C")
		d.status(idleStatus)
		d.registration(registered)
		d.repeats(succeeds)
	}, func(s *saleTest) {
		got, err := s.terminal.Recover(context.Background(), drivers.Pending{Amount: eur(1023), Before: drivers.Last{Trace: "000123", ReceiptNo: "0023"}})
		if err != nil || got.Verdict != drivers.Charged || got.Last != (drivers.Last{Trace: "000124", ReceiptNo: "0024"}) || got.Result.Amount != eur(1023) {
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
