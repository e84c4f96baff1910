package stx

// The control bytes (ISO 646).
const (
	SOH byte = 0x01
	STX byte = 0x02
	ETX byte = 0x03
	EOT byte = 0x04
	ENQ byte = 0x05
	ACK byte = 0x06
	NAK byte = 0x15
)

// Scope says which bytes of a frame the check byte covers.
type Scope int

// The scopes. Descriptions of ECR17 differ, so a driver may have to find out.
const (
	PayloadETX    Scope = iota // payload and 03
	STXPayloadETX              // 02, payload and 03
	PayloadOnly                // payload
	STXPayload                 // 02 and payload
)

// Scopes are all of them, the usual one first.
func Scopes() [4]Scope { return [...]Scope{PayloadETX, STXPayloadETX, PayloadOnly, STXPayload} }

// String names a scope as settings do.
func (s Scope) String() string {
	switch s {
	case PayloadETX:
		return "payload_etx"
	case STXPayloadETX:
		return "stx_payload_etx"
	case PayloadOnly:
		return "payload"
	case STXPayload:
		return "stx_payload"
	}
	return "unknown"
}

// Rules is what tells a family from the others.
type Rules struct {
	Seed     byte   // the check's start value
	Scope    Scope  // of the check
	Differs  bool   // terminals of the family differ in that, so any scope may be the right one of what somebody recorded
	Max      int    // longest payload in bytes; a frame beyond it is given up
	Controls []byte // single bytes that mean something outside of a frame
	Length   Length // how a frame ends; where it is not by 03, the check covers the length too, and the payload holds any byte

	// Hide says what nobody is shown of a damaged frame beside long numbers; nil for nothing more.
	Hide func(raw []byte) []Span

	// Framed makes ACK and NAK three bytes: the control byte, 03 and a check over both (ECR17). Progress is the length of the text between 01 and 04, 0 for
	// a family without.
	Framed   bool
	Progress int
}

// Check is the check byte of a payload.
func (r *Rules) Check(payload []byte) byte { return r.check(r.Scope, payload) }

func (r *Rules) check(scope Scope, payload []byte) byte {
	sum := r.Seed
	if r.Length != ByETX {
		var two [2]byte
		length := r.Length.Put(two[:0], len(payload))
		sum ^= length[0] ^ length[1]
	}
	for _, c := range payload {
		sum ^= c
	}
	if scope == STXPayloadETX || scope == STXPayload {
		sum ^= STX
	}
	if scope == PayloadETX || scope == STXPayloadETX {
		sum ^= ETX
	}
	return sum
}

// Frame puts a payload on the wire. Where no length is written it must hold neither 02 nor 03; where one is, it is no longer than the length can say.
func (r *Rules) Frame(payload []byte) []byte {
	frame := append(make([]byte, 0, len(payload)+5), STX)
	if r.Length != ByETX {
		frame = r.Length.Put(frame, len(payload))
	}
	frame = append(append(frame, payload...), ETX)
	return append(frame, r.Check(payload))
}

// Control is ACK or NAK on the wire.
func (r *Rules) Control(c byte) []byte {
	if !r.Framed {
		return []byte{c}
	}
	return []byte{c, ETX, r.Seed ^ c ^ ETX}
}
