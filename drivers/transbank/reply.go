package transbank

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/drivers/transbank/codec"
	"github.com/tillproof/tillproof/pos"
)

// layout says in which field of a reply a sale's parts stand; 0 for what it does not have.
type layout struct {
	ticket, auth, amount, last4, operation, account, brand, date, clock, tip, voucher int
}

// The layouts. Fields 1 to 3 are response code, merchant and terminal in all of them.
func attendedLayout() layout {
	return layout{ticket: 4, auth: 5, amount: 6, last4: 9, operation: 10, account: 13, brand: 14, date: 15, clock: 16, tip: 18}
}

func kioskLayout() layout {
	return layout{ticket: 4, auth: 5, amount: 6, last4: 7, operation: 8, account: 11, brand: 12, date: 13, clock: 14, voucher: 15}
}

func lineLayout() layout {
	return layout{ticket: 4, auth: 5, amount: 6, last4: 7, operation: 8, account: 11, brand: 12, date: 13, clock: 14, tip: 16}
}

// layout is that of a sale's reply and of the last sale.
func (o *options) layout() layout {
	if o.kiosk {
		return kioskLayout()
	}
	return attendedLayout()
}

// parse cuts a payload and leaves the account number of a debit card behind. The payload itself stays as it came: the link compares it.
func parse(l layout, payload []byte) codec.Message {
	secret := -1
	if len(payload) >= 4 {
		switch string(payload[:4]) {
		case "0210", "0260", "0271", "0281":
			secret = l.account
		case "0261":
			secret = lineLayout().account
		}
	}
	kept, field := make([]byte, 0, len(payload)), 0
	for _, c := range payload {
		if c == '|' {
			field++
		}
		if field != secret || c == '|' {
			kept = append(kept, c)
		}
	}
	stx.HideCards(kept) // a terminal may tell a card's number in any field; no string with it is made
	return codec.Parse(kept)
}

// isReply looks for commands.
func isReply(commands ...string) func(codec.Message) bool {
	return func(m codec.Message) bool { return slices.Contains(commands, m.Command()) }
}

// told is a sale as the terminal tells it. The zero value is no sale.
type told struct {
	code, merchant, terminal       string
	ticket, auth, last4, operation string
	brand, date, clock, voucher    string
	amount, tip                    pos.Minor // amount is -1 where there is none
}

// read takes the fields of a sale.
func (l layout) read(m codec.Message) told {
	field := func(n int) string {
		if n == 0 {
			return ""
		}
		return text(m.Field(n))
	}
	s := told{code: text(m.Field(1)), merchant: text(m.Field(2)), terminal: text(m.Field(3)), ticket: field(l.ticket), auth: field(l.auth),
		last4: field(l.last4), operation: field(l.operation), brand: field(l.brand), date: dateOf(field(l.date)), clock: clockOf(field(l.clock)),
		amount: -1}
	if n, ok := pesos(field(l.amount)); ok && n > 0 { // no sale is over nothing: zeros fill a field that is not told
		s.amount = n
	}
	if n, ok := pesos(field(l.tip)); ok {
		s.tip = n
	}
	if l.voucher > 0 {
		s.voucher = latin(m.Field(l.voucher))
	}
	if len(s.last4) > 4 {
		s.last4 = s.last4[len(s.last4)-4:]
	}
	return s
}

// last names the sale; no sale is the zero value.
func (s told) last() drivers.Last { return drivers.Last{Trace: s.operation, ReceiptNo: s.ticket} }

// booked is what was booked when so much was asked for, with the tip. No paper says whether the amount contains it: where the amount is
// what was asked for, the tip comes on top. Without an amount it is what was asked for.
func (s told) booked(asked pos.Minor) pos.Minor {
	switch {
	case s.amount < 0:
		return asked + s.tip
	case s.amount == asked:
		return asked + s.tip
	}
	return s.amount
}

// fits says whether the terminal tells the amount that was asked for, with its tip or without.
func (s told) fits(asked pos.Minor) bool {
	return s.amount == asked || s.tip > 0 && s.amount == asked+s.tip
}

// result is what a sale means.
func (s told) result(asked pos.Minor) drivers.Result {
	r := drivers.Result{Decision: decision(s.code), Amount: pos.Money{Amount: asked, Currency: currency}, Code: s.code, TerminalID: s.terminal,
		MerchantID: s.merchant, Trace: s.operation, ReceiptNo: s.ticket}
	if r.Decision != drivers.Approved {
		r.Text = reason(s.code)
		return r
	}
	r.Amount.Amount, r.Tip = s.booked(asked), s.tip
	r.Text, r.AuthCode, r.Brand, r.CardName, r.Last4 = meaningOf(s.code).text, s.auth, brandID(s.brand), brandName(s.brand), s.last4
	r.Date, r.Time = s.date, s.clock
	return r
}

// decision is what a response code decides: nothing but 00 is approved.
func decision(code string) drivers.Decision {
	switch code {
	case approved:
		return drivers.Approved
	case cancelledCode:
		return drivers.Cancelled
	}
	return drivers.Declined
}

// text is a field without what fills it up, and without what cannot be printed.
func text(s string) string { return strings.TrimSpace(printable(s)) }

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, latin(s))
}

// latin takes what is no UTF-8 for Latin-1: no paper names the characters of vouchers.
func latin(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	runes := make([]rune, 0, len(s))
	for _, b := range []byte(s) {
		runes = append(runes, rune(b))
	}
	return string(runes)
}

// pesos reads an amount, filled up with zeros or blanks.
func pesos(s string) (pos.Minor, bool) {
	n, err := strconv.ParseUint(s, 10, 63)
	return pos.Minor(n), err == nil && n <= uint64(pos.MaxAmount)
}

// sameNumber compares operation numbers, which zeros may fill up.
func sameNumber(a, b string) bool {
	n, okN := number(a)
	m, okM := number(b)
	return okN && okM && n == m
}

func number(s string) (uint64, bool) {
	n, err := strconv.ParseUint(s, 10, 63)
	return n, err == nil
}

// dateOf reads DDMMYYYY; the terminal tells the year.
func dateOf(s string) string { return restamp("02012006", time.DateOnly, s) }

// clockOf reads HHMMSS.
func clockOf(s string) string { return restamp("150405", time.TimeOnly, s) }

func restamp(from, to, s string) string {
	at, err := time.Parse(from, s)
	if err != nil {
		return ""
	}
	return at.Format(to)
}
