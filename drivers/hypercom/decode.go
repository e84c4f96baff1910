package hypercom

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/drivers/stx"
)

// Decode puts recorded bytes into words, one object for each frame, ACK and NAK. Both ways in which banks write lengths are understood: those of frames by what
// makes more frames out of the input, those of fields by what fits. Card numbers are masked; what is personal is neither named nor shown.
func Decode(input []byte) []drivers.Decoded {
	usual := stx.Decode("hypercom", codec.Usual().Rules(), input, understand)
	if !slices.ContainsFunc(usual, func(d drivers.Decoded) bool { return !d.OK }) {
		return usual
	}
	if other := stx.Decode("hypercom", codec.Form{Frame: stx.Binary}.Rules(), input, understand); frames(other) > frames(usual) {
		return other
	}
	return usual
}

// frames is how many frames with headers there are.
func frames(list []drivers.Decoded) (n int) {
	for _, d := range list {
		if d.Direction != "" {
			n++
		}
	}
	return n
}

// parse reads a body in the first of the forms that fits; the usual one's error where none does.
func parse(payload []byte) (codec.Message, error) {
	usual, err := codec.Usual().Parse(payload)
	if err == nil || errors.Is(err, codec.ErrHeader) {
		return usual, err
	}
	for _, p := range profiles() {
		if m, other := p.form.Parse(payload); other == nil {
			return m, nil
		}
	}
	return usual, err
}

func understand(payload []byte) stx.Meaning {
	m, err := parse(payload)
	if errors.Is(err, codec.ErrHeader) {
		return stx.Meaning{Err: err, Secret: []stx.Span{{To: len(payload)}}}
	}
	meaning := stx.Meaning{Name: name(m.Code), Direction: drivers.FromECR, Err: err, Secret: secrets(m)}
	if err != nil {
		meaning.Secret = append(meaning.Secret, stx.Span{From: readTo(m), To: len(payload)})
	}
	if meaning.Name == "" && err == nil {
		meaning.Err = fmt.Errorf("unknown transaction %q", stx.Printable([]byte(m.Code)))
	}
	f := stx.Fields{}
	if m.Direction == codec.Answer {
		meaning.Direction = drivers.FromDevice
		f.Result(m.Response, resultText(m.Response))
	}
	head, groups := m.Groups()
	for _, field := range head {
		nameField(f, field)
	}
	if len(groups) > 0 {
		f["lines"] = linesOf(groups)
	}
	if m.More {
		f["x_more"] = "1"
	}
	if len(f) > 0 {
		meaning.Fields = f
	}
	return meaning
}

// readTo is where the fields end that could be read.
func readTo(m codec.Message) int {
	if n := len(m.Fields); n > 0 {
		return m.Fields[n-1].At + len(m.Fields[n-1].Data)
	}
	return headerLength
}

// headerLength is that of both headers, with the separator.
const headerLength = 18

// secrets are the places of what nobody is shown.
func secrets(m codec.Message) (spans []stx.Span) {
	for _, f := range m.Fields {
		switch {
		case f.Code == fieldCard, isPersonal(f):
			spans = append(spans, stx.Span{From: f.At, To: f.At + len(f.Data)})
		case !isPlain(f):
			for _, s := range concealed(f.Data) {
				spans = append(spans, stx.Span{From: f.At + s.From, To: f.At + s.To})
			}
		}
	}
	return spans
}

// isPersonal says whether a field may tell who somebody is, or what is on a card.
func isPersonal(f codec.Field) bool {
	switch f.Code {
	case "31", "32", "33", "D5", "D6", "D7", "D8", "A2", "T1", "T2", "T3": // dates of the card, holder, contact, name, tracks
		return true
	case "A1": // two characters are a wallet's kind, more a person's number
		return len(f.Data) > 2
	case "19", "29", "99", "AA", "C2", "K1": // receipt bytes, card or message as the host has it, a wallet's payer, the card to compare, keys
		return true
	}
	return false
}

// linesOf tells groups of fields, one line a group.
func linesOf(groups [][]codec.Field) []string {
	lines := []string{}
	for _, group := range groups {
		var parts []string
		for _, f := range group {
			shown := stx.Fields{}
			nameField(shown, f)
			for _, key := range slices.Sorted(maps.Keys(shown)) {
				if key != "last4" {
					parts = append(parts, fmt.Sprintf("%s=%v", key, shown[key]))
				}
			}
		}
		lines = append(lines, strings.Join(parts, " "))
	}
	return lines
}

// nameField sets a field under its name. What is empty or personal is left out.
func nameField(f stx.Fields, field codec.Field) {
	switch {
	case field.Code == fieldCard:
		card(f, field.Data)
		return
	case field.Code == fieldWallet:
		wallet(f, field.Data)
		return
	case isPersonal(field):
		return // not even a text of it is made
	}
	value := text(codec.Message{Fields: []codec.Field{field}}, field.Code)
	switch field.Code {
	case fieldAmount:
		f.Number("amount", value)
	case "87":
		f.Number("count", value)
	case fieldDate:
		f.Clock("060102", value, "", "")
	case fieldTime:
		f.Clock("", "", "150405", value)
	case fieldEntry:
		f.Text("entry", entry(value))
		f.Text("x_e6", value)
	default:
		setNamed(f, field, value)
	}
}

// setNamed sets a field that is told as it is: a number of the terminal's own, a text without card numbers, or bytes in hex.
func setNamed(f stx.Fields, field codec.Field, value string) {
	key := nameOf(field.Code)
	switch {
	case value == "":
	case !printable(field.Data):
		f[key] = hex.EncodeToString(stx.Hidden(field.Data, concealed(field.Data)))
	default:
		f[key] = value
	}
}

// card sets what may be shown of a card's number.
func card(f stx.Fields, number []byte) {
	number = bytes.TrimRight(number, " \x00")
	if n := len(number); n >= 4 {
		shown := append([]byte(strings.Repeat("*", n-4)), number[n-4:]...)
		f.Card(stx.Printable(shown))
	}
}

// nameOf is what the contract calls a field, and x_ with its code for one that has no name there.
func nameOf(code string) string {
	switch code {
	case fieldAuth:
		return "auth_code"
	case fieldText:
		return "text"
	case "06":
		return "reference"
	case fieldTerminal:
		return "terminal_id"
	case fieldDetail:
		return "status"
	case "50":
		return "batch"
	case fieldTrace:
		return "trace"
	case fieldInvoice:
		return "receipt_no"
	case fieldID:
		return "ticket"
	case fieldMerchant:
		return "merchant_id"
	case fieldScheme:
		return "brand"
	case fieldLabel:
		return "card_name"
	}
	return "x_" + strings.ToLower(stx.Printable([]byte(code)))
}

// printable says whether bytes are a text, zero bytes at its end aside.
func printable(b []byte) bool {
	for _, c := range b {
		if c != 0 && (c < 0x20 || c > 0x7E) {
			return false
		}
	}
	return true
}
