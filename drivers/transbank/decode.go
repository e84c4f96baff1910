package transbank

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/drivers/transbank/codec"
)

// Decode puts recorded bytes into words, one object for each frame and control byte. Account numbers are masked; the terminal tells no
// more of a card than its last four digits.
func Decode(input []byte) []drivers.Decoded {
	rules := codec.Rules()
	rules.Hide = damaged
	return stx.Decode("transbank", rules, input, understand)
}

// damaged is what nobody is shown of a frame with a wrong check or without an end, as far as its fields can be told.
func damaged(raw []byte) (spans []stx.Span) {
	payload, begun := bytes.CutPrefix(raw, []byte{stx.STX})
	if !begun {
		return nil
	}
	payload, _, _ = bytes.Cut(payload, []byte{stx.ETX})
	for _, s := range secrets(payload, layoutOf(codec.Parse(payload))) {
		spans = append(spans, stx.Span{From: s.From + 1, To: s.To + 1})
	}
	return spans
}

func understand(payload []byte) stx.Meaning {
	m, f := codec.Parse(payload), stx.Fields{}
	command, reply := name(m.Command())
	switch m.Command() {
	case "0260": // the request for the list of sales, or the last sale told again
		if reply = len(m) > 2 || len(m.Field(1)) == 2; reply {
			command = "repeat_receipt"
		}
	case "0080": // the question for an outcome, or the answer in the same words
		reply = len(m) > 1
	}
	if command == "" {
		return stx.Meaning{Err: fmt.Errorf("unknown command %q", stx.Printable([]byte(m.Command()[:min(8, len(m.Command()))]))), Secret: []stx.Span{{To: len(payload)}}}
	}
	meaning := stx.Meaning{Name: command, Direction: drivers.FromECR, Fields: f}
	if reply {
		meaning.Direction = drivers.FromDevice
		tell(f, m)
	} else {
		ask(f, m)
	}
	meaning.Secret = append(stx.Cards(payload), secrets(payload, layoutOf(m))...) // a card's number in whatever field
	return meaning
}

// ask names the fields of a request.
func ask(f stx.Fields, m codec.Message) {
	switch m.Command() {
	case "0200", "0270":
		amount(f, m.Field(1))
		f.Text("ticket", m.Field(2))
		if len(m) == 5 { // Autoservicio has no filler
			f.Text("x_voucher", m.Field(3))
			f.Text("status", m.Field(4))
			return
		}
		f.Text("status", m.Field(5))
		f.Text("merchant_id", m.Field(6))
	case "0250", "0280", "0500":
		f.Text("x_voucher", m.Field(1))
	case "0260":
		f.Text("x_print", m.Field(1))
	case "1200":
		f.Text("operation_no", m.Field(1))
	}
}

// amount sets a sum of pesos with its currency.
func amount(f stx.Fields, pesos string) {
	f.Number("amount", pesos)
	if f["amount"] != nil {
		f["currency"] = string(currency)
	}
}

// tell names the fields of a reply. All but progress begin with result, merchant and terminal.
func tell(f stx.Fields, m codec.Message) {
	if m.Command() == "0900" {
		f.Text("status", m.Field(1))
		f.Text("text", progressText(m.Field(1)))
		return
	}
	f.Result(m.Field(1), resultText(m.Field(1)))
	switch m.Command() {
	case "0710":
		f.Number("count", m.Field(2))
		amount(f, m.Field(3))
		return
	case "0080", "1080":
		f.Clock("02012006", m.Field(2), "150405", m.Field(3))
		return
	}
	f.Text("merchant_id", m.Field(2))
	f.Text("terminal_id", m.Field(3))
	switch m.Command() {
	case "0210", "0260", "0271", "0281":
		sale(f, m)
	case "0261":
		line(f, m)
	case "1210":
		f.Text("auth_code", m.Field(4))
		f.Text("operation_no", m.Field(5))
	}
}

