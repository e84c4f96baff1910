package ecr17

import (
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

func TestJudge(t *testing.T) {
	euros := func(n pos.Minor) pos.Money { return pos.Money{Amount: n, Currency: "EUR"} }
	sale := drivers.Pending{Amount: euros(1023), Before: drivers.Last{Trace: "000100"}}
	void := drivers.Pending{What: drivers.VoidOf, Of: drivers.Last{Trace: "000100"}, Amount: euros(1023), Before: drivers.Last{Trace: "000100"}}
	with := func(p drivers.Pending, alter func(*drivers.Pending)) drivers.Pending { alter(&p); return p }
	held := func(decision drivers.Decision, code, stan string, amount pos.Minor) func(*drivers.Pending) {
		return func(p *drivers.Pending) {
			p.Stored = &drivers.Result{Decision: decision, Code: code, Trace: stan, Amount: euros(amount)}
		}
	}
	paid := func(stan string, amount pos.Minor) *reply {
		return &reply{outcome: resultOK, stan: stan, priced: amount > 0, result: drivers.Result{Decision: drivers.Approved, Code: "00", Trace: stan, Amount: euros(amount)}}
	}
	reversed := func(stan string) *reply { r := paid(stan, 0); r.reversal = true; return r }
	foreign := func(stan string) *reply { r := paid(stan, 1023); r.foreign = true; return r }
	refused := func(stan string) *reply { return &reply{outcome: resultRefused, stan: stan} }
	untold := drivers.Last{Untold: true}
	for name, c := range map[string]struct {
		pending drivers.Pending
		last    *reply
		want    drivers.Verdict
		sure    bool
	}{
		"nothing told":                        {sale, nil, drivers.Undecided, false},
		"the one before":                      {sale, paid("000100", 1023), drivers.NotCharged, false},
		"the refusal before":                  {with(sale, func(p *drivers.Pending) { p.Before.Trace = noStan }), refused(noStan), drivers.NotCharged, false},
		"new and equal":                       {sale, paid("000101", 1023), drivers.Charged, false},
		"new, equal, with a gap":              {sale, paid("000140", 1023), drivers.Charged, false},
		"behind a terminal's first day":       {with(sale, func(p *drivers.Pending) { p.Before = drivers.Last{} }), paid("000001", 1023), drivers.Charged, false},
		"behind a refusal without a number":   {with(sale, func(p *drivers.Pending) { p.Before.Trace = noStan }), paid("000001", 1023), drivers.Charged, false},
		"over the end of the numbers":         {with(sale, func(p *drivers.Pending) { p.Before.Trace = "999999" }), paid("000001", 1023), drivers.Charged, false},
		"another amount":                      {sale, paid("000101", 1000), drivers.Undecided, false},
		"no amount":                           {sale, paid("000101", 0), drivers.Undecided, false},
		"no number":                           {sale, paid("", 1023), drivers.Undecided, false},
		"an approval with zeros":              {sale, paid(noStan, 1023), drivers.Undecided, false},
		"zeros behind zeros":                  {with(sale, func(p *drivers.Pending) { p.Before.Trace = noStan }), paid(noStan, 1023), drivers.Undecided, false},
		"older":                               {sale, paid("000099", 1023), drivers.Undecided, false},
		"none was told before":                {with(sale, func(p *drivers.Pending) { p.Before = untold }), paid("000101", 1023), drivers.Undecided, false},
		"a reversal for a sale":               {sale, reversed("000101"), drivers.Undecided, false},
		"a pre-authorisation":                 {sale, foreign("000101"), drivers.Undecided, false},
		"the next is refused":                 {sale, refused("000101"), drivers.NotCharged, false},
		"the next, of a code nobody knows":    {sale, &reply{outcome: "02", stan: "000101"}, drivers.Undecided, false},
		"a later one is refused":              {sale, refused("000102"), drivers.Undecided, false},
		"a refusal without a number":          {sale, refused(noStan), drivers.Undecided, false},
		"a refusal, none told before":         {with(sale, func(p *drivers.Pending) { p.Before = untold }), refused("000101"), drivers.Undecided, false},
		"the durable approval":                {with(sale, held(drivers.Approved, "00", "000101", 1023)), paid("000101", 1023), drivers.Charged, false},
		"the durable one, of another amount":  {with(sale, held(drivers.Approved, "00", "000101", 999)), paid("000101", 999), drivers.Charged, false},
		"the durable one, and another amount": {with(sale, held(drivers.Approved, "00", "000101", 999)), paid("000101", 1023), drivers.Undecided, false},
		"the durable one, without an amount":  {with(sale, held(drivers.Approved, "00", "000101", 1023)), paid("000101", 0), drivers.Charged, false},
		"the durable one, none told before":   {with(sale, func(p *drivers.Pending) { p.Before = untold; held(drivers.Approved, "00", "000101", 1023)(p) }), paid("000101", 1023), drivers.Charged, false},
		"not the durable one":                 {with(sale, held(drivers.Approved, "00", "000101", 1023)), paid("000102", 1023), drivers.Undecided, false},
		"the one before, and a durable one":   {with(sale, held(drivers.Approved, "00", "000101", 1023)), paid("000100", 1023), drivers.Undecided, false},
		"a refusal, and a durable approval":   {with(sale, held(drivers.Approved, "00", "000101", 1023)), refused("000101"), drivers.Undecided, false},
		"the durable refusal":                 {with(sale, held(drivers.Declined, "01", noStan, 1023)), refused(noStan), drivers.NotCharged, true},
		"another than the durable refusal":    {with(sale, held(drivers.Declined, "05", noStan, 1023)), refused(noStan), drivers.Undecided, false},
		"an approval behind a refusal":        {with(sale, held(drivers.Declined, "01", "000101", 1023)), paid("000102", 1023), drivers.Charged, false},
		"a void":                              {void, reversed("000101"), drivers.Charged, false},
		"no void":                             {void, paid("000100", 1023), drivers.NotCharged, false},
		"a sale for a void":                   {void, paid("000101", 1023), drivers.Undecided, false},
		"a refused void":                      {void, refused("000101"), drivers.NotCharged, false},
	} {
		term := &terminal{options: defaults(), currency: "EUR"}
		got, sure := term.judge(c.pending, stored{c.last})
		if got.Verdict != c.want || sure != c.sure || got.Text == "" || got.Again != 0 {
			t.Errorf("%s: %+v, sure %v", name, got, sure)
		}
		if got.Verdict == drivers.Charged && (got.Result.Amount.Amount < 1 || got.Result.Trace == "") {
			t.Errorf("%s: %+v", name, got.Result)
		}
		if got.Verdict == drivers.Undecided && !strings.Contains(got.Text, "10.23 EUR") {
			t.Errorf("%s: nobody is told what to do: %s", name, got.Text)
		}
	}
}

// A terminal whose clock is wrong by years compares by its own clock.
func TestAWrongClockProvesNothing(t *testing.T) {
	now := time.Now()
	for _, wrong := range []time.Duration{0, -3 * time.Hour, 100 * 24 * time.Hour, -1000 * 24 * time.Hour} {
		term := &terminal{options: defaults(), clock: wrong, timed: true}
		there := now.Add(wrong)
		last := stored{&reply{moment: there.Format("0021504")}}
		if term.beforeIntent(drivers.Pending{Begun: now.Add(-time.Minute)}, last) {
			t.Errorf("wrong by %s: a fresh result is older than its sale", wrong)
		}
		if !term.beforeIntent(drivers.Pending{Begun: now.Add(72 * time.Hour)}, last) {
			t.Errorf("wrong by %s: an old result is not older", wrong)
		}
	}
}
