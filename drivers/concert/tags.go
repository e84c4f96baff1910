package concert

import (
	"encoding/base64"
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/concert/codec"
	"github.com/tillproof/tillproof/drivers/stx"
)

// understandTags names the fields of a V3 message. The terminal's messages say how it went (AE); the till's do not.
func understandTags(payload []byte) stx.Meaning {
	m := &message{Meaning: stx.Meaning{Name: "message", Direction: drivers.FromECR, Fields: stx.Fields{}}}
	m.read(payload, 0)
	return m.Meaning
}

// message is a V3 message being read.
type message struct{ stx.Meaning }

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
	switch t.Name {
	case "CZ":
		f.Text("x_version", t.Value)
	case "CJ":
		f.Text("x_cj", t.Value)
	case "CA":
		f.Text("register", t.Value)
	case "CB":
		f.Number("amount", t.Value)
	case "CD":
		m.Name = actionName(t.Value)
	case "CE":
		currency(f, t.Value)
	case "CF", "CH":
		f.Text("reference", t.Value)
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
		f.Text("status", t.Value)
		f.Text("text", reasonText(t.Value))
	case "AK":
		if lines := ticketLines(t.Value); lines != nil {
			f["lines"] = lines
		}
		m.Secret = append(m.Secret, here)
	case "ZT":
		m.read([]byte(t.Value), here.From)
	default:
		f.Text("x_"+strings.ToLower(stx.Printable([]byte(t.Name))), string(stx.Hidden([]byte(t.Value), stx.Numbers([]byte(t.Value)))))
		for _, s := range stx.Numbers([]byte(t.Value)) {
			m.Secret = append(m.Secret, stx.Span{From: here.From + s.From, To: here.From + s.To})
		}
	}
}

// ticketLines are the lines of a receipt in base64, without what may be a card's number.
func ticketLines(value string) []string {
	text, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return nil
	}
	lines := []string{}
	stx.HideCards(text) // in groups
	for line := range strings.Lines(string(stx.Hidden(text, stx.Numbers(text)))) {
		lines = append(lines, stx.Printable([]byte(strings.TrimRight(line, "\r\n"))))
	}
	return lines
}
