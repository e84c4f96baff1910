package hypercomsim

import (
	"bytes"

	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/drivers/stx"
)

// stray are three bytes that say nothing, as they were recorded before answers.
func stray() []byte { return []byte{0x00, 0xFF, 'x'} }

// frame is an answer on the wire, with what its card does to the send of that number, from 0.
func (s *session) frame(m codec.Message, l Link, send int) []byte {
	frame := s.rules.Frame(s.payload(m, l.Overrun))
	if send < l.Damaged {
		frame[len(frame)-1] ^= 0x41
	}
	if send < l.BadLength {
		frame[1] |= 0xF0
	}
	if l.Junk {
		frame = append(stray(), frame...)
	}
	return frame
}

// payload is the body of an answer. The length of a field that is to overrun it is as long as the form can say.
func (s *session) payload(m codec.Message, overrun string) []byte {
	for i, f := range m.Fields {
		if f.Code != overrun {
			continue
		}
		closed := s.form
		closed.Open = false
		before := m
		before.Fields = m.Fields[:i]
		at := len(closed.Payload(before)) + len(f.Code)
		whole := s.form.Payload(m)
		copy(whole[at:], s.form.Field.Put(nil, 9999))
		return whole
	}
	return s.form.Payload(m)
}

// begin acknowledges a command, in the card's manner.
func (s *session) begin(m codec.Message, l Link) {
	s.t.tell(Event{Moment: Received, Command: m.Code})
	ack := []byte{stx.ACK}
	if l.Junk {
		ack = append(stray(), ack...)
	}
	switch {
	case l.NoACK:
	case l.Glue:
		s.held = bytes.Clone(ack)
	default:
		s.write(ack)
	}
}
