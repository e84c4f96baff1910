package concert

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/concert/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// answer is a message of the terminal. Of the card it holds no more than the last four digits.
type answer struct {
	state     state
	code      string
	text      string
	next      string
	notBegun  bool
	cancelled bool

	register string
	currency string // ISO 4217 number
	amount   pos.Minor
	sum      bool   // an amount was told
	action   string // of V3; E+ does not tell it
	private  string
	receipts []drivers.Receipt
	told     drivers.Result // what it says of card and authorisation

	strange error // why the message cannot be understood; nothing else is set then
}

// readEPlus reads an answer of E+, whichever length was asked for. It keeps nothing of the payload, which may hold card data.
func readEPlus(p []byte) *answer {
	switch {
	case len(p) == codec.ShortAnswer:
		return fixed(p[:12], nil, p[12:])
	case len(p) == codec.FullAnswer:
		return fixed(p[:12], p[12:12+codec.ReportLength], p[12+codec.ReportLength:])
	case len(p) > 4 && string(p[:2]) == "CZ":
		return &answer{strange: fmt.Errorf("the terminal answers in V3: set the option generation to v3")}
	}
	return &answer{strange: fmt.Errorf("an answer of %d characters is no E+", len(p))}
}

// fixed reads the parts of an E+ answer: what stands before the card's report, the report, what stands behind it.
func fixed(head, report, tail []byte) *answer {
	a := &answer{register: string(head[:2]), code: string(head[2:3]), currency: string(tail[:3]), private: strings.Trim(string(tail[3:13]), " ")}
	n, err := strconv.ParseUint(string(head[3:11]), 10, 63)
	if err != nil {
		return &answer{strange: fmt.Errorf("the amount of the answer is no number")}
	}
	a.amount, a.sum, a.state = pos.Minor(n), true, stateOf(head[2])
	if a.text = stateText(a.code); a.text == "" {
		a.text = "state " + stx.Printable(head[2:3])
	}
	if a.next = "Ask the customer to try again, or take another way to pay."; a.state == done {
		a.next = ""
	}
	means := string(head[11:12])
	a.told = drivers.Result{Brand: brandOf(means), CardName: meansName(means), Last4: lastFour(report)}
	return a
}

// The lengths of card numbers (ISO/IEC 7812-1), hidden digits counted.
const (
	leastPAN = 8
	mostPAN  = 19
)

// cardNumber is the card's number with which a report or a tag begins, nil for none: digits and what stands for hidden ones. What follows it
// on a track is none of it.
func cardNumber(report []byte) []byte {
	n := 0
	for n < len(report) && bytes.IndexByte([]byte("0123456789*#.Xx"), report[n]) >= 0 {
		n++
	}
	if n < leastPAN || n > mostPAN {
		return nil
	}
	return report[:n]
}

// lastFour are the last digits of a card's number; "" where they are hidden too.
func lastFour(report []byte) string {
	pan := cardNumber(report)
	if pan == nil {
		return ""
	}
	four := pan[len(pan)-4:]
	for _, c := range four {
		if c < '0' || c > '9' {
			return ""
		}
	}
	return string(four)
}

// fit says how an answer belongs to an order.
type fit int

const (
	another fit = iota // it is the answer to something else
	like               // nothing speaks against it, and nothing that only this order has speaks for it
	exact              // it has the order's own name
)

// fits compares an answer with an order: register, amount, currency, action, private field. What an answer does not tell speaks against
// nothing but is missed by complete.
func (o order) fits(a *answer) fit {
	switch {
	case a.strange != nil:
		return another
	case a.register != "" && !sameNumber(a.register, o.register), a.sum && a.amount != o.amount.Amount:
		return another
	case a.currency != "" && !sameNumber(a.currency, strconv.Itoa(o.amount.Currency.Numeric())):
		return another
	case a.action != "" && a.action != o.kind && a.action != actionStatus, a.private != "" && a.private != o.private:
		return another
	case a.private == "":
		return like
	}
	return exact
}

// complete says whether a good answer tells everything by which it can be told from others. E+ has no action.
func (a *answer) complete(g generation) bool {
	return a.sum && a.register != "" && a.currency != "" && (g == ePlus || a.action != "")
}

// whole says whether a message has all that an answer of V3 tells, or has told already that it has not.
func (a *answer) whole() bool {
	switch {
	case a.strange != nil:
		return true
	case a.state == done && a.action != actionDuplicate && a.action != actionCollection:
		return a.complete(v3)
	}
	return a.state != unclear
}

// sameNumber compares numbers that zeros fill up.
func sameNumber(a, b string) bool { return strings.TrimLeft(a, "0") == strings.TrimLeft(b, "0") }

// result is what an answer says of an order. Its amount is the order's: no other one fits.
func (a *answer) result(o order) drivers.Result {
	r := a.told
	r.Code, r.Text, r.Amount, r.Trace = a.code, a.text, o.amount, o.private
	switch {
	case a.state == done:
		r.Decision, r.Text = drivers.Approved, ""
	case a.cancelled:
		r.Decision = drivers.Cancelled
	default:
		r.Decision = drivers.Declined
	}
	return r
}
