package reconcile

import (
	"encoding/hex"
	"strings"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// RowKind says what a line of an acquirer's statement tells.
type RowKind string

// The kinds of line.
const (
	RowPayment    RowKind = "payment"    // the acquirer has taken money for the shop
	RowRefund     RowKind = "refund"     // and given it back
	RowChargeback RowKind = "chargeback" // the customer's bank has taken it back
	RowFee        RowKind = "fee"        // a fee that belongs to no single payment
	RowPayout     RowKind = "payout"     // what the acquirer has paid out to the shop
)

// Known says whether k is one of the kinds above.
func (k RowKind) Known() bool { return k.moves() || k == RowFee || k == RowPayout }

// moves says whether such a line is money of a payment.
func (k RowKind) moves() bool { return k == RowPayment || k == RowRefund || k == RowChargeback }

// Row is one line of an acquirer's statement. What the statement does not say is left empty.
type Row struct {
	Acquirer    string
	Kind        RowKind
	Line        int    // in the file that told it first
	File        string // that file, by the beginning of its SHA-256
	Count       int    // how often one file held the same line; 1 as a rule
	Transaction string // the acquirer's number of this line's transaction
	Original    string // of a refund or chargeback: the transaction that it takes back
	Reference   string // the shop's reference: a payment's id, the reference of a till's QR, or an order
	TerminalID  string
	Trace       string
	ReceiptNo   string
	MerchantID  string // the shop's number at the acquirer
	Tender      pos.Tender
	Brand       string
	Money       pos.Money // above 0
	Fee         *pos.Minor
	At          int64  // milliseconds since 1970-01-01 UTC, 0 where the statement says no time
	Day         string // business date of the statement, YYYY-MM-DD
	Batch       string // names the payout that the line is part of

	Payment pos.PaymentID // that it belongs to, found by [Columns.Match]; zero for none
	of      *Payment
}

// signed is the line's money as the shop sees it.
func (r *Row) signed() pos.Minor {
	if r.Kind == RowPayment {
		return r.Money.Amount
	}
	return -r.Money.Amount
}

// count adds the line to the acquirer's totals.
func (r *Row) count(t pos.Totals) error {
	switch {
	case r.Kind == RowPayment:
		return t.Add(r.tender(), r.Money)
	case r.Kind.moves():
		return less(t, r.tender(), r.Money)
	}
	return nil
}

func (r *Row) tender() pos.Tender {
	if r.of != nil {
		return r.of.Tender
	}
	return r.Tender
}

// group is where a line is added up: with its payment, where it has one.
func (r *Row) group() group {
	if r.of != nil {
		g := r.of.group()
		g.acquirer, g.currency = r.Acquirer, r.Money.Currency
		return g
	}
	return group{r.Acquirer, r.Day, r.Brand, r.Tender, r.Money.Currency}
}

// names finds payments by what a statement may know of them. Where two payments share a name it finds none: a wrong guess would hide two differences.
type names map[string]*Payment

func (n names) add(p *Payment, parts ...string) {
	for _, part := range parts[1:] {
		if part == "" {
			return
		}
	}
	key := strings.Join(parts, "\x00")
	if known := n[key]; known != nil && known != p {
		p = &Payment{}
	}
	n[key] = p
}

func (n names) find(parts ...string) *Payment {
	for _, part := range parts[1:] {
		if part == "" {
			return nil
		}
	}
	if p := n[strings.Join(parts, "\x00")]; p != nil && !p.ID.IsZero() {
		return p
	}
	return nil
}

// Match finds the payment of each line: by the payment's id, by the acquirer's transaction, by the reference of a till's QR, by the card terminal's number
// and trace or receipt around that day, and last by the order, where it has one payment only. A payment that is found takes over the acquirer of the line.
func (c *Columns) Match() {
	if len(c.Statement) == 0 {
		return
	}
	known := names{}
	for i := range c.Journal {
		c.Journal[i].name(known)
	}
	for i := range c.Statement {
		if r := &c.Statement[i]; r.Kind.moves() {
			r.find(known)
		}
	}
	own := names{}
	for i := range c.Statement {
		if r := &c.Statement[i]; r.of != nil && r.Kind == RowPayment {
			own.add(r.of, "transaction", r.Acquirer, r.Transaction)
		}
	}
	for i := range c.Statement {
		r := &c.Statement[i]
		if p := own.find("transaction", r.Acquirer, r.Original); p != nil && r.Kind.moves() && r.Kind != RowPayment {
			r.of, r.Payment = p, p.ID
		}
		if r.of != nil && r.of.Acquirer == "" {
			r.of.Acquirer = r.Acquirer
		}
	}
}

// name enters all that a statement may know of the payment. What was never asked of an acquirer has no name there.
func (p *Payment) name(known names) {
	if p.Tender == pos.Cash || p.Tender == pos.None {
		return
	}
	known.add(p, "id", p.ID.String())
	known.add(p, "id", hex.EncodeToString(p.ID[:]))
	known.add(p, "reference", p.Reference)
	if p.Tender == pos.Card {
		for _, day := range around(p.Day) {
			known.add(p, "trace", p.TerminalID, p.Trace, day)
			known.add(p, "receipt", p.TerminalID, p.ReceiptNo, day)
		}
	} else {
		known.add(p, "trace", p.Trace)
	}
	if !p.Status.Uncharged() {
		known.add(p, "order", string(p.Order))
	}
}

// around is a day with the one before and the one behind it: terminal, shop and acquirer change theirs at different hours.
func around(day string) []string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return nil
	}
	return []string{day, at.AddDate(0, 0, -1).Format(time.DateOnly), at.AddDate(0, 0, 1).Format(time.DateOnly)}
}

func (r *Row) find(known names) {
	for _, p := range []*Payment{known.find("id", strings.ToLower(r.Reference)), known.find("trace", r.Transaction), known.find("trace", r.Original),
		known.find("reference", r.Reference), known.find("trace", r.TerminalID, r.Trace, r.Day), known.find("receipt", r.TerminalID, r.ReceiptNo, r.Day),
		known.find("order", r.Reference)} {
		if p != nil {
			r.of, r.Payment = p, p.ID
			return
		}
	}
}
