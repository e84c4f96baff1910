package zvt

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// Transports of a decoded APDU.
const (
	serialTransport = "serial"
	tcpTransport    = "tcp"
)

// Decode puts recorded bytes into words, one object for each serial frame, bare APDU and link control byte, in their
// order. What cannot be understood is an object that is not OK, and decoding goes on behind it. Card data is masked. A
// byte 06 is ACK, or the begin of a bare APDU when a whole one or the begin of a known one stands there.
func Decode(input []byte) []drivers.Decoded {
	var all []drivers.Decoded
	for at := 0; at < len(input); {
		objects, n := decodeNext(input[at:])
		all = append(all, objects...)
		at += n
	}
	return all
}

// decodeNext decodes what stands at the begin of b and says how many bytes that took.
func decodeNext(b []byte) ([]drivers.Decoded, int) {
	switch {
	case startsFrame(b):
		return decodeFrame(b)
	case startsAPDU(b):
		return decodeBare(b)
	case b[0] == codec.ACK || b[0] == codec.NAK:
		return []drivers.Decoded{control(b[0])}, 1
	case len(b) == 1 && b[0] == 0x10:
		return []drivers.Decoded{bad(b, errors.New("truncated: a frame begins with 10 02"), nil)}, 1
	case len(b) == 1 && zvtClass(b[0]):
		return []drivers.Decoded{bad(b, errors.New("truncated: an APDU has at least three bytes"), nil)}, 1
	}
	return garbage(b)
}

func startsFrame(b []byte) bool { return len(b) >= 2 && b[0] == 0x10 && b[1] == 0x02 }

// startsAPDU says whether a bare APDU begins here: a command with a name or a reply, or else any of a class of ZVT that
// ends where the input ends.
func startsAPDU(b []byte) bool {
	if len(b) < 2 || !zvtClass(b[0]) || b[0] == codec.ACK && startsFrame(b[1:]) {
		return false
	}
	a := codec.APDU{Class: b[0], Instr: b[1]}
	if commandName(a) != "" {
		return true
	}
	_, err := codec.Parse(b)
	return err == nil
}

func zvtClass(class byte) bool {
	switch class {
	case 0x04, 0x05, 0x06, 0x08, 0x0F, 0x80, 0x84:
		return true
	}
	return false
}

// garbage takes everything up to the next byte that can begin something.
func garbage(b []byte) ([]drivers.Decoded, int) {
	n := 1
	for n < len(b) && !startsFrame(b[n:]) && !startsAPDU(b[n:]) && !startsControl(b[n:]) {
		n++
	}
	return []drivers.Decoded{bad(b[:n], fmt.Errorf("%d bytes that begin no frame and no APDU", n), digitSpans(b[:n], 0))}, n
}

// startsControl says whether a control byte of the link stands here: inside garbage only one before a frame or at the
// end is believed.
func startsControl(b []byte) bool {
	return (b[0] == codec.ACK || b[0] == codec.NAK) && (len(b) == 1 || startsFrame(b[1:]))
}

func control(b byte) drivers.Decoded {
	d := drivers.Decoded{OK: true, Protocol: "zvt", Name: "ack", Frame: hex.EncodeToString([]byte{b}), Transport: serialTransport}
	if b == codec.NAK {
		d.Name = "nak"
	}
	return d
}

// decodeFrame feeds a decoder until the frame at the begin of b has ended, well or not.
func decodeFrame(b []byte) ([]drivers.Decoded, int) {
	var decoder codec.Decoder
	for i, c := range b {
		events := decoder.Feed(c)
		if len(events) == 0 {
			continue
		}
		ev, n := events[0], i+1
		if ev.Kind == codec.GotFrame {
			return []drivers.Decoded{decoded(ev.Message, ev.APDU, ev.Raw, serialTransport)}, n
		}
		if errors.Is(ev.Err, codec.ErrRestart) {
			n -= 2 // the 10 02 belongs to the next frame
		}
		return []drivers.Decoded{badFrame(b[:n], ev.Err)}, n
	}
	return []drivers.Decoded{badFrame(b, errors.New("truncated: the frame has no end"))}, len(b)
}

