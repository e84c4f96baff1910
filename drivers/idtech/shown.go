package idtech

import "bytes"

// The most digits of a number that a masked track shows (PCI DSS 3.4.1), and of what follows it: the expiry.
const (
	mostOfNumber = 10
	mostBehind   = 4
)

// panOf is the number of a track that is shown, masked. It belongs to the track.
func panOf(track []byte) []byte {
	if len(track) == 0 {
		return nil
	}
	begin := 1
	if track[0] == '%' { // the format letter
		begin = min(2, len(track))
	}
	end := bytes.IndexAny(track[begin:], "=^?")
	if end < 0 {
		end = len(track) - begin
	}
	return track[begin : begin+end]
}

// behind is what follows number and, on track 1, name.
func behind(track []byte) []byte {
	rest := afterNumber(track)
	if len(track) > 0 && track[0] == '%' {
		if at := bytes.IndexByte(rest, '^'); at >= 0 {
			rest = rest[at+1:]
		}
	}
	return rest
}

// afterNumber is what follows the number and its separator.
func afterNumber(track []byte) []byte {
	at := bytes.IndexAny(track, "=^")
	if at < 0 {
		return nil
	}
	return track[at+1:]
}

// exposed says whether a track that should be masked shows more than a receipt may.
func exposed(track []byte) bool {
	rest := behind(track)
	if end := bytes.IndexByte(rest, '?'); end >= 0 {
		rest = rest[:end]
	}
	return countDigits(panOf(track)) > mostOfNumber || countDigits(rest) > mostBehind
}

func countDigits(b []byte) (n int) {
	for _, c := range b {
		if c >= '0' && c <= '9' {
			n++
		}
	}
	return n
}

// expiryOf is YYMM, "" when it is masked or missing.
func expiryOf(track []byte) string {
	if rest := behind(track); len(rest) >= 4 && countDigits(rest[:4]) == 4 {
		return string(rest[:4])
	}
	return ""
}

// shownBIN are the first six digits, "" when not all of them are shown.
func shownBIN(number []byte) string {
	if len(number) < 12 || countDigits(number[:6]) < 6 {
		return ""
	}
	return string(number[:6])
}

// shownLast are the last four digits, "" when they are masked.
func shownLast(number []byte) string {
	if len(number) < 4 || countDigits(number[len(number)-4:]) < 4 {
		return ""
	}
	return string(number[len(number)-4:])
}

// blankName overwrites the name that stands on track 1, which nobody needs, in place.
func blankName(track []byte) {
	name := afterNumber(track)
	for i := range name {
		if name[i] == '^' || name[i] == '?' {
			return
		}
		name[i] = '*'
	}
}
