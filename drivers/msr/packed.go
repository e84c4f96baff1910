package msr

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/stx"
)

// The data objects of a card's chip that have its number (EMV Book 3 annex A).
const (
	tagTrack2 = 0x57   // equivalent data: packed digits, D, F up to a whole byte
	tagPAN    = 0x5A   // packed digits, F up to a whole byte
	tagMSD    = 0x9F6B // track 2 of the magnetic stripe mode
)

// mostPacked is the longest value of tag 57 in bytes (EMV Book 3 annex A).
const mostPacked = 19

// errObject says that a data object is longer than what follows it.
var errObject = errors.New("truncated: the data object has no end")

// packed puts data objects, or the value of tag 57 alone, into words: nil when they are none of these. Text never is: each of these has a byte that is none.
func packed(input []byte) []drivers.Decoded {
	if isText(input) {
		return nil
	}
	all, whole := objects(input)
	if whole {
		return all
	}
	if d := equivalent(input); d.OK && bytes.IndexByte([]byte(hex.EncodeToString(input)), 'd') > 0 {
		return []drivers.Decoded{d}
	}
	return all
}

func isText(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c > '~' || c < ' ' && c != '\r' && c != '\n' })
}

// objects decodes data objects among which is one of a track, and says whether the input is nothing else. It is nil for an input that begins with none of a track.
func objects(input []byte) (all []drivers.Decoded, whole bool) {
	first, cards := 0, 0
	for b := input; len(b) > 0; {
		tag, head, length := header(b)
		if first == 0 {
			first = tag
		}
		if hasNumberIn(tag) {
			cards++
		}
		if length < 0 || length > len(b)-head {
			if !hasNumberIn(first) {
				return nil, false
			}
			return append(all, drivers.Decoded{Protocol: "msr", Error: errObject.Error(), Frame: hex.EncodeToString(b[:head]) + hidden(tag, b[head:])}), false
		}
		all = append(all, object(tag, b[:head], b[head:head+length]))
		b = b[head+length:]
	}
	if cards == 0 {
		return nil, false
	}
	return all, true
}

func hasNumberIn(tag int) bool { return tag == tagTrack2 || tag == tagPAN || tag == tagMSD }

// header reads tag and length of the object at the begin of b and says how many bytes they have. The length is -1 for one that is not whole, or that no object
// of a card has.
func header(b []byte) (tag, head, length int) {
	tag, head = int(b[0]), 1
	if b[0]&0x1F == 0x1F && len(b) > 1 {
		tag, head = int(binary.BigEndian.Uint16(b)), 2
	}
	switch rest := b[head:]; {
	case len(rest) > 0 && rest[0] < 0x80:
		return tag, head + 1, int(rest[0])
	case len(rest) > 1 && rest[0] == 0x81:
		return tag, head + 2, int(rest[1])
	case len(rest) > 2 && rest[0] == 0x82:
		return tag, head + 3, int(binary.BigEndian.Uint16(rest[1:]))
	}
	return tag, head, -1
}

// object decodes one data object of a track.
func object(tag int, head, value []byte) drivers.Decoded {
	var d drivers.Decoded
	switch tag {
	case tagTrack2, tagMSD:
		d = equivalent(value)
	case tagPAN:
		d = equivalent(value)
		d.Name = "pan"
	default:
		d = drivers.Decoded{OK: true, Protocol: "msr", Name: "object", Fields: map[string]any{"x_tag": fmt.Sprintf("%x", tag)}}
	}
	d.Frame = hex.EncodeToString(head) + hidden(tag, value)
	return d
}

// equivalent decodes the value of tag 57, or of 5A, which is the number alone.
func equivalent(value []byte) drivers.Decoded {
	d := drivers.Decoded{Protocol: "msr", Name: "track2", Frame: hidden(tagTrack2, value)}
	digits := []byte(hex.EncodeToString(value))
	for i, c := range digits {
		if c == 'e' {
			digits[i] = 'E' // masked
		}
	}
	defer clear(digits)
	t, err := track{number: 2}.readNumber(digits)
	if len(value) > mostPacked {
		err = errTooLong
	}
	if err != nil {
		d.Error = err.Error()
		return d
	}
	d.OK, d.Fields = true, t.fields()
	delete(d.Fields, "entry") // a chip, a contactless card or a stripe may have told it
	return d
}

// hidden is a value in hex that is not shown: an E for each packed digit, 2a for each byte of anything else.
func hidden(tag int, value []byte) string {
	if !hasNumberIn(tag) {
		return stx.Masked(value, 0, []stx.Span{{To: len(value)}})
	}
	text := []byte(hex.EncodeToString(value))
	for i, c := range text {
		if c <= '9' {
			text[i] = 'e'
		}
	}
	return string(text)
}
