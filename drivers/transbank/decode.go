package transbank

import (
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/drivers/transbank/codec"
)

// Decode puts recorded bytes into words, one object for each frame and control byte. Account numbers are masked; the terminal tells no
// more of a card than its last four digits.
func Decode(input []byte) []drivers.Decoded {
	return stx.Decode("transbank", codec.Rules(), input, understand)
}

func understand(payload []byte) stx.Meaning {
	m, f := codec.Parse(payload), stx.Fields{}
	command, reply := name(m.Command())
	if m.Command() == "0260" { // the request for the list of sales, or the last sale told again
		command, reply = "detail", len(m) > 2 || len(m.Field(1)) == 2
		if reply {
			command = "repeat_receipt"
		}
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
	if len(f) == 0 {
		meaning.Fields = nil
	}
	meaning.Secret = stx.Cards(payload) // in whatever field
	for _, n := range accounts(m) {
		meaning.Secret = append(meaning.Secret, spanOf(payload, n))
	}
	return meaning
}

// ask names the fields of a request.
func ask(f stx.Fields, m codec.Message) {
	switch m.Command() {
	case "0200":
		f.Number("amount", m.Field(1))
		f.Text("ticket", m.Field(2))
		f.Text("status", m.Field(5))
	case "0270":
		f.Number("amount", m.Field(1))
		f.Text("ticket", m.Field(2))
		f.Text("status", m.Field(5))
		f.Text("merchant_id", m.Field(6))
	case "0280":
		f.Text("x_voucher", m.Field(1))
	case "0260":
		f.Text("x_print", m.Field(1))
	case "1200":
		f.Text("operation_no", m.Field(1))
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
		f.Number("amount", m.Field(3))
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
	f.Text("ticket", m.Field(4))
	f.Text("auth_code", m.Field(5))
	f.Number("amount", m.Field(6))
	if saysKiosk(m) {
		kiosk(f, m)
		return
	}
	f.Number("x_instalments", m.Field(7))
	f.Number("x_instalment_amount", m.Field(8))
	f.Text("last4", m.Field(9))
	f.Text("operation_no", m.Field(10))
	f.Text("x_card_type", m.Field(11))
	f.Text("x_accounting_date", m.Field(12))
	f.Text("brand", brandName(m.Field(14)))
	f.Clock("02012006", m.Field(15), "150405", m.Field(16))
	f.Text("x_employee", m.Field(17))
	f.Number("tip", m.Field(18))
	f.Number("x_change", m.Field(20))
	f.Text("x_sub_merchant", m.Field(21))
}

// kiosk names the other fields of Autoservicio.
func kiosk(f stx.Fields, m codec.Message) {
	f.Text("last4", m.Field(7))
	f.Text("operation_no", m.Field(8))
	f.Text("x_card_type", m.Field(9))
	f.Text("x_accounting_date", m.Field(10))
	f.Text("brand", brandName(m.Field(12)))
	f.Clock("02012006", m.Field(13), "150405", m.Field(14))
	f.Number("x_instalments", m.Field(17))
	f.Number("x_instalment_amount", m.Field(18))
}

// line names the fields of one sale in the list of sales. The list ends with a line without an authorisation.
func line(f stx.Fields, m codec.Message) {
	f.Text("ticket", m.Field(4))
	f.Text("auth_code", m.Field(5))
	f.Number("amount", m.Field(6))
	f.Text("last4", m.Field(7))
	f.Text("operation_no", m.Field(8))
	f.Text("x_card_type", m.Field(9))
	f.Text("x_accounting_date", m.Field(10))
	f.Text("brand", brandName(m.Field(12)))
	f.Clock("02012006", m.Field(13), "150405", m.Field(14))
	f.Text("x_employee", m.Field(15))
	f.Number("tip", m.Field(16))
	f.Number("x_instalment_amount", m.Field(17))
	f.Number("x_instalments", m.Field(18))
}

// accounts are the numbers of the fields that hold the account of a debit card, or may hold it.
func accounts(m codec.Message) (fields []int) {
	switch m.Command() {
	case "0210", "0260", "0271", "0281":
		if fields = []int{attendedLayout().account}; saysKiosk(m) || startsWithDigit(m.Field(kioskLayout().account)) {
			fields = []int{kioskLayout().account}
		}
	case "0261":
		fields = []int{lineLayout().account}
	}
	return slices.DeleteFunc(fields, func(n int) bool { return m.Field(n) == "" })
}

// saysKiosk tells Autoservicio by its card type, which stands where others have the last four digits.
func saysKiosk(m codec.Message) bool {
	kind := m.Field(9)
	return kind == "CR" || kind == "DB"
}

func startsWithDigit(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

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
