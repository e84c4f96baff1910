package ecr17

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/ecr17/codec"
	"github.com/tillproof/tillproof/drivers/stx"
)

// Decode puts recorded bytes into words, one object for each frame, text of progress, ACK and NAK. Any of the four scopes of the check byte is taken for
// right; x_lrc_scope names one that is not the usual. Card numbers are masked.
func Decode(input []byte) []drivers.Decoded {
	return stx.Decode("ecr17", codec.Rules(), input, understand)
}

func understand(payload []byte) stx.Meaning {
	m := codec.Message(payload)
	if !m.Whole() {
		return stx.Meaning{Err: errors.New("the message has no header"), Secret: []stx.Span{{To: len(payload)}}}
	}
	called, reply := name(m)
	if called == "" {
		return stx.Meaning{Err: fmt.Errorf("unknown message %q", stx.Printable([]byte{m.Code()})), Secret: []stx.Span{{From: 10, To: len(payload)}}}
	}
	f := stx.Fields{}
	f.Text("terminal_id", m.At(1, 8))
	meaning := stx.Meaning{Name: called, Direction: drivers.FromECR, Fields: f}
	if reply {
		meaning.Direction = drivers.FromDevice
		meaning.Secret = tell(f, m)
	} else {
		meaning.Secret = ask(f, m)
	}
	return meaning
}

// ask names the fields of a request, and says what nobody is shown: texts of the till's own may name a token.
func ask(f stx.Fields, m codec.Message) []stx.Span {
	switch m.Code() {
	case 's':
		return nil
	case 'E':
		f.Text("x_receipts", m.At(11, 11))
		return nil
	case 'R':
		f.Text("x_receipts", m.At(11, 11))
		f.Text("x_ticket_type", m.At(12, 12))
		return nil
	case 'U':
		f.Text("x_tag", m.At(19, 26))
		return []stx.Span{{From: 36, To: len(m)}}
	case 'K':
		f.Text("register", m.At(11, 18))
		return shown(f, m, 27, len(m))
	}
	f.Text("register", m.At(11, 18))
	switch m.Code() {
	case 'P', 'X', 'p':
		f.Text("x_kind", m.At(23, 23))
		f.Number("amount", m.At(24, 31))
		return shown(f, m, 32, 159)
	case 'i', 'c':
		f.Number("amount", m.At(24, 31))
		f.Text("x_preauthorisation", m.At(160, 168))
		return shown(f, m, 32, 159)
	case 'S':
		f.Text("stan", m.At(19, 24))
	case 'H':
		f.Text("x_kind", m.At(23, 23))
	}
	return nil
}

// shown sets a text, and says where card numbers stand in it.
func shown(f stx.Fields, m codec.Message, from, to int) []stx.Span {
	f.Text("text", m.At(from, to))
	hidden := stx.Cards(m.Bytes(from, to))
	for i := range hidden {
		hidden[i].From += from - 1
		hidden[i].To += from - 1
	}
	return hidden
}

// tell names the fields of a reply, and says where the card's number stands.
func tell(f stx.Fields, m codec.Message) []stx.Span {
	switch m.Code() {
	case 's':
		f.Clock("020106", m.At(21, 26), "1504", m.At(27, 30))
		f.Text("status", m.At(31, 31))
		f.Text("text", stateText(m.At(31, 31)))
		f.Text("x_version", m.At(32, len(m)))
		return nil
	case 'S':
		hidden := stx.Numbers(m)
		f["lines"] = receiptLines(stx.Hidden(m, hidden)[10:])
		return hidden
	case 'U':
		f.Text("x_length", m.At(17, 19))
		return []stx.Span{{From: 19, To: len(m)}}
	case 'K':
		f.Text("x_more", m.At(15, 15))
		f.Text("x_part", m.At(16, 18))
		return shown(f, m, 27, len(m))
	}
	result := m.At(11, 12)
	f.Result(result, resultText(result))
	switch m.Code() {
	case 'C', 'T':
		return sums(f, m)
	}
	if result != "00" {
		refusal(f, m)
		return shown(f, m, 13, 36)
	}
	f.Card(strings.TrimLeft(m.At(13, 31), "0")) // zeros fill it up
	f.Text("entry", entry(m.At(32, 34)))
	approval(f, m)
	return []stx.Span{{From: 12, To: 31}}
}

