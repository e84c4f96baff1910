package zvtsim

import (
	"bytes"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// numbers are the message ids of a session (PA00P015, TLV 1F73): one counter for the commands of both sides, begun anew by each registration that agrees on them.
type numbers struct {
	on   bool
	last uint64 // id of the last command of either side
	till uint64 // of the till's last command, which our answer repeats; 0 for none
	ours uint64 // of our last command, which the till's answer has to repeat
	said []byte // our answer to the till's last command, nil before it
}

// idSize is the length of TLV 1F73 with its tag and length; a container of nothing else has two bytes more.
const idSize = 6

// idTail is how a message with a container of nothing but an id ends, up to the digits.
func idTail() []byte { return []byte{byte(codec.Container), idSize, 0x1F, 0x73, 0x03} }

// readID finds the id at the end of a message of the till, where a container of its own is cut off.
func readID(m codec.APDU) (id uint64, bare codec.APDU) {
	at := len(m.Data) - idSize
	tail := idTail()
	if at < 0 || !bytes.HasPrefix(m.Data[at:], tail[2:]) {
		return 0, m
	}
	id, err := codec.ParseBCD(m.Data[at+3:])
	if err != nil || id == 0 {
		return 0, m
	}
	if at >= 2 && bytes.Equal(m.Data[at-2:at+3], tail) {
		m.Data = m.Data[:at-2]
	}
	return id, m
}

// identify takes a message of the till. ok is false for one that is not to be handled: a command that came before, which is answered again, and an answer that
// is not that to our last command.
func (s *session) identify(m codec.APDU) (bare codec.APDU, ok bool, err error) {
	if !s.ids.on || m.Is(0x06, 0x00) {
		s.ids = numbers{}
		return m, true, nil
	}
	id, bare := readID(m)
	switch {
	case m.Reply():
		return bare, id == s.ids.ours, nil
	case id == 0:
		s.t.tell(Event{Moment: Unnumbered, Command: name(m)})
	case id == s.ids.till && s.ids.said != nil:
		return bare, false, ignoreQuiet(s.deliver("80 00", s.ids.said))
	}
	if s.ids.till, s.ids.said = id, nil; id > 0 {
		s.ids.last = id
	}
	return bare, true, nil
}

// number gives a message of ours its id.
func (s *session) number(m codec.APDU) (codec.APDU, error) {
	if !s.ids.on {
		return m, nil
	}
	id := s.ids.till
	if !m.Reply() {
		s.ids.last = s.ids.last%999_999 + 1
		s.ids.ours = s.ids.last
		id = s.ids.last
	}
	if id == 0 {
		return m, nil
	}
	whole, err := withID(m, id)
	if m.Reply() && err == nil {
		s.ids.said, err = whole.Marshal()
	}
	return whole, err
}

// withID adds an id to the container of a message, or a container behind all else.
func withID(m codec.APDU, id uint64) (codec.APDU, error) {
	digits, err := codec.BCD(id, 3)
	if err != nil {
		return m, err
	}
	object := codec.AppendTLV(nil, codec.TagMessageID, digits)
	fixed := positional(m)
	fields, rest, err := codec.ParseFields(m.Data[fixed:])
	b := codec.Build(m.Class, m.Instr).Raw(m.Data[:fixed]...)
	if m.Is(0x04, 0xFF) && len(m.Data) == 1 {
		b.Raw(0x03) // objects come behind a T4 only
	}
	if _, has := fields.Find(codec.Container); !has || err != nil {
		return b.Raw(m.Data[fixed:]...).TLV(object).APDU()
	}
	for _, f := range fields {
		value := f.Value
		if f.BMP == codec.Container {
			value = append(bytes.Clone(value), object...)
		}
		b.Field(f.BMP, value...)
	}
	return b.Raw(rest...).APDU()
}

// positional is how many bytes of a message of ours are no fields.
func positional(m codec.APDU) int {
	n := 0
	switch {
	case m.Is(0x04, 0xFF):
		n = 2
	case m.Is(0x06, 0x1E):
		n = 1
	case m.Is(0x06, 0xD1):
		n = len(m.Data)
	case m.Is(0x06, 0x0F):
		if _, rest, err := codec.ParseFields(m.Data); err != nil || len(rest) > 0 {
			n = len(m.Data) // version and status
		}
	}
	return min(n, len(m.Data))
}
