package settle

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/tillproof/tillproof/pos"
)

// Write writes a settlement for a machine (json, csv) or a person (text). Amounts of json and csv are minor units.
func (s *Settlement) Write(w io.Writer, format string) error {
	switch format {
	case "json":
		return json.NewEncoder(w).Encode(s)
	case "csv":
		return s.csv(w)
	case "text":
		return s.text(w)
	}
	return pos.NewError("format_unknown", pos.Permanent, pos.NoneMoved, fmt.Sprintf("There is no format %q.", format), "Ask for text, json or csv.")
}

// csv writes one line for each account. Acquirers' names cannot begin a formula: they are [a-z0-9-].
func (s *Settlement) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	lines := [][]string{{"merchant", "day", "version", "acquirer", "currency", "payments", "gross", "refunds", "refunded", "uncollected", "fees_expected", "unruled",
		"stated_gross", "stated_refunded", "chargebacks", "stated_fees", "stated_net", "net_expected", "paid_out", "difference"}}
	for i := range s.Accounts {
		a := &s.Accounts[i]
		line := []string{string(s.Merchant), s.Day, strconv.Itoa(s.Version), a.Acquirer, string(a.Currency), strconv.Itoa(a.Payments.Count), minor(&a.Payments.Amount),
			strconv.Itoa(a.Refunds.Count), minor(&a.Refunds.Amount), minor(&a.Uncollected.Amount), minor(&a.FeesExpected), strconv.Itoa(a.Unruled)}
		stated := make([]string, 5)
		if t := a.Stated; t != nil {
			stated = []string{minor(&t.Payments.Amount), minor(&t.Refunds.Amount), minor(&t.Chargebacks.Amount), minor(&t.Fees), minor(&t.Net)}
		}
		lines = append(lines, append(append(line, stated...), minor(&a.NetExpected), minor(a.PaidOut), minor(a.Difference)))
	}
	if err := out.WriteAll(lines); err != nil {
		return err
	}
	return out.Error()
}

// minor is an amount in minor units, "" for none.
func minor(m *pos.Minor) string {
	if m == nil {
		return ""
	}
	return strconv.FormatInt(int64(*m), 10)
}

func (s *Settlement) text(w io.Writer) error {
	state := "open"
	if s.Closed {
		state = fmt.Sprintf("version %d, closed %s", s.Version, s.ClosedAt)
	}
	out := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(out, "%s\t%s (%s)\t%s\n", s.Merchant, s.Day, s.Timezone, state)
	if s.Previous != nil {
		fmt.Fprintf(out, "\tcorrects version %d\t%s\n", s.Previous.Version, s.Previous.Hash)
	}
	for i := range s.Accounts {
		s.Accounts[i].text(out)
	}
	for _, note := range []struct {
		n    int
		text string
	}{{s.Pending, "payments without an outcome yet"}, {s.Strange, "lines of statements that belong to nobody"}} {
		if note.n > 0 {
			fmt.Fprintf(out, "\t%s\t%d\n", note.text, note.n)
		}
	}
	if s.Correction != nil {
		fmt.Fprintf(out, "\tsomething has changed since; close the day again for a new version\t\n")
	}
	fmt.Fprintf(out, "\tA computation: nothing is paid by it.\t\n")
	return out.Flush()
}

func (a *Account) text(w io.Writer) {
	name := a.Acquirer
	if name == "" {
		name = "(no acquirer known)"
	}
	line := func(what string, m pos.Minor, more string) {
		fmt.Fprintf(w, "\t%s\t%s\t%s\n", what, pos.Money{Amount: m, Currency: a.Currency}, more)
	}
	fmt.Fprintf(w, "%s\t\t\t\n", name)
	line("payments", a.Payments.Amount, strconv.Itoa(a.Payments.Count))
	line("refunds", -a.Refunds.Amount, strconv.Itoa(a.Refunds.Count))
	if a.Uncollected.Count > 0 {
		line("not collected yet", a.Uncollected.Amount, strconv.Itoa(a.Uncollected.Count))
	}
	if t := a.Stated; t != nil {
		line("chargebacks", -t.Chargebacks.Amount, strconv.Itoa(t.Chargebacks.Count))
	}
	more := ""
	if a.Unruled > 0 {
		more = fmt.Sprintf("%d without a fee rule", a.Unruled)
	}
	line("fees expected", -a.FeesExpected, more)
	line("net expected", a.NetExpected, "")
	if t := a.Stated; t != nil {
		line("fees stated", -t.Fees, "")
		line("net stated", t.Net, "")
	}
	if a.PaidOut != nil {
		line("paid out", *a.PaidOut, "")
		line("difference", *a.Difference, "")
	}
}
