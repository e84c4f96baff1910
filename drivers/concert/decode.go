package concert

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"
	"strconv"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/concert/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// protocol is what this family is called in decoded objects.
const protocol = "concert"

// Decode puts recorded bytes into words, one object for each frame and control byte. What begins with a V3 tag and no 02 is a message as it goes over TCP,
// without a frame. Card data is masked.
func Decode(input []byte) []drivers.Decoded {
	switch {
	case bare(input):
		return decodeStream(bytes.TrimRight(input, "\r\n"))
	case evenParity(input):
		return []drivers.Decoded{withParity(input)}
	}
	return stx.Decode(protocol, codec.Rules(), input, understand)
}

// bare says whether an input is, or begins, a V3 message without a frame.
func bare(input []byte) bool {
	first := []byte("CZ00")
	return bytes.HasPrefix(input, first) || len(input) > 0 && bytes.HasPrefix(first, input)
}

// decodeStream takes the messages of a stream (V3 over TCP), each of which begins with its version.
func decodeStream(input []byte) (all []drivers.Decoded) {
	for len(input) > 0 {
		message := input[:next(input)]
		input = input[len(message):]
		m := understandTags(message)
		d := drivers.Decoded{OK: m.Err == nil, Protocol: protocol, Name: m.Name, Direction: m.Direction, Fields: m.Fields, Frame: stx.Masked(message, 0, m.Secret)}
		if m.Err != nil {
			d.Error = m.Err.Error()
		}
		all = append(all, d)
	}
	return all
}

// next is where the second message of a stream begins, or the stream ends. Behind a tag that cannot be read it is where a version looks like one.
func next(stream []byte) int {
	end, read := len(stream), 0
	err := codec.Walk(stream, func(name string, value []byte, at int) {
		if begin := at - codec.HeadLength; name == "CZ" && begin > 0 {
			end = min(end, begin)
		}
		read = at + len(value)
	})
	if at := bytes.Index(stream[read:], []byte("CZ00403")); err != nil && end == len(stream) && at > 0 {
		return read + at
	}
	return end
}

// evenParity says whether all bytes carry a parity bit, as those of a 7E1 line do that was recorded with 8 bits.
func evenParity(b []byte) bool {
	high := false
	for _, c := range b {
		if bits.OnesCount8(c)%2 != 0 {
			return false
		}
		high = high || c >= 0x80
	}
	return high
}

// withParity is what can be told of bytes with parity bits. Card data in them is masked, too.
func withParity(input []byte) drivers.Decoded {
	plain := make([]byte, len(input))
	for i, c := range input {
		plain[i] = c & 0x7F
	}
	return drivers.Decoded{Protocol: protocol, Frame: stx.Masked(input, 0, append(stx.Numbers(plain), codec.Rules().Hide(input)...)),
		Error: fmt.Sprintf("%d bytes with parity bits: the line speaks 7E1 and was recorded with 8 data bits", len(input))}
}

func understand(payload []byte) stx.Meaning {
	switch {
	case !codec.Legible(payload):
		return stx.Meaning{Err: errors.New("characters that the protocol does not have; one that is damaged on a 7E1 line is 00"), Secret: []stx.Span{{From: 0, To: len(payload)}}}
	case bytes.HasPrefix(payload, []byte("CZ")):
		return understandTags(payload)
	case len(payload) == codec.RequestLength:
		return request(string(payload))
	case len(payload) == codec.ShortAnswer:
		return answerMeaning(payload[:12], nil, payload[12:])
	case len(payload) == codec.FullAnswer:
		return answerMeaning(payload[:12], payload[12:12+codec.ReportLength], payload[12+codec.ReportLength:])
	}
	return stx.Meaning{Err: fmt.Errorf("a message of %d characters is neither E+ nor V3", len(payload)), Secret: stx.Numbers(payload)}
}

// request names the fields of an E+ request.
func request(m string) stx.Meaning {
	f := stx.Fields{}
	f.Text("register", m[0:2])
	f.Number("amount", m[2:10])
	f.Text("x_answer", m[10:11])
	f.Text("x_means", m[11:12])
	f.Text("card_name", meansName(m[11:12]))
	f.Text("x_type", m[12:13])
	currency(f, m[13:16])
	f.Text("reference", m[16:26])
	f.Text("x_delay", m[26:30])
	f.Text("x_authorisation", m[30:34])
	return stx.Meaning{Name: requestName(m[12:13]), Direction: drivers.FromECR, Fields: f}
}

// answerMeaning names the fields of an E+ answer: what stands before the card's report, the report, and what stands behind it.
func answerMeaning(head, report, tail []byte) stx.Meaning {
	f, state, means := stx.Fields{}, string(head[2:3]), string(head[11:12])
	f.Text("register", string(head[0:2]))
	f.Result(state, stateText(state))
	f.Number("amount", string(head[3:11]))
	f.Text("x_means", means)
	f.Text("card_name", meansName(means))
	f.Card(string(cardNumber(report)))
	currency(f, string(tail[0:3]))
	f.Text("reference", string(tail[3:13]))
	return stx.Meaning{Name: "result", Direction: drivers.FromDevice, Fields: f, Secret: []stx.Span{{From: len(head), To: len(head) + len(report)}}}
}

// currency sets a currency by its ISO 4217 number.
func currency(f stx.Fields, number string) {
	if n, err := strconv.Atoi(number); err == nil {
		if c, ok := pos.CurrencyByNumber(n); ok {
			f["currency"] = string(c)
			return
		}
	}
	f.Text("x_currency", number)
}
