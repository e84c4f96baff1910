package hypercom

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/pos"
)

// The fields that the driver sends or decides by. Lengths are those of the data.
const (
	fieldAccount  = "00" // 20: pay account, zeros for none
	fieldAuth     = "01" // 6
	fieldText     = "02" // 40: the terminal's own words
	fieldDate     = "03" // 6: YYMMDD
	fieldTime     = "04" // 6: HHMMSS
	fieldReceipt  = "09" // 1: whether a receipt is wanted
	fieldTerminal = "16" // 8
	fieldCard     = "30" // the card's number, masked or not
	fieldDetail   = "39" // 2: why a transaction was refused, or what became of it
	fieldAmount   = "40" // 12
	fieldCashback = "42" // 12
	fieldWallet   = "99" // parts of its own, of a payment by wallet
	fieldForce    = "52" // 1: settle whatever is open
	fieldTrace    = "64" // 6
	fieldInvoice  = "65" // 6
	fieldID       = "66" // 20: the till's own name of a transaction
	fieldCashier  = "C0" // 20
	fieldMerchant = "D1" // 15
	fieldScheme   = "D2" // 10
	fieldHost     = "D3"
	fieldLabel    = "D4" // 20: the card's name
	fieldEntry    = "E6" // 2
	fieldMeans    = "M1" // 2: card or wallet
)

// Lengths and values of what is sent.
const (
	idLength     = 20
	numberLength = 6
	byCard       = "01"
)

// wish is what a request is about.
type wish struct {
	id     string // of [drivers.Ticket]
	amount pos.Minor
	of     drivers.Last // the transaction that a void takes back, or a question is about
}

// request is a command or question with the fields that its profile wants.
func (o *options) request(c codes, w wish) codec.Message {
	m := codec.Message{Direction: codec.Request, Code: c.code}
	for _, field := range c.fields {
		m.Fields = append(m.Fields, codec.Text(field, o.value(field, w)))
	}
	return m
}

// value is what stands in a field of a request.
func (o *options) value(field string, w wish) string {
	switch field {
	case fieldAccount:
		return strings.Repeat("0", idLength)
	case fieldID:
		return w.id
	case fieldAmount:
		return codec.Amount(int64(w.amount))
	case fieldCashback:
		return codec.Amount(0)
	case fieldMeans:
		return byCard
	case fieldReceipt:
		return flag(o.receipt)
	case fieldForce:
		return flag(o.force)
	case fieldCashier:
		return fmt.Sprintf("%-20s", o.cashier)
	case fieldInvoice:
		return sixDigits(w.of.ReceiptNo)
	case fieldTrace:
		return sixDigits(w.of.Trace)
	}
	return ""
}

func flag(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

// sixDigits fills a number up, as terminals tell it.
func sixDigits(s string) string { return strings.Repeat("0", max(0, numberLength-len(s))) + s }

// isNumber says whether a text can be the terminal's number of a transaction.
func isNumber(s string) bool { return s != "" && len(s) <= numberLength && digits(s) }

// sameNumber compares two of those, which zeros may fill up.
func sameNumber(a, b string) bool {
	return isNumber(a) && isNumber(b) && sixDigits(a) == sixDigits(b)
}

func digits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

// isPlain says whether a field has the length of a number that is no card's, however it looks. Any other may hold one.
func isPlain(f codec.Field) bool {
	length := len(f.Data)
	switch f.Code {
	case fieldID, fieldAccount: // of [drivers.Ticket], or zeros
		return length == idLength && !bytes.ContainsFunc(f.Data, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') })
	case "80", "81", "82", "83", "84", "85", "86":
		return length == codec.ShortTotal || length == codec.LongTotal
	case "E3", "FF", "87": // a cryptogram, a serial number, a count
		return length <= 16
	case fieldMerchant:
		return length <= 15
	}
	return length <= codec.AmountDigits
}