// sums names the fields of totals and of the end of a day.
func sums(f stx.Fields, m codec.Message) []stx.Span {
	switch good, closing := m.At(11, 12) == "00", m.Code() == 'C'; {
	case good && closing:
		f.Number("amount", m.At(13, 28))
		f.Number("x_host_amount", m.At(29, 44))
	case good:
		f.Number("amount", m.At(13, 28))
	case closing:
		f.Text("x_action_code", m.At(32, 34))
		return shown(f, m, 13, 31)
	}
	return nil
}

// approval names the fields of an approval behind the card's.
func approval(f stx.Fields, m codec.Message) {
	switch m.Code() {
	case 'e':
		f.Text("auth_code", m.At(35, 40))
		f.Number("amount", m.At(41, 48))
		f.Text("x_preauthorisation", m.At(49, 57))
		f.Text("x_action_code", m.At(58, 60))
		moment(f, m.At(61, 67))
		acquirer(f, m, 72)
	case 'i':
		acquirerID(f, m.At(35, 45))
		f.Text("auth_code", m.At(46, 51))
		f.Text("stan", m.At(52, 57))
		f.Text("x_online_id", m.At(58, 63))
		moment(f, m.At(64, 70))
		f.Text("x_action_code", m.At(71, 73))
	default:
		f.Text("auth_code", m.At(35, 40))
		moment(f, m.At(41, 47))
		shared(f, m)
	}
}

// refusal names the fields of a refusal behind its text.
func refusal(f stx.Fields, m codec.Message) {
	switch m.Code() {
	case 'e':
		f.Text("x_action_code", m.At(37, 39))
		acquirer(f, m, 72)
	case 'i':
	default:
		shared(f, m)
		if code := m.At(37, 39); m.Code() == 'E' && strings.Trim(code, "0") != "" { // of a card check
			f.Text("x_action_code", code)
		}
	}
}

// reversalLength is that of the reply to S, which has zeros where others have the amount.
const reversalLength = 84

// shared names what E, V, c and v have at the same places.
func shared(f stx.Fields, m codec.Message) {
	f.Text("x_card_type", m.At(48, 48))
	acquirer(f, m, 49)
	f.Text("x_action_code", m.At(72, 74))
	switch m.Code() {
	case 'E', 'V':
		if len(m) != reversalLength {
			f.Number("amount", m.At(75, 82))
		}
		if m.Code() == 'V' && m.At(83, 83) == "1" {
			exchange(f, m, 84)
		}
	case 'v':
		if m.At(75, 75) == "1" {
			exchange(f, m, 76)
		}
	}
}

// exchange names the amount in the card's own currency.
func exchange(f stx.Fields, m codec.Message, from int) {
	f.Text("x_rate", m.At(from, from+7))
	f.Text("x_card_currency", m.At(from+8, from+10))
	f.Number("x_card_amount", m.At(from+11, from+22))
	f.Text("x_card_decimals", m.At(from+23, from+23))
}

func acquirer(f stx.Fields, m codec.Message, from int) {
	acquirerID(f, m.At(from, from+10))
	f.Text("stan", m.At(from+11, from+16))
	f.Text("x_online_id", m.At(from+17, from+22))
}

func acquirerID(f stx.Fields, id string) { f.Text("x_acquirer", id) }

// moment names day and time of DDDHHMM.
func moment(f stx.Fields, text string) {
	if len(text) == 7 && digits(text) {
		f.DayOfYear(text[:3])
		f.Clock("", "", "1504", text[3:])
	}
}
