package zvt

import (
	"bytes"
	"fmt"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// numbered gives a message of the peer its id, in a container of its own where it ends.
func (t *talk) numbered(a codec.APDU) codec.APDU {
	if !t.counts {
		return a
	}
	id := t.till
	if !a.Reply() {
		t.id = t.id%999_999 + 1
		id = t.id
	}
	digits, _ := codec.BCD(id, 3)
	mark := append([]byte{0x1F, 0x73, 3}, digits...)
	fields, rest, _ := codec.ParseFields(a.Data)
	if n := len(fields); n > 0 && len(rest) == 0 && fields[n-1].BMP == codec.Container { // one container is enough
		whole := codec.Build(a.Class, a.Instr)
		for _, f := range fields[:n-1] {
			whole.Field(f.BMP, f.Value...)
		}
		return apdu(whole.TLV(append(bytes.Clone(fields[n-1].Value), mark...)))
	}
	if a.Is(0x04, 0xFF) && len(a.Data) == 1 {
		a.Data = append(bytes.Clone(a.Data), 3) // objects need a T4 before them
	}
	return codec.APDU{Class: a.Class, Instr: a.Instr, Data: append(append(bytes.Clone(a.Data), 0x06, byte(len(mark))), mark...)}
}

// take keeps a message of the till. Of a result that was sent twice both are answered; the second answer may come when the next command is out.
// What its link sends again, because our acknowledgement was lost, has its id again and is the same message.
func (t *talk) take(a codec.APDU) {
	if t.counts && t.again(a) && !locked(t.peer, func() bool { return t.script.Repeat }) {
		return
	}
	id := t.id
	if bare, own := t.plain(a); own == id || !a.Reply() || !t.counts {
		t.inbox = append(t.inbox, bare)
	}
}

// again says whether a message is the last of its kind once more.
func (t *talk) again(a codec.APDU) bool {
	plain, _ := a.Marshal()
	last := &t.last[0]
	if a.Reply() {
		last = &t.last[1]
	}
	same := bytes.Equal(plain, *last)
	*last = plain
	return same
}

// plain takes the id out of a message of the till, which ends with it, and judges it.
func (t *talk) plain(a codec.APDU) (bare codec.APDU, id uint64) {
	if !t.counts || a.Is(0x06, 0x00) {
		t.counts = false
		return a, 0
	}
	at := bytes.LastIndex(a.Data, []byte{0x1F, 0x73, 3})
	if at < 2 || len(a.Data) != at+6 {
		t.misnumbered(a)
		return a, 0
	}
	id, _ = codec.ParseBCD(a.Data[at+3:])
	switch {
	case a.Is(0x06, 0xB0): // may cross a command of ours, which has the same id then
		t.id, t.till = max(id, t.id), id
	case a.Reply() && id+1 == t.id && locked(t.peer, func() bool { return t.script.Repeat }):
	case a.Reply() && id != t.id, !a.Reply() && id != t.id%999_999+1:
		t.misnumbered(a)
	case !a.Reply():
		t.id, t.till = id, id
	}
	if a.Data[at-2] == byte(codec.Container) && a.Data[at-1] == 6 {
		return codec.APDU{Class: a.Class, Instr: a.Instr, Data: a.Data[:at-2]}, id
	}
	return a, id
}

// misnumbered notes that an id was wrong.
func (t *talk) misnumbered(a codec.APDU) {
	locked(t.peer, func() bool { t.wrong = fmt.Sprintf("% x behind id %d", a, t.id); return true })
}
