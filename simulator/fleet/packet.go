package fleet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"
)

// The control packets of MQTT 3.1.1 (OASIS, §2.2.1) that a till needs, with the flags that they always have.
const (
	connectPacket   = 0x10
	connackPacket   = 0x20
	publishPacket   = 0x30
	publishQoS1     = publishPacket | 1<<1
	pubackPacket    = 0x40
	subscribePacket = 0x82
	subackPacket    = 0x90
	pingPacket      = 0xc0
)

// keepAlive is announced to the broker (§3.1.2.10); a till that has sent nothing for half of it sends a ping.
const keepAlive = 60 * time.Second

// maxIncoming bounds a packet from the broker, in bytes: an acknowledgement has at most 8 KiB.
const maxIncoming = 16 << 10

var errMalformed = errors.New("the broker sent what is no MQTT packet")

// hello is CONNECT with a clean session (§3.1) and SUBSCRIBE to one topic with QoS 1 (§3.8); a client need not wait in between (§3.1.4).
func hello(id, topic string) []byte {
	body := text(nil, "MQTT")
	body = append(body, 4, 1<<7|1<<1) // protocol level; user name, clean session
	body = binary.BigEndian.AppendUint16(body, uint16(keepAlive/time.Second))
	body = text(text(body, id), id) // client id and user name
	out := append(length([]byte{connectPacket}, len(body)), body...)
	body = append(text([]byte{0, 1}, topic), 1)
	return append(length(append(out, subscribePacket), len(body)), body...)
}

// publishHead is everything of a PUBLISH with QoS 1 (§3.3) before its payload.
func publishHead(topic string, id uint16, payload int) []byte {
	out := length([]byte{publishQoS1}, 2+len(topic)+2+payload)
	return binary.BigEndian.AppendUint16(text(out, topic), id)
}

// puback acknowledges a PUBLISH to the broker (§3.4).
func puback(id uint16) []byte {
	return binary.BigEndian.AppendUint16([]byte{pubackPacket, 2}, id)
}

// text appends a string with its length (§1.5.3).
func text(to []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(to, uint16(len(s))), s...)
}

// length appends the remaining length (§2.2.3).
func length(to []byte, n int) []byte {
	for ; n > 127; n >>= 7 {
		to = append(to, byte(n)|128)
	}
	return append(to, byte(n))
}

// packet is a control packet from the broker. Body is a part of the buffer that it was cut from.
type packet struct {
	head byte
	body []byte
}

// cutPacket takes the first packet off a buffer; need is 0 then. Otherwise need is how many bytes the buffer must hold before it is worth asking again.
func cutPacket(b []byte) (p packet, rest []byte, need int, err error) {
	n, shift := 0, 0
	for i := 1; i < 5; i++ {
		if len(b) <= i {
			return packet{}, b, i + 1, nil
		}
		n |= int(b[i]&127) << shift
		if shift += 7; b[i]&128 != 0 {
			continue
		}
		switch end := i + 1 + n; {
		case n > maxIncoming:
			return packet{}, b, 0, fmt.Errorf("%w: %d bytes", errMalformed, n)
		case len(b) < end:
			return packet{}, b, end, nil
		default:
			return packet{b[0], b[i+1 : end]}, b[end:], 0, nil
		}
	}
	return packet{}, b, 0, errMalformed
}

// publication reads a PUBLISH. id is 0 when the broker wants no acknowledgement. The payload is a copy.
func (p packet) publication() (id uint16, payload []byte, err error) {
	if len(p.body) < 2 {
		return 0, nil, errMalformed
	}
	rest := p.body[2:]
	topic := int(binary.BigEndian.Uint16(p.body))
	if len(rest) < topic {
		return 0, nil, errMalformed
	}
	rest = rest[topic:]
	if p.head&(3<<1) != 0 {
		if len(rest) < 2 {
			return 0, nil, errMalformed
		}
		id, rest = binary.BigEndian.Uint16(rest), rest[2:]
	}
	return id, slices.Clone(rest), nil
}

// refused is the reason of a CONNACK or SUBACK that says no, nil when it says yes (§3.2.2.3, §3.9.3).
func (p packet) refused() error {
	if len(p.body) < 2 {
		return errMalformed
	}
	if code := p.body[len(p.body)-1]; code != 0 && p.head == connackPacket || code == 128 {
		return fmt.Errorf("the broker refuses the till with code %d", code)
	}
	return nil
}
