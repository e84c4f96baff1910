// Package codec is the line of encrypting readers: swipes, the reader's replies, and the host's requests. Driver and simulator share it.
package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Kind says what stands on the line.
type Kind int

// The kinds of frame.
const (
	Swipe    Kind = iota + 1 // card data, unasked
	Reply                    // the reader's settings, behind 06
	Done                     // 06 alone: the reader has done what it was told
	Refusal                  // 15 to 18
	Request                  // of the host
	Buffered                 // card data behind 06, which the host has asked for; no driver does
)

const (
	stx byte = 0x02
	etx byte = 0x03
	ack byte = 0x06
)

// The bounds of a swipe's card data, in bytes.
const (
	MinCardData = 7
	MaxCardData = 1024
)

// Frame is one thing on the line. Its slices belong to the input.
type Frame struct {
	Kind Kind
	Code byte   // of a refusal; of a request its command
	Data []byte // of a swipe or a buffered one the card data; of a reply what stands between 02 and 03; of a request what follows the command
}

// ErrTruncated says that the input ends within a frame.
var ErrTruncated = errors.New("truncated: the frame has no end")

// ErrLength says that no swipe has the length that stands there, so that nobody knows where it ends.
var ErrLength = errors.New("no swipe has such a length")

// Split takes the frame at the begin of b and says how long it is. After an error n says how much cannot be understood; with [ErrTruncated] more may follow.
func Split(b []byte) (f Frame, n int, err error) {
	switch {
	case b[0] == ack && len(b) > 1 && b[1] == stx:
		return splitReply(b)
	case b[0] == ack:
		return Frame{Kind: Done}, 1, nil
	case b[0] >= 0x15 && b[0] <= 0x18:
		return Frame{Kind: Refusal, Code: b[0]}, 1, nil
	case b[0] != stx:
		n = 1
		for n < len(b) && b[n] != stx && b[n] != ack {
			n++
		}
		return f, n, fmt.Errorf("%d bytes that begin no frame", n)
	}
	if f, n, ok := splitRequest(b); ok {
		return f, n, nil
	}
	return splitSwipe(b)
}

// splitSwipe goes by the length: 03 may stand anywhere in what is encrypted.
func splitSwipe(b []byte) (f Frame, n int, err error) {
	if len(b) < 3 {
		return f, len(b), ErrTruncated
	}
	length := int(binary.LittleEndian.Uint16(b[1:]))
	switch n = length + 6; {
	case length < MinCardData || length > MaxCardData:
		return f, 1, fmt.Errorf("%d bytes: %w", length, ErrLength)
	case len(b) < n:
		return f, len(b), ErrTruncated
	}
	data := b[3 : 3+length]
	lrc, sum := Checks(data)
	switch {
	case b[n-1] != etx:
		return f, n, errors.New("the swipe does not end with 03")
	case b[n-3] != lrc:
		return f, n, errors.New("wrong LRC")
	case b[n-2] != sum:
		return f, n, errors.New("wrong check sum")
	}
	return Frame{Kind: Swipe, Data: data}, n, nil
}

// Checks are XOR and sum of a swipe's card data.
func Checks(data []byte) (lrc, sum byte) {
	for _, c := range data {
		lrc ^= c
		sum += c
	}
	return lrc, sum
}

// SwipeFrame puts card data on the line.
func SwipeFrame(data []byte) []byte {
	lrc, sum := Checks(data)
	b := binary.LittleEndian.AppendUint16([]byte{stx}, uint16(len(data)))
	return append(append(b, data...), lrc, sum, etx)
}

// splitReply finds the end of 06 02 (function, length, data)* 03 LRC.
func splitReply(b []byte) (f Frame, n int, err error) {
	if f, n, ok := splitBuffered(b); ok {
		return f, n, nil
	}
	at := 2
	for at < len(b) && b[at] != etx {
		if at+1 >= len(b) {
			return f, len(b), ErrTruncated
		}
		at += 2 + int(b[at+1])
	}
	if n = at + 2; n > len(b) {
		return f, len(b), ErrTruncated
	}
	if xor(b[1:n-1]) != b[n-1] {
		return f, n, errors.New("wrong LRC")
	}
	return Frame{Kind: Reply, Data: b[2:at]}, n, nil
}

// splitBuffered says whether a swipe stands there that the reader has kept for its host: 06 02, length with the high byte first, card data, 03, LRC. No
// function has a number so low as the first byte of the length.
func splitBuffered(b []byte) (f Frame, n int, ok bool) {
	if len(b) < 4 {
		return f, 0, false
	}
	length := int(binary.BigEndian.Uint16(b[2:]))
	if n = length + 6; length < MinCardData || length > MaxCardData || n > len(b) || b[n-2] != etx || xor(b[1:n-1]) != b[n-1] {
		return f, 0, false
	}
	return Frame{Kind: Buffered, Data: b[4 : n-2]}, n, true
}

// splitRequest says whether a request of the host stands here: 02, command, its parameters, 03, LRC over all before it. A swipe begins with 02 too, and
// fits no request.
func splitRequest(b []byte) (f Frame, n int, ok bool) {
	if len(b) < 4 {
		return f, 0, false
	}
	parameters := 0
	switch b[1] {
	case 0x38, 0x39, 0x49:
	case 0x52:
		parameters = 1
	case 0x50, 0x51:
		parameters = 2
	case 0x53:
		parameters = 2 + int(b[3])
	default:
		return f, 0, false
	}
	if n = 4 + parameters; n > len(b) || b[n-2] != etx || xor(b[:n-1]) != b[n-1] {
		return f, 0, false
	}
	return Frame{Kind: Request, Code: b[1], Data: b[2 : n-2]}, n, true
}

func xor(b []byte) (sum byte) {
	for _, c := range b {
		sum ^= c
	}
	return sum
}
