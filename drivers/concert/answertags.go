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

// tagReader collects the tags of a V3 answer. Values that can hold card data become no strings.
type tagReader struct {
	a           answer
	ae, af      string
	application string
	ticketKind  string
	err         error
}

// readTags reads an answer of V3. It keeps nothing of the payload, which may hold card data.
func readTags(p []byte) *answer {
	if len(p) < 2 || string(p[:2]) != "CZ" {
		if len(p) == codec.ShortAnswer || len(p) == codec.FullAnswer {
			return &answer{strange: fmt.Errorf("the terminal answers in E+: set the option generation to e_plus")}
		}
		return &answer{strange: fmt.Errorf("an answer that begins without its version is no V3")}
	}
	r := &tagReader{}
	if r.walk(p); r.err != nil {
		return &answer{strange: r.err}
	}
	return r.answer()
}

func (r *tagReader) walk(p []byte) {
	if err := codec.Walk(p, func(name string, value []byte, _ int) { r.tag(name, value) }); err != nil && r.err == nil {
		r.err = fmt.Errorf("malformed tags")
	}
}

func (r *tagReader) tag(name string, value []byte) {
	switch name {
	case "CA":
		r.a.register = text(value, longest)
	case "CB":
		r.amount(value)
	case "CC":
		r.application = text(value, 3)
	case "CD":
		r.a.action = text(value, longest)
	case "CE":
		r.a.currency = text(value, longest)
	case "CF", "CH":
		r.private(text(value, longest))
	case "CG":
		r.a.told.MerchantID = text(value, 10)
	case "CI":
		r.a.told.Entry = entry(text(value, 1))
	case "CK":
		r.ticketKind = text(value, 3)
	case "AA":
		r.a.told.Last4 = lastFour(value)
	case "AC":
		r.a.told.AuthCode = text(value, 10)
	case "AE":
		r.outcome(text(value, longest))
	case "AF":
		r.af = reasonCode(text(value, 50))
	case "AI":
		r.a.told.Brand = schemeOf(value)
	case "AK":
		r.ticket(value)
	case "ZT":
		r.walk(value)
	}
}

// longest is the length of a text that decides about money: no tag's value is longer. One that is cut could mean what the terminal did not say.
const longest = 999

// text is a value that ought to hold no card data, cut to a length.
func text(value []byte, most int) string {
	plain := stx.Plain(value[:min(len(value), most)])
	hideCards(plain)
	return strings.Trim(string(plain), " ")
}

// private takes the till's own name of a command. A terminal that echoes only one of the two tags says enough; two that differ fit no
// command.
func (r *tagReader) private(told string) {
	switch {
	case told == "":
	case r.a.private == "":
		r.a.private = told
	case r.a.private != told:
		r.a.private = r.a.private + " " + told
	}
}

// outcome takes AE. One that is told twice and differs says nothing.
func (r *tagReader) outcome(ae string) {
	if r.ae != "" && r.ae != ae {
		r.err = fmt.Errorf("the answer contradicts itself")
	}
	r.ae = ae
}

// amount takes CB, which zeros and blanks may fill up: at most 12 digits. An empty one tells no amount.
func (r *tagReader) amount(value []byte) {
	if value = bytes.Trim(value, " "); len(value) == 0 {
		return
	}
	digits := bytes.TrimLeft(value, "0")
	if len(digits) > 12 {
		r.err = fmt.Errorf("the amount of the answer is no amount")
		return
	}
	n, err := strconv.ParseUint("0"+string(digits), 10, 63)
	if err != nil {
		r.err = fmt.Errorf("the amount of the answer is no number")
		return
	}
	if r.a.sum && r.a.amount != pos.Minor(n) {
		r.err = fmt.Errorf("the answer has two amounts")
	}
	r.a.amount, r.a.sum = pos.Minor(n), true
}

// ticket takes a receipt: AK, whose kind stands before it (CK 100 is the customer's).
func (r *tagReader) ticket(value []byte) {
	lines := receiptLines(value)
	if len(lines) == 0 {
		return
	}
	reader := drivers.ForAnyone
	if r.ticketKind == "100" {
		reader = drivers.ForCustomer
	}
	r.a.receipts = append(r.a.receipts, drivers.Receipt{For: reader, Lines: lines})
}

func (r *tagReader) answer() *answer {
	a, why := &r.a, reasonOf(r.af)
	a.state, a.code, a.text, a.next, a.notBegun = outcome(r.ae, r.af), r.ae, reasonText(r.af), why.next, why.notBegun
	if r.af != "" {
		a.code += "/" + r.af
	}
	if a.text == "" {
		a.text = outcomeText(r.ae)
	}
	a.cancelled = why.after01 == drivers.Cancelled
	if a.told.Brand == "" {
		a.told.Brand = brandOf(r.application)
	}
	a.told.CardName = applicationName(r.application)
	if a.told.Entry == "" {
		a.told.Entry = applicationEntry(r.application)
	}
	return a
}
