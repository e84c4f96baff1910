package detect

import (
	"bytes"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers/zvt"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// enquiry is the question for a terminal's status, without a password (PA00P015, 05 01). It needs no registration.
func enquiry() codec.APDU { return codec.APDU{Class: 0x05, Instr: 0x01} }

// accepted is the answer to a terminal's own command.
func accepted() codec.APDU { return codec.APDU{Class: 0x80} }

// zvtWaits are for the acknowledgement, for the reply and for the end of the command; a terminal that works answers at once.
const (
	zvtFirst = 3 * time.Second
	zvtEnd   = 6 * time.Second
	zvtMost  = 20 // commands of the terminal that are answered
)

// askZVT asks for the status over the serial line. A frame with a right CRC is sure. The terminal's completion is acknowledged and answered, so that it does
// not repeat it.
func askZVT(t *talk) (*Found, error) {
	frame, err := marshal(enquiry(), codec.Frame)
	if err != nil {
		return nil, err
	}
	said, err := t.ask("05 01: status enquiry", frame, zvtFirst, func(said []byte) bool { return len(frames(said)) > 0 })
	if err != nil || t.echoes {
		return nil, err
	}
	if len(frames(said)) == 0 {
		t.quiet(said)
		return nil, nil
	}
	t.judged("a frame with a right CRC", true)
	yes, err := marshal(accepted(), codec.Frame)
	if err != nil {
		return nil, err
	}
	return t.zvtStatus(yes, frames, []byte{codec.ACK})
}

// askZVTStream asks on TCP, where an APDU has neither frame nor check: the reply's form alone is what is believed.
func askZVTStream(t *talk) (*Found, error) {
	apdu, err := marshal(enquiry(), nil)
	if err != nil {
		return nil, err
	}
	said, err := t.ask("05 01: status enquiry", apdu, zvtFirst, func(said []byte) bool { return len(apdus(said)) > 0 })
	if err != nil || t.echoes {
		return nil, err
	}
	if list := apdus(said); len(list) == 0 || !list[0].Reply() {
		t.quiet(said)
		return nil, nil
	}
	t.judged("a reply of ZVT", true)
	yes, err := marshal(accepted(), nil)
	if err != nil {
		return nil, err
	}
	return t.zvtStatus(yes, apdus, nil)
}

// zvtStatus answers what the terminal says until it has told its status.
func (t *talk) zvtStatus(yes []byte, cut func([]byte) []codec.APDU, ack []byte) (*Found, error) {
	found := &Found{Text: "It told no status."}
	answered := 0
	for until := time.Now().Add(zvtEnd); time.Now().Before(until); {
		list := cut(t.heard)
		for ; answered < len(list) && answered < zvtMost; answered++ {
			a := list[answered]
			if len(ack) > 0 {
				if err := t.write(ack); err != nil {
					return found, err
				}
			}
			if a.Refuses() {
				found.Text = fmt.Sprintf("It refuses the question for its status: %s.", statusWords(a))
				return found, nil
			}
			if a.Reply() {
				continue
			}
			if err := t.say("80 00: the answer to "+fmt.Sprintf("%02x %02x", a.Class, a.Instr), yes); err != nil {
				return found, err
			}
			t.judged("nothing more to say", true)
			if a.Is(0x06, 0x0F) || a.Is(0x06, 0x1E) {
				found.Text = fmt.Sprintf("It says: %s.", statusWords(a))
				_, err := t.hear(tail, anything)
				return found, err
			}
		}
		before := len(list)
		if _, err := t.hear(time.Until(until), func([]byte) bool { return len(cut(t.heard)) > before }); err != nil {
			return found, err
		}
		if len(cut(t.heard)) == before {
			return found, nil
		}
	}
	return found, nil
}

// frames are the whole frames in what came.
func frames(said []byte) (list []codec.APDU) {
	var d codec.Decoder
	for _, b := range said {
		for _, ev := range d.Feed(b) {
			if ev.Kind == codec.GotFrame {
				list = append(list, ev.Message)
			}
		}
	}
	return list
}

// apdus are the whole APDUs in what came.
func apdus(said []byte) (list []codec.APDU) {
	var s codec.Splitter
	for _, b := range said {
		if ev, whole := s.Feed(b); whole {
			list = append(list, ev.Message)
		}
	}
	return list
}

// statusWords are what an answer says, in the words of the decoder.
func statusWords(a codec.APDU) string {
	raw, err := a.Marshal()
	if err != nil {
		return "nothing"
	}
	for _, d := range zvt.Decode(raw) {
		for _, name := range []string{"text", "result_text", "status"} {
			if text, ok := d.Fields[name]; ok {
				return fmt.Sprint(text)
			}
		}
	}
	return fmt.Sprintf("%02x %02x", a.Class, a.Instr)
}

// marshal writes an APDU, in a frame where there is one.
func marshal(a codec.APDU, frame func([]byte) []byte) ([]byte, error) {
	raw, err := a.Marshal()
	if err != nil || frame == nil {
		return raw, err
	}
	return frame(bytes.Clone(raw)), nil
}
