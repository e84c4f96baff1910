package msr

import (
	"bytes"
	"errors"
	"slices"
)

// track is one track as a reader sends it. Its parts are slices of the input.
type track struct {
	number  int    // 1, 2 or 3
	pan     []byte // digits; may be partly masked by the reader
	service []byte // three digits, nil when there are none
	own     []byte // text of a format that is no bank's, of track 1
	failed  bool   // the reader says that it could not read the track
}

// The longest tracks in characters, sentinels and check included (ISO/IEC 7813, ISO/IEC 4909).
const (
	longestTrack1 = 79
	longestTrack2 = 40
	longestTrack3 = 107
)

// formatCode is how many digits stand before the number on track 3 (ISO/IEC 4909).
const formatCode = 2

// The faults of a track.
var (
	errNoEnd   = errors.New("truncated: the track has no end sentinel")
	errTooLong = errors.New("the track is longer than any")
	errNumber  = errors.New("the track begins with no number")
	errText    = errors.New("the track has characters that belong to none")
	errCheck   = errors.New("wrong check character")
)

// startOf is the number of the track that a sentinel begins, 0 for none; track 3 may have that of track 2 as well. "+" begins track 3 at readers that tell it.
func startOf(c byte) int {
	switch c {
	case '%':
		return 1
	case ';':
		return 2
	case '+', '#', '!':
		return 3
	}
	return 0
}

// cut reads the track with a sentinel at the begin of b and says how many bytes it has; err tells why it is none. A second track with the sentinel of track 2,
// and one longer than that, is track 3.
func cut(b []byte, second bool) (t track, n int, err error) {
	t.number = startOf(b[0])
	n, checked, err := split(b)
	if t.number == 2 && (second || n > longestTrack2) {
		t.number = 3
	}
	inner := b[1:n]
	switch {
	case err != nil:
		return t, n, err
	case n > longest(t.number):
		return t, n, errTooLong
	case checked && !checkRight(b[:n]):
		return t, n, errCheck
	case checked:
		inner = b[1 : n-1]
	}
	t, err = t.read(bytes.TrimSuffix(inner, []byte("?")))
	return t, n, err
}

func longest(number int) int {
	switch number {
	case 1:
		return longestTrack1
	case 2:
		return longestTrack2
	}
	return longestTrack3
}

// split cuts a track with its sentinels, and a check character if one follows, off the begin of b. It returns how long that is.
func split(b []byte) (n int, checked bool, err error) {
	for n = 1; n < len(b); n++ {
		switch c := b[n]; {
		case c == '?':
			n++
			checked = n < len(b) && b[n] > ' ' && (startOf(b[n]) == 0 || checkRight(b[:n+1]) && !bodyFollows(b[n+1:]))
			if checked {
				n++
			}
			return n, checked, nil
		case c == '\r', c == '\n', c == '%', c == ';' && bodyFollows(b[n+1:]): // another track begins, which was not asked for
			return n, false, errNoEnd
		}
	}
	return n, false, errNoEnd
}

// bodyFollows says whether a sentinel before b begins a track, and is no check character of the one before it.
func bodyFollows(b []byte) bool { return len(b) > 0 && b[0] > ' ' && startOf(b[0]) == 0 }

// checkRight says whether the last character is the XOR of all before it, in the code of the track: 20 is 0 on track 1, 30 on the others.
func checkRight(b []byte) bool {
	base := byte(0x30)
	if b[0] == '%' {
		base = 0x20
	}
	sum := b[0] - base
	if startOf(b[0]) == 3 {
		sum = ';' - base // what stands on the stripe, whatever the reader sends for it
	}
	for _, c := range b[1:] {
		sum ^= c - base
	}
	return sum == 0
}

// bare reads a track 2 without sentinels, as the value of tag 57 is written, too. The text goes up to a blank.
func bare(text []byte) (track, error) {
	t := track{number: 2}
	if text[0] < '0' || text[0] > '9' || len(text) > longestTrack2 || len(bytes.Trim(text, "0123456789=DdFf*ExX")) > 0 {
		return t, errNumber
	}
	return t.readNumber(text)
}

// read finds the parts of a track between its sentinels.
func (t track) read(inner []byte) (track, error) {
	switch {
	case bytes.Equal(inner, []byte("E")):
		t.failed = true
		return t, nil
	case t.number == 1:
		return t.readFirst(inner)
	}
	return t.readNumber(inner)
}

// readFirst reads track 1: "B", number, name, dates and codes. A name is personal, and is not kept.
func (t track) readFirst(inner []byte) (track, error) {
	if len(inner) == 0 || inner[0] != 'B' {
		t.own = inner
		if len(inner) == 0 || slices.ContainsFunc(inner, func(c byte) bool { return c < ' ' || c > '_' }) {
			return t, errText
		}
		return t, nil
	}
	number, rest, found := bytes.Cut(inner[1:], []byte("^"))
	if found {
		_, rest, _ = bytes.Cut(rest, []byte("^"))
	}
	return t.parts(number, rest, '^')
}

// readNumber reads track 2 and 3: number, dates and codes, with a filling of F behind them where they come of packed digits.
func (t track) readNumber(inner []byte) (track, error) {
	if len(bytes.Trim(inner, "0123456789:;<=>?DdFf*ExX")) > 0 {
		return t, errText
	}
	inner = bytes.TrimRight(inner, "Ff")
	at := bytes.IndexAny(inner, "=Dd")
	if at < 0 {
		return t.parts(inner, nil, '=')
	}
	return t.parts(inner[:at], inner[at+1:], inner[at])
}

// parts takes number, and the service code out of what follows: four digits of expiry, or a separator in their place, and then three digits or a separator.
func (t track) parts(number, rest []byte, separator byte) (track, error) {
	most := mostPAN
	if t.number == 3 {
		most += formatCode
	}
	if len(number) == 0 || len(number) > most || !isNumber(number) {
		return t, errNumber
	}
	t.pan = number
	skip := 4
	if len(rest) > 0 && rest[0] == separator {
		skip = 1
	}
	if len(rest) >= skip+3 && allDigits(rest[skip:skip+3]) && t.number != 3 {
		t.service = rest[skip : skip+3]
	}
	return t, nil
}

// isNumber says whether there are digits only, or characters that readers put in their place.
func isNumber(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && c != '*' && c != 'E' && c != 'x' && c != 'X' {
			return false
		}
	}
	return true
}
