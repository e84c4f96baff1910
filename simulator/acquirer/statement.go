package acquirer

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/pos"
	proto "github.com/tillproof/tillproof/sync/acquirer"
)

// Kind is what a line of the statement is about.
type Kind string

// The kinds of line. Money of payments and captures comes in, that of the others goes back.
const (
	Payment    Kind = "payment"    // a customer has paid a code or a QR
	Refund     Kind = "refund"     // given back by a refund
	Reversal   Kind = "reversal"   // given back by a cancel
	Capture    Kind = "capture"    // an offline approval was collected
	Chargeback Kind = "chargeback" // the customer's bank has taken the money back, whatever had been promised
)

// Entry is a line of the acquirer's own statement. Lines are never changed: what goes back is a line of its own.
type Entry struct {
	At          int64 // milliseconds since 1970-01-01 UTC
	Kind        Kind
	Transaction string // of this line, unique
	Original    string // the transaction that a refund, reversal or chargeback undoes, else ""
	Ref         string // 32 hex digits, "" for money with a reference that nobody expects
	Order       pos.OrderRef
	Till        pos.TillID
	Scheme      string
	Reference   string    // that the customer's money named, "" for none
	Amount      pos.Money // above 0 when it came in, below when it went back
	Fee         pos.Minor // what the acquirer keeps of it, of the same currency
}

// Statement lists what happened from one moment up to and without another, in the order in which it did; a zero until means all.
func (a *Acquirer) Statement(from, until time.Time) []Entry {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(a.lines), func(e Entry) bool {
		return e.At < from.UnixMilli() || !until.IsZero() && e.At >= until.UnixMilli()
	})
}

// WriteStatement writes the lines as CSV (RFC 4180) with a header: time (RFC 3339, UTC, milliseconds), type, transaction, original, ref, order, till, scheme,
// reference, amount, fee, net and currency. Amounts are decimals with a point and as many digits behind it as the currency has; what went back is
// negative. net is amount less fee.
func WriteStatement(w io.Writer, lines []Entry) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"time", "type", "transaction", "original", "ref", "order", "till", "scheme", "reference", "amount", "fee", "net", "currency"}}
	for i := range lines {
		rows = append(rows, lines[i].row())
	}
	return out.WriteAll(rows) // it flushes
}

func (e *Entry) row() []string {
	digits := e.Amount.Currency.Exponent()
	return []string{time.UnixMilli(e.At).UTC().Format("2006-01-02T15:04:05.000Z"), string(e.Kind), e.Transaction, e.Original, e.Ref, string(e.Order),
		string(e.Till), e.Scheme, e.Reference, decimal(e.Amount.Amount, digits), decimal(e.Fee, digits), decimal(e.Amount.Amount-e.Fee, digits),
		string(e.Amount.Currency)}
}

// decimal writes minor units with so many digits behind the point.
func decimal(m pos.Minor, digits int) string {
	sign := ""
	if m < 0 {
		sign, m = "-", -m
	}
	text := strconv.FormatInt(int64(m), 10)
	if digits == 0 {
		return sign + text
	}
	text = strings.Repeat("0", max(0, digits+1-len(text))) + text
	return sign + text[:len(text)-digits] + "." + text[len(text)-digits:]
}

// Rate is what the acquirer keeps of money that comes in. Of a refund or a reversal it gives the share back and keeps the fixed part; a chargeback gives
// nothing back.
type Rate struct {
	Share int64     // of the amount in hundredths of a basis point (60 basis points, 0.6 %: 6000), rounded half up
	Fixed pos.Minor // for each payment
}

// SetRate says what is kept of all later lines; nothing without it.
func (a *Acquirer) SetRate(r Rate) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rate = r
}

// fee is what is kept of a line.
func (r Rate) fee(kind Kind, amount pos.Minor) pos.Minor {
	share := pos.Minor((int64(max(amount, -amount))*r.Share + 500_000) / 1_000_000)
	switch kind {
	case Payment, Capture:
		return share + r.Fixed
	case Chargeback:
		return 0
	}
	return -share
}

// line writes a line about an order. The mutex is held.
func (a *Acquirer) line(kind Kind, order *proto.Order, transaction, original string, amount pos.Money) {
	e := Entry{At: time.Now().UnixMilli(), Kind: kind, Transaction: transaction, Original: original, Ref: order.Ref, Order: order.OrderRef, Till: order.Till,
		Scheme: order.Scheme, Reference: a.expected[order.Ref], Amount: amount, Fee: a.rate.fee(kind, amount.Amount)}
	a.lines = append(a.lines, e)
}
