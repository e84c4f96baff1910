package stx

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/drivers"
)

// Span is a part of a payload, from From up to but without To.
type Span struct{ From, To int }

// Meaning is what a payload says.
type Meaning struct {
	Name      string
	Direction string // drivers.FromECR, drivers.FromDevice or ""
	Fields    map[string]any
	Secret    []Span // card data, which nobody is shown
	Err       error  // why it cannot be understood
}

// Decode puts recorded bytes into words, one object for each frame, progress text and control byte, in their order. What cannot be understood is an object
// that is not OK, and decoding goes on behind it. Card data is masked: by what understand says of a frame, and by its looks where a frame is damaged.
func Decode(protocol string, rules *Rules, input []byte, understand func(payload []byte) Meaning) []drivers.Decoded {
	decoder := &Decoder{Rules: rules, Any: true}
	var all []drivers.Decoded
	each := func(events []Event) {
		for i := range events {
			d := decoded(rules, &events[i], understand)
			d.Protocol = protocol
			all = append(all, d)
		}
	}
	for _, b := range input {
		each(decoder.Feed(b))
	}
	each(decoder.Flush())
	return all
}

func decoded(rules *Rules, e *Event, understand func([]byte) Meaning) drivers.Decoded {
	switch e.Kind {
	case GotControl:
		return drivers.Decoded{OK: true, Name: controlName(e.Payload[0]), Frame: hex.EncodeToString(e.Raw)}
	case GotProgress:
		return drivers.Decoded{OK: true, Name: "intermediate_status", Direction: drivers.FromDevice, Frame: Masked(e.Raw, 1, Cards(e.Payload)),
			Fields: map[string]any{"text": SafeText(e.Payload)}}
	case GotFrame:
		m := understand(e.Payload)
		if m.Fields != nil && e.Scope != rules.Scope {
			m.Fields["x_lrc_scope"] = e.Scope.String()
		}
		d := drivers.Decoded{OK: m.Err == nil, Name: m.Name, Direction: m.Direction, Fields: m.Fields, Frame: Masked(e.Raw, rules.head(), m.Secret)}
		if m.Err != nil {
			d.Error = m.Err.Error()
		}
		return d
	case GotJunk:
		if e.Err == nil {
			e.Err = fmt.Errorf("%d bytes that begin no frame", e.Count)
		}
	}
	return bad(rules, e, e.Err)
}

func bad(rules *Rules, e *Event, err error) drivers.Decoded {
	if errors.Is(err, ErrTruncated) {
		err = ErrTruncated
	}
	hidden := Numbers(e.Raw)
	if rules.Hide != nil {
		hidden = append(hidden, rules.Hide(e.Raw)...)
	}
	return drivers.Decoded{Error: err.Error(), Frame: Masked(e.Raw, 0, hidden)}
}

func controlName(c byte) string {
	switch c {
	case ACK:
		return "ack"
	case NAK:
		return "nak"
	case ENQ:
		return "enq"
	}
	return "eot"
}

// longNumber is the fewest digits in a row that may be a card's number.
const longNumber = 12

// Numbers finds what may be a card's number, with what follows it on a track.
func Numbers(b []byte) (spans []Span) {
	from := -1
	for i := 0; i <= len(b); i++ {
		if i < len(b) && (b[i] >= '0' && b[i] <= '9' || b[i] == '=') {
			if from < 0 {
				from = i
			}
			continue
		}
		if from >= 0 && i-from >= longNumber {
			spans = append(spans, Span{from, i})
		}
		from = -1
	}
	return spans
}

// Hidden is a copy with a star for every character of the spans.
func Hidden(b []byte, spans []Span) []byte {
	shown := append([]byte(nil), b...)
	for _, s := range spans {
		for i := max(0, s.From); i < min(len(shown), s.To); i++ {
			shown[i] = '*'
		}
	}
	return shown
}

// Masked is a frame in hex with 2a for every character of the spans, which count from an offset.
func Masked(raw []byte, offset int, spans []Span) string {
	moved := make([]Span, len(spans))
	for i, s := range spans {
		moved[i] = Span{s.From + offset, s.To + offset}
	}
	return hex.EncodeToString(Hidden(raw, moved))
}

// Printable is a text without blanks at its ends, and with a dot for everything that is no printable ASCII.
func Printable(b []byte) string { return trim(string(Plain(b))) }

// Plain is a copy with a dot for everything that is no printable ASCII. Its caller can overwrite it, as no string can be.
func Plain(b []byte) []byte {
	text := make([]byte, 0, len(b))
	for _, c := range b {
		if c < 0x20 || c > 0x7E {
			c = '.'
		}
		text = append(text, c)
	}
	return text
}
