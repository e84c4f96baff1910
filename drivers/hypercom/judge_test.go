package hypercom

import (
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/pos"
)

func money(minor pos.Minor) pos.Money { return pos.Money{Amount: minor, Currency: "MYR"} }

// found is a transaction as the terminal tells it.
func found(change func(*reply)) reply {
	r := reply{code: "12", response: "00", id: drivers.Ticket("a sale", idLength), priced: true,
		result: drivers.Result{Amount: money(1023), Trace: "000042", ReceiptNo: "000417", Code: "00"}}
	if change != nil {
		change(&r)
	}
	return r
}

func judging(t *testing.T, options map[string]string) *terminal {
	t.Helper()
	near, far := drivertest.Wire()
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	made, err := newTerminal(near, drivers.Settings{Currency: "MYR", Options: options})
	if err != nil {
		t.Fatal(err)
	}
	return made.(*terminal)
}

func TestJudge(t *testing.T) {
	held := &drivers.Result{Decision: drivers.Approved, Amount: money(1100), Trace: "000042", ReceiptNo: "000417"}
	for name, c := range map[string]struct {
		what   drivers.Transaction
		stored *drivers.Result
		told   func(*reply)
		want   drivers.Verdict
		amount pos.Minor
	}{
		"found":                            {drivers.SaleOf, nil, nil, drivers.Charged, 1023},
		"found, detail 00":                 {drivers.SaleOf, nil, func(r *reply) { r.detail = "00" }, drivers.Charged, 1023},
		"a void without an amount":         {drivers.VoidOf, nil, func(r *reply) { r.priced = false }, drivers.Charged, 1023},
		"a refund":                         {drivers.RefundOf, nil, nil, drivers.Charged, 1023},
		"what was stored, tip included":    {drivers.SaleOf, held, func(r *reply) { r.result.Amount = money(1100) }, drivers.Charged, 1100},
		"stored, and another amount":       {drivers.SaleOf, held, nil, drivers.Undecided, 0},
		"stored, and another trace":        {drivers.SaleOf, held, func(r *reply) { r.result.Amount, r.result.Trace = money(1100), "000043" }, drivers.Undecided, 0},
		"not there":                        {drivers.SaleOf, nil, func(r *reply) { r.response = "25" }, drivers.NotCharged, 0},
		"stored, and not there":            {drivers.SaleOf, held, func(r *reply) { r.response = "25" }, drivers.Undecided, 0},
		"the question is refused":          {drivers.SaleOf, nil, func(r *reply) { r.response = "12" }, drivers.Undecided, 0},
		"another name":                     {drivers.SaleOf, nil, func(r *reply) { r.id = "ANOTHER" }, drivers.Undecided, 0},
		"no name":                          {drivers.SaleOf, nil, func(r *reply) { r.id = "" }, drivers.Undecided, 0},
		"another amount":                   {drivers.SaleOf, nil, func(r *reply) { r.result.Amount = money(1000) }, drivers.Undecided, 0},
		"a void over another amount":       {drivers.VoidOf, nil, func(r *reply) { r.result.Amount = money(1000) }, drivers.Undecided, 0},
		"no amount":                        {drivers.SaleOf, nil, func(r *reply) { r.priced = false }, drivers.Undecided, 0},
		"approved, and taken back, it may": {drivers.SaleOf, nil, func(r *reply) { r.detail = "VD" }, drivers.Undecided, 0},
	} {
		term := judging(t, nil)
		p := drivers.Pending{What: c.what, Ref: "a sale", Amount: money(1023), Stored: c.stored, Of: drivers.Last{ReceiptNo: "000416"}}
		got := term.judge(p, found(c.told), drivers.Ticket("a sale", idLength))
		if got.Verdict != c.want || got.Text == "" || c.want == drivers.Charged && (got.Result.Amount != money(c.amount) || got.Result.Decision != drivers.Approved || got.Last.Trace != "000042") {
			t.Errorf("%s: %+v", name, got)
		}
		if got.Verdict == drivers.Undecided && !strings.Contains(got.Text, "print") {
			t.Errorf("%s: nobody is told what to do: %s", name, got.Text)
		}
	}
}