// sale names the fields of a sale's reply.
func sale(f stx.Fields, m codec.Message) {
	if saysKiosk(m) {
		kiosk(f, m)
		return
	}
	common(f, m, attendedLayout())
	f.Number("x_instalments", m.Field(7))
	f.Number("x_instalment_amount", m.Field(8))
	f.Text("x_card_type", m.Field(11))
	f.Text("x_accounting_date", m.Field(12))
	f.Text("x_employee", m.Field(17))
	voucher(f, m.Field(19))
	f.Number("x_change", m.Field(20))
	f.Text("x_sub_merchant", m.Field(21))
}

// common names what a layout knows the place of.
func common(f stx.Fields, m codec.Message, l layout) {
	f.Text("ticket", m.Field(l.ticket))
	f.Text("auth_code", m.Field(l.auth))
	amount(f, m.Field(l.amount))
	digits := strings.TrimSpace(m.Field(l.last4))
	f.Text("last4", digits[max(0, len(digits)-4):])
	f.Text("operation_no", m.Field(l.operation))
	f.Text("brand", brandName(strings.TrimSpace(m.Field(l.brand))))
	f.Clock("02012006", m.Field(l.date), "150405", m.Field(l.clock))
	if l.tip > 0 {
		f.Number("tip", m.Field(l.tip))
	}
}

// kiosk names the other fields of Autoservicio.
func kiosk(f stx.Fields, m codec.Message) {
	common(f, m, kioskLayout())
	f.Text("x_card_type", m.Field(9))
	f.Text("x_accounting_date", m.Field(10))
	voucher(f, m.Field(15))
	f.Text("x_instalment_type", m.Field(16))
	f.Number("x_instalments", m.Field(17))
	f.Number("x_instalment_amount", m.Field(18))
	f.Text("x_comment", m.Field(19))
}

// voucher cuts the text of a voucher, which comes without line ends.
func voucher(f stx.Fields, told string) {
	text := stx.Plain([]byte(told))
	stx.HideCards(text)
	var lines []string
	for part := range slices.Chunk(text, slipWidth) {
		lines = append(lines, strings.TrimRight(string(part), " "))
	}
	if len(bytes.TrimSpace(text)) > 0 {
		f["lines"] = lines
	}
}

// line names the fields of one sale in the list of sales. The list ends with a line without an authorisation.
func line(f stx.Fields, m codec.Message) {
	common(f, m, lineLayout())
	f.Text("x_card_type", m.Field(9))
	f.Text("x_accounting_date", m.Field(10))
	f.Text("x_employee", m.Field(15))
	f.Number("x_instalment_amount", m.Field(17))
	f.Number("x_instalments", m.Field(18))
	f.Number("x_change", m.Field(19))
	f.Text("x_sub_merchant", m.Field(20))
}

// layoutOf is where the parts of a sale stand in a message, the zero layout for one that tells no sale.
func layoutOf(m codec.Message) layout {
	switch m.Command() {
	case "0210", "0260", "0271", "0281":
		if saysKiosk(m) {
			return kioskLayout()
		}
		return attendedLayout()
	case "0261":
		return lineLayout()
	}
	return layout{}
}

// saysKiosk tells Autoservicio by its card type, which stands where others have the last four digits, and by an account where others have the
// card type.
func saysKiosk(m codec.Message) bool {
	kind, account := strings.TrimSpace(m.Field(9)), m.Field(kioskLayout().account)
	return kind == "CR" || kind == "DB" || account != "" && account[0] >= '0' && account[0] <= '9'
}

// secrets are the account of a debit card, and what stands before a card's last four digits.
func secrets(payload []byte, l layout) (spans []stx.Span) {
	if l.account > 0 {
		spans = append(spans, spanOf(payload, l.account))
	}
	if s := spanOf(payload, l.last4); l.last4 > 0 && s.To-s.From > 4 {
		spans = append(spans, stx.Span{From: s.From, To: s.To - 4})
	}
	return spans
}

// spanOf is where a field stands in a payload.
func spanOf(payload []byte, field int) stx.Span {
	from := 0
	for i, c := range payload {
		if c != '|' {
			continue
		}
		if field == 0 {
			return stx.Span{From: from, To: i}
		}
		field, from = field-1, i+1
	}
	return stx.Span{From: from, To: len(payload)}
}