// decodeBare decodes an APDU without a frame.
func decodeBare(b []byte) ([]drivers.Decoded, int) {
	var splitter codec.Splitter
	for i, c := range b {
		if ev, whole := splitter.Feed(c); whole {
			return []drivers.Decoded{decoded(ev.Message, ev.APDU, ev.Raw, tcpTransport)}, i + 1
		}
	}
	d := bad(b, errors.New("truncated: the APDU is longer than the input"), cardSpans(b, true))
	d.Transport = tcpTransport
	label(&d, codec.APDU{Class: b[0], Instr: b[1]})
	return []drivers.Decoded{d}, len(b)
}

// decoded describes one whole APDU.
func decoded(a codec.APDU, apdu, raw []byte, transport string) drivers.Decoded {
	d := drivers.Decoded{OK: true, Protocol: "zvt", Frame: masked(raw, apdu, cardSpans(apdu, false)), Transport: transport}
	label(&d, a)
	d.Fields = fieldsOf(a)
	return d
}

func label(d *drivers.Decoded, a codec.APDU) {
	d.Name, d.Direction = commandName(a), direction(a)
	d.Class, d.Instr = fmt.Sprintf("%02x", a.Class), fmt.Sprintf("%02x", a.Instr)
}

// badFrame describes a serial frame that is not to be trusted. Its content is shown masked and unnamed.
func badFrame(raw []byte, err error) drivers.Decoded {
	apdu := undouble(raw)
	return drivers.Decoded{
		Error: err.Error(), Protocol: "zvt", Transport: serialTransport,
		Frame: masked(raw, apdu, append(looseSpans(apdu, 0), cardSpans(apdu, true)...)),
	}
}

func bad(b []byte, err error, spans []span) drivers.Decoded {
	return drivers.Decoded{Error: err.Error(), Protocol: "zvt", Frame: masked(b, b, spans)}
}

// undouble takes the APDU out of a frame that may be broken: what stands behind 10 02 up to 10 03 or the end, 10 10 as 10.
func undouble(raw []byte) []byte {
	var out []byte
	for i := 2; i < len(raw); i++ {
		if raw[i] == 0x10 && i+1 < len(raw) {
			if i++; raw[i] == 0x03 {
				break
			}
		}
		out = append(out, raw[i])
	}
	return out
}

// masked writes raw as hex with the spans of the APDU in it masked: e for a digit, 2a for a character.
func masked(raw, apdu []byte, spans []span) string {
	out := []byte(hex.EncodeToString(raw))
	places := mapping(raw, apdu)
	for _, s := range spans {
		for at := s.from; at < min(s.to, len(apdu)); at++ {
			for _, i := range places[at] {
				s.mask(out[2*i : 2*i+2])
			}
		}
	}
	return string(out)
}

// mask hides one byte that stands as two hex digits. Separators and filling of a packed number stay.
func (s span) mask(hexByte []byte) {
	if s.text {
		copy(hexByte, "2a")
		return
	}
	for i, c := range hexByte {
		if isDigit(c) {
			hexByte[i] = 'e'
		}
	}
}

// mapping says where in raw each byte of the APDU stands: a doubled 10 in two places. Raw and APDU of the same length
// are the same.
func mapping(raw, apdu []byte) [][]int {
	places := make([][]int, len(apdu))
	if len(raw) == len(apdu) {
		for i := range places {
			places[i] = []int{i}
		}
		return places
	}
	at := 2
	for i := range places {
		places[i] = []int{at}
		if raw[at] == 0x10 && at+1 < len(raw) {
			at++
			places[i] = append(places[i], at)
		}
		at++
	}
	return places
}
