package transbank

import (
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// TestWhatBecameOfASale is every way in which the last sale, the list of sales and what was told late decide, or do not.
func TestWhatBecameOfASale(t *testing.T) {
	ticket := drivers.Ticket("order 1", ticketLength)
	sold := func(operation, ticket string, amount, tip pos.Minor) told {
		return told{code: approved, operation: operation, ticket: ticket, amount: amount, tip: tip, auth: "1"}
	}
	ours, old, newer := sold("000008", ticket, 4990, 0), sold("000007", "OLDONE", 4990, 0), sold("000009", "NEWONE", 4990, 0)
	before := drivers.Last{Trace: "7", ReceiptNo: "OLDONE"}
	declined := told{code: "02", ticket: ticket, amount: -1}
	booked := &drivers.Result{Decision: drivers.Approved, Amount: pos.Money{Amount: 5489, Currency: currency}}
	refused := &drivers.Result{Decision: drivers.Declined, Code: "01"}
	for name, c := range map[string]struct {
		q    question
		list []told // nil for a terminal that does not tell it
		want drivers.Verdict
		text string
	}{
		"last sale is ours":                      {question{last: ours}, nil, drivers.Charged, "operation 000008"},
		"ours with a tip on top":                 {question{last: sold("8", ticket, 4990, 499)}, nil, drivers.Charged, ""},
		"ours with a tip inside":                 {question{last: sold("8", ticket, 5489, 499)}, nil, drivers.Charged, ""},
		"ours over another amount":               {question{last: sold("8", ticket, 4991, 0)}, nil, drivers.Undecided, "4991 instead of 4990"},
		"ours over the amount that was stored":   {question{last: sold("8", ticket, 5489, 0), p: drivers.Pending{Stored: booked}}, nil, drivers.Charged, ""},
		"ours over less than what was stored":    {question{last: ours, p: drivers.Pending{Stored: booked}}, nil, drivers.Undecided, "steps"},
		"ours, without a base line":              {question{last: ours, p: drivers.Pending{Before: drivers.Last{Untold: true}}}, nil, drivers.Charged, ""},
		"ours, told as not approved":             {question{last: declined}, nil, drivers.NotCharged, "host"},
		"the one before":                         {question{last: old, p: drivers.Pending{Before: before}}, nil, drivers.NotCharged, "still operation 000007"},
		"none before and none now":               {question{}, nil, drivers.NotCharged, "none now"},
		"none now, one before":                   {question{p: drivers.Pending{Before: before}}, []told{}, drivers.Undecided, "do not reach back"},
		"another, no list":                       {question{last: newer, p: drivers.Pending{Before: before}}, nil, drivers.Undecided, "does not tell its list"},
		"another hides ours":                     {question{last: newer, p: drivers.Pending{Before: before}}, []told{old, ours, newer}, drivers.Charged, "000008"},
		"another, ours did not happen":           {question{last: newer, p: drivers.Pending{Before: before}}, []told{old, newer}, drivers.NotCharged, "reach back"},
		"another, after an end of day":           {question{last: newer, p: drivers.Pending{Before: before}}, []told{newer}, drivers.Undecided, "do not reach back"},
		"another, none before":                   {question{last: newer}, []told{newer}, drivers.NotCharged, ""},
		"another, without a base line":           {question{last: newer, p: drivers.Pending{Before: drivers.Last{Untold: true}}}, []told{newer}, drivers.Undecided, ""},
		"older than the one before":              {question{last: sold("5", "FIFTH1", 100, 0), p: drivers.Pending{Before: before}}, []told{sold("5", "FIFTH1", 100, 0)}, drivers.NotCharged, ""},
		"the number of the one before reused":    {question{last: sold("7", "NEWONE", 100, 0), p: drivers.Pending{Before: before}}, nil, drivers.Undecided, ""},
		"nothing told":                           {question{untold: true}, nil, drivers.Undecided, "neither"},
		"only the list tells":                    {question{untold: true, p: drivers.Pending{Before: before}}, []told{old, ours}, drivers.Charged, ""},
		"stored as approved, and the one before": {question{last: old, p: drivers.Pending{Before: before, Stored: booked}}, []told{old}, drivers.Undecided, "does not list it now"},
		"stored as declined, and another":        {question{last: newer, p: drivers.Pending{Before: before, Stored: refused}}, nil, drivers.NotCharged, "(code 01)"},
		"stored as declined, and charged":        {question{last: newer, p: drivers.Pending{Before: before, Stored: refused}}, []told{ours}, drivers.Charged, ""},
		"repeated late, approved":                {question{last: old, late: &ours, p: drivers.Pending{Before: before}}, nil, drivers.Charged, ""},
		"repeated late, declined":                {question{last: old, late: &declined, p: drivers.Pending{Before: before}}, nil, drivers.NotCharged, "did not approve"},
	} {
		t.Run(name, func(t *testing.T) {
			c.q.ticket, c.q.p.Amount = ticket, pos.Money{Amount: 4990, Currency: currency}
			got, decided := c.q.judge()
			if !decided {
				got = c.q.search(c.list, c.list != nil)
			}
			if got.Verdict != c.want || got.Text == "" || c.text != "steps" && !strings.Contains(got.Text, c.text) {
				t.Errorf("%+v", got)
			}
			if got.Verdict == drivers.Undecided && (!strings.Contains(got.Text, ticket) || !strings.Contains(got.Text, "4990") || !strings.Contains(got.Text, "decide")) {
				t.Errorf("no steps: %s", got.Text)
			}
			if got.Verdict == drivers.Charged && (got.Result.Decision != drivers.Approved || got.Result.ReceiptNo != ticket || got.Result.Amount.Currency != currency) {
				t.Errorf("%+v", got.Result)
			}
		})
	}
}

func TestWhatBecameOfAVoid(t *testing.T) {
	of := drivers.Last{Trace: "000005", ReceiptNo: "FIFTH1"}
	for want, stored := range map[drivers.Verdict]*drivers.Result{
		drivers.Charged:    {Decision: drivers.Approved, Code: approved, Trace: "000005"},
		drivers.NotCharged: {Decision: drivers.Cancelled, Code: cancelledCode},
	} {
		r, err := (&terminal{}).recoverVoid(t.Context(), drivers.Pending{What: drivers.VoidOf, Of: of, Stored: stored})
		if err != nil || r.Verdict != want || want == drivers.Charged && r.Result != *stored {
			t.Errorf("%+v: %+v, %v", stored, r, err)
		}
	}
	for name, c := range map[string]struct {
		list   []told
		listed bool
		want   drivers.Verdict
	}{
		"still there":           {[]told{{operation: "4"}, {operation: "5", ticket: "FIFTH1"}}, true, drivers.NotCharged},
		"gone, older ones stay": {[]told{{operation: "4"}, {operation: "000006"}}, true, drivers.Charged},
		"gone, no older one":    {[]told{{operation: "6"}}, true, drivers.Undecided},
		"an empty list":         {nil, true, drivers.Undecided},
		"another has its number": {[]told{{operation: "4"}, {operation: "5", ticket: "OTHER1"}}, true,
			drivers.Undecided},
		"no list": {nil, false, drivers.Undecided},
	} {
		got := (&terminal{}).searchVoid(drivers.Pending{Of: of, Amount: pos.Money{Amount: 4990, Currency: currency}}, c.list, c.listed)
		if got.Verdict != c.want || got.Text == "" || got.Verdict == drivers.Undecided && !strings.Contains(got.Text, "FIFTH1") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
