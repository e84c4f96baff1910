package concert

import (
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/concert/codec"
	"github.com/tillproof/tillproof/drivers/stx"
)

// understandTags names the fields of a V3 message. The terminal's messages say how it went (AE); the till's do not.
func understandTags(payload []byte) stx.Meaning {
	m := &message{Meaning: stx.Meaning{Name: "message", Direction: drivers.FromECR, Fields: stx.Fields{}}}
	m.read(payload, 0)
	m.name()
	return m.Meaning
}

// message is a V3 message being read.
type message struct {
	stx.Meaning
	private, external string // the till's names of a command, CF and CH
}

// name sets the till's name of the command; where two differ both are told.
func (m *message) name() {
	f := stx.Fields(m.Fields)
	switch m.private {
	case "":
		f.Text("reference", m.external)
	case m.external:
		f.Text("reference", m.private)
	default:
		f.Text("reference", m.private)
		f.Text("x_ch", m.external)
	}
}

// read takes the tags of a part of the payload, which begins at an offset.
func (m *message) read(b []byte, offset int) {
	tags, err := codec.Tags(b)
	if err != nil && m.Err == nil {
		m.Err = err
		m.Secret = append(m.Secret, stx.Span{From: offset, To: offset + len(b)})
	}
	for _, t := range tags {
		m.tag(t, offset)
	}
}

func (m *message) tag(t codec.Tag, offset int) {
	f, here := stx.Fields(m.Fields), stx.Span{From: offset + t.At, To: offset + t.At + len(t.Value)}
	m.hide(here.From, stx.Cards([]byte(t.Value)))
	switch t.Name {
	case "CA":
		f.Text("register", t.Value)
	case "CB":
		f.Number("amount", t.Value)
	case "CD":
		if m.Name = actionName(t.Value); m.Name == "message" {
			f.Text("x_cd", t.Value)
		}
	case "CE":
		currency(f, t.Value)
	case "CF":
		m.private = t.Value
	case "CH":
		m.external = t.Value
	case "CG":
		f.Text("merchant_id", t.Value)
	case "CI":
		f.Text("entry", entry(t.Value))
	case "AA":
		f.Card(t.Value)
		m.Secret = append(m.Secret, here)
	case "AB", "BH", "BI": // the card's expiry, the customer's telephone and mail
		m.Secret = append(m.Secret, here)
	case "AC":
		f.Text("auth_code", t.Value)
	case "AE":
		m.Direction = drivers.FromDevice
		f.Result(t.Value, outcomeText(t.Value))
	case "AF":
		m.plain("status", t, here)
		f.Text("text", reasonText(reasonCode(t.Value)))
	case "AK":
		if lines := receiptLines([]byte(t.Value)); lines != nil {
			f["lines"] = lines
		}
		m.Secret = append(m.Secret, here)
	case "ZT":
		m.read([]byte(t.Value), here.From)
	case "CZ", "CJ", "AI", "AP", "AQ": // long numbers that are no card's
		f.Text(other(t.Name), t.Value)
	default:
		m.plain(other(t.Name), t, here)
	}
}

// plain sets a text in which every long number is taken for a card's.
func (m *message) plain(name string, t codec.Tag, here stx.Span) {
	numbers := stx.Numbers([]byte(t.Value))
	stx.Fields(m.Fields).Text(name, string(stx.Hidden([]byte(t.Value), numbers)))
	m.hide(here.From, numbers)
}

// other is the name of a field that has none of its own.
func other(tag string) string { return "x_" + strings.ToLower(stx.Printable([]byte(tag))) }

// hide notes card data within a value that begins at an offset.
func (m *message) hide(offset int, spans []stx.Span) {
	for _, s := range spans {
		m.Secret = append(m.Secret, stx.Span{From: offset + s.From, To: offset + s.To})
	}
}
