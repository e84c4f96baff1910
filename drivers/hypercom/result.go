package hypercom

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// reply is what an answer about a transaction says. Nothing of a card but its last four digits is kept, and nothing of its holder.
type reply struct {
	code     string // of the transaction
	response string // of the presentation header
	detail   string // field 39
	id       string // the till's own name of the transaction, "" when it is not told
	priced   bool   // it names the amount
	garbled  bool   // it names something else in the place of the amount
	result   drivers.Result
}

// readReply understands an answer. What it does not tell is left empty; Decision is for who knows what was asked.
func readReply(in *incoming, currency pos.Currency) reply {
	m := in.message
	r := reply{code: m.Code, response: m.Response, detail: text(m, fieldDetail), id: text(m, fieldID)}
	r.result = drivers.Result{
		Code: stx.Printable([]byte(m.Response)), Text: text(m, fieldText), Trace: number(m, fieldTrace), ReceiptNo: number(m, fieldInvoice),
		TerminalID: text(m, fieldTerminal), MerchantID: text(m, fieldMerchant), AuthCode: text(m, fieldAuth), Amount: pos.Money{Currency: currency},
		CardName: text(m, fieldLabel), Brand: brandID(text(m, fieldScheme)), Last4: last4(m.Get(fieldCard)), Entry: entry(text(m, fieldEntry)),
		Date: stamp("060102", time.DateOnly, text(m, fieldDate)), Time: stamp("150405", time.TimeOnly, text(m, fieldTime)),
	}
	if data := bytes.Trim(m.Get(fieldAmount), " \x00"); len(data) > 0 {
		minor, ok := codec.ReadAmount(data)
		r.priced = ok && minor > 0 // zeros are the family's way to fill up what it does not tell
		r.result.Amount.Amount, r.garbled = pos.Minor(minor), !r.priced
	}
	return r
}

// bare is a field without the zero bytes that fill some up. Its caller wipes it. It is copied byte by byte, because card data may be in it (see package stx).
func bare(m codec.Message, field string) []byte {
	data := m.Get(field)
	kept := make([]byte, 0, len(data))
	for _, c := range data {
		if c != 0 {
			kept = append(kept, c)
		}
	}
	return kept
}

// text is a field without what fills it up, what cannot be printed, and card numbers.
func text(m codec.Message, field string) string {
	data := bare(m, field)
	defer clear(data)
	if isPlain(codec.Field{Code: field, Data: data}) {
		return stx.Printable(data)
	}
	for _, s := range concealed(data) {
		for i := s.From; i < s.To; i++ {
			data[i] = '*'
		}
	}
	return stx.Printable(data)
}

// concealed are the places in a text of what may be a card's number, but for its last four digits, and of what follows one on a track.
func concealed(data []byte) []stx.Span {
	spans := stx.Cards(data)
	rest := stx.Hidden(data, spans)
	defer clear(rest)
	return append(spans, stx.Numbers(rest)...)
}

// number is a field with the terminal's number of something, "" when it is none: zeros fill up what has no number, and what is longer than a number.
func number(m codec.Message, field string) string {
	s := text(m, field)
	if more := len(s) - numberLength; more > 0 && strings.Trim(s[:more], "0") == "" {
		s = s[more:]
	}
	if isNumber(s) && strings.Trim(s, "0") != "" {
		return s
	}
	return ""
}

// last4 are the last digits of a card's number, whether the others are masked or not.
func last4(card []byte) string {
	card = bytes.TrimRight(card, " \x00")
	if n := len(card); n > 4 && digits(string(card[n-4:])) {
		return string(card[n-4:])
	}
	return ""
}

// stamp is a date or time in another form, "" for what is none.
func stamp(from, to, s string) string {
	at, err := time.Parse(from, s)
	if err != nil {
		return ""
	}
	return at.Format(to)
}

// decided is a reply to a command with what it means for the money. Nothing but 00 is approved. stopped says that the terminal ended it at the till's wish.
func (o *options) decided(r reply, asked pos.Money, stopped bool) (result drivers.Result, known bool) {
	result = r.result
	if !r.priced {
		result.Amount = asked
	}
	switch {
	case !isCode(r.response):
		return result, false
	case r.response == approvedCode:
		result.Decision = drivers.Approved
		return result, true
	case stopped || slices.Contains(o.profile.aborted, r.response):
		result.Decision = drivers.Cancelled
	default:
		result.Decision = drivers.Declined
	}
	result.Amount = asked
	result.Text = reason(r)
	return result, true
}

// reason is why a command was not approved: the terminal's own words, and its codes.
func reason(r reply) string {
	words := r.result.Text
	if words == "" {
		words = "not approved"
	}
	if r.detail != "" && r.detail != r.response {
		return words + " (response " + r.response + ", detail " + r.detail + ")"
	}
	return words + " (response " + r.response + ")"
}
