package msr

import (
	"bytes"
	"errors"
)

// track is one track as a reader sends it. Its parts are slices of the input.
type track struct {
	number  int    // 1, 2 or 3
	pan     []byte // digits; may be partly masked by the reader
	service []byte // three digits, nil when there are none
	own     []byte // text of a format that is no bank's, of track 1
	failed  bool   // the reader says that it could not read the track
}

// The longest tracks in characters, sentinels and check included (ISO/IEC 7813).
const (
	longestTrack1 = 79
	longestTrack2 = 40
	longestTrack3 = 107
)

// The faults of a track.
var (
	errNoEnd   = errors.New("truncated: the track has no end sentinel")
	errTooLong = errors.New("the track is longer than any")
	errNumber  = errors.New("the track begins with no number")
	errCheck   = errors.New("wrong check character")
)

// startOf is the number of the track that a sentinel begins, 0 for none. "+" begins track 3 at readers that tell it from track 2.
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

// split cuts a track with its sentinels, and a check character if one follows, off the begin of b. It returns how long that is.
func split(b []byte) (n int, checked bool, err error) {
	longest := map[int]int{1: longestTrack1, 2: longestTrack2, 3: longestTrack3}[startOf(b[0])]
	end := bytes.IndexByte(b, '?')
	stop := bytes.IndexAny(b, "\r\n")
	if end < 0 || stop >= 0 && stop < end {
		if stop < 0 {
			stop = len(b)
		}
		return stop, false, errNoEnd
	}
	if end+1 > longest {
		return end + 1, false, errTooLong
	}
	if end+1 < len(b) && b[end+1] > ' ' && startOf(b[end+1]) == 0 {
		return end + 2, true, nil
	}
	return end + 1, false, nil
}

// checkRight says whether the last character is the XOR of all before it, in the code of the track: 20 is 0 on track 1, 30 on the others.
func checkRight(b []byte) bool {
	base := byte(0x30)
	if b[0] == '%' {
		base = 0x20
	}
	sum := byte(0)
	for _, c := range b {
		sum ^= c - base
	}
	return sum == 0
}

// read finds the parts of a track between its sentinels.
func read(start byte, inner []byte) (track, error) {
	t := track{number: startOf(start)}
	if bytes.Equal(inner, []byte("E")) {
		t.failed = true
		return t, nil
	}
	if t.number == 1 {
		return t.readFirst(inner)
	}
	return t.readNumber(inner, "=Dd")
}

// readFirst reads track 1: "B", number, name, dates and codes. A name is personal, and is not kept.
func (t track) readFirst(inner []byte) (track, error) {
	if len(inner) == 0 || inner[0] != 'B' {
		t.own = inner
		return t, nil
	}
	number, rest, found := bytes.Cut(inner[1:], []byte("^"))
	if found {
		_, rest, _ = bytes.Cut(rest, []byte("^"))
	}
	return t.parts(number, rest, '^')
}

func (t track) readNumber(inner []byte, separators string) (track, error) {
	at := bytes.IndexAny(inner, separators)
	if at < 0 {
		return t.parts(inner, nil, '=')
	}
	return t.parts(inner[:at], inner[at+1:], inner[at])
}

// parts takes number, and the service code out of what follows: four digits of expiry, or a separator in their place, and then three digits or a separator.
func (t track) parts(number, rest []byte, separator byte) (track, error) {
	if len(number) == 0 || len(number) > 19 || !isNumber(number) {
		return t, errNumber
	}
	t.pan = number
	skip := 4
	if len(rest) > 0 && rest[0] == separator {
		skip = 1
	}
	if len(rest) >= skip+3 && isNumber(rest[skip:skip+3]) {
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