func TestJudgeByTrace(t *testing.T) {
	held := &drivers.Result{Decision: drivers.Approved, Amount: money(1023), Trace: "000042", ReceiptNo: "000417", Date: "2026-11-22", Time: "10:15:30"}
	for name, c := range map[string]struct {
		told func(*reply)
		want drivers.Verdict
	}{
		"told again":      {nil, drivers.Charged},
		"without zeros":   {func(r *reply) { r.result.Trace, r.result.ReceiptNo = "42", "417" }, drivers.Charged},
		"no invoice":      {func(r *reply) { r.result.ReceiptNo = "" }, drivers.Charged},
		"another invoice": {func(r *reply) { r.result.ReceiptNo = "000418" }, drivers.Undecided},
		"another trace":   {func(r *reply) { r.result.Trace = "000043" }, drivers.Undecided},
		"at its time":     {func(r *reply) { r.result.Date, r.result.Time = "2026-11-22", "10:15:30" }, drivers.Charged},
		"of another day":  {func(r *reply) { r.result.Date, r.result.Time = "2026-10-02", "10:15:30" }, drivers.Undecided},
		"at another time": {func(r *reply) { r.result.Date, r.result.Time = "2026-11-22", "09:15:30" }, drivers.Undecided},
		"no trace":        {func(r *reply) { r.result.Trace = "" }, drivers.Undecided},
		"another amount":  {func(r *reply) { r.result.Amount = money(1000) }, drivers.Undecided},
		"no amount":       {func(r *reply) { r.priced = false }, drivers.Undecided},
		"not there":       {func(r *reply) { r.response = "25" }, drivers.Undecided},
		"taken back":      {func(r *reply) { r.detail = "VD" }, drivers.Undecided},
	} {
		term := judging(t, map[string]string{"profile": "linkpos"})
		got := term.judgeTrace(drivers.Pending{Ref: "a sale", Amount: money(1023), Stored: held}, held, found(c.told))
		if got.Verdict != c.want || got.Text == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A refusal that was durable is the terminal's last word, and a person is told what to look for.
func TestRecoveryWithoutAQuestion(t *testing.T) {
	term := judging(t, map[string]string{"profile": "linkpos", "running_s": "1"})
	refused := &drivers.Result{Decision: drivers.Declined, Code: "51"}
	got, err := term.Recover(t.Context(), drivers.Pending{Ref: "a sale", Amount: money(1023), Stored: refused})
	if err != nil || got.Verdict != drivers.NotCharged {
		t.Errorf("%+v, %v", got, err)
	}
	for what, words := range map[drivers.Transaction]string{drivers.SaleOf: "a payment of 10.23 MYR", drivers.VoidOf: "a void of invoice 000416 over 10.23 MYR", drivers.RefundOf: "a refund of 10.23 MYR"} {
		p := drivers.Pending{What: what, Ref: string(what), Amount: money(1023), Of: drivers.Last{ReceiptNo: "000416"}, Quiet: term.options.running}
		got, err := term.Recover(t.Context(), p)
		if err != nil || got.Verdict != drivers.Undecided || got.Again != 0 || !strings.Contains(got.Text, words) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
		p.Quiet, p.Ref = 0, "again "+p.Ref
		if got, err := term.Recover(t.Context(), p); err != nil || got.Verdict != drivers.Undecided || got.Again <= 0 {
			t.Errorf("%s, at once: %+v, %v", what, got, err)
		}
	}
}

// What came late must not contradict what was durable before.
func TestALateReplyAndWhatWasStored(t *testing.T) {
	held := &drivers.Result{Decision: drivers.Approved, Amount: money(1023), Trace: "000042"}
	thai, named := map[string]string{"profile": "linkpos"}, map[string]string(nil)
	for name, c := range map[string]struct {
		options map[string]string
		stored  *drivers.Result
		told    func(*reply)
		want    drivers.Verdict // "" for none
	}{
		"its number":                      {thai, held, nil, drivers.Charged},
		"another number":                  {thai, held, func(r *reply) { r.result.Trace = "000043" }, ""},
		"nothing stored":                  {thai, nil, func(r *reply) { r.result.Trace = "000043" }, drivers.Charged},
		"older than the last one":         {thai, nil, func(r *reply) { r.result.Trace, r.result.Date, r.result.Time = "000039", "2026-11-21", "10:15:30" }, ""},
		"its name":                        {named, held, nil, drivers.Charged},
		"its name, and another number":    {named, held, func(r *reply) { r.result.Trace = "000043" }, ""},
		"its name, refused":               {named, nil, func(r *reply) { r.response = "51" }, drivers.NotCharged},
		"its name, refused, was approved": {named, held, func(r *reply) { r.response = "51" }, ""},
	} {
		term := judging(t, c.options)
		term.last = found(func(r *reply) {
			r.code = "20"
			r.result.Trace, r.result.Date, r.result.Time = "000041", "2026-11-22", "10:15:30"
		})
		late := found(c.told)
		late.code = "20"
		term.keepLate(late)
		got, decided := term.judgeLate(drivers.Pending{Ref: "a sale", Amount: money(1023), Stored: c.stored})
		if decided != (c.want != "") || decided && got.Verdict != c.want {
			t.Errorf("%s: %+v, %v", name, got, decided)
		}
	}
}

func TestNumbers(t *testing.T) {
	for told, want := range map[string]string{"000042": "000042", "42": "42", "00000042": "000042", "000000000417": "000417", "1000042": "", "000000": "", "00000000": "", "0": "",
		"": "", "  42  ": "42", "00042A": "", "42\x00\x00": "42"} {
		if got := number(codec.Message{Fields: []codec.Field{codec.Text(fieldTrace, told)}}, fieldTrace); got != want {
			t.Errorf("%q is %q, not %q", told, got, want)
		}
	}
}
