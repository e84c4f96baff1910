package acquirer

import (
	"bytes"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// Direction says which way a message went.
type Direction string

// The directions.
const (
	Sent     Direction = "sent"
	Received Direction = "received"
	Failed   Direction = "failed" // nothing came, or it broke off: Bytes holds what is known of it
)

// MaxMessage bounds what is kept of a message, in bytes. An answer that is larger than the protocol allows is cut there.
const MaxMessage = 64 << 10

// Message is a call or its answer as it went over the line, kept beside what was made of it, for disputes with the acquirer. The customer's code, what a card
// reader has encrypted and card numbers are masked in it, and the bearer's secret is in no message.
type Message struct {
	Ref       string // the payment, 32 hex digits
	Call      string // such as "authorise"
	Direction Direction
	Status    int    // of HTTP, of a received one
	At        int64  // milliseconds since 1970-01-01 UTC
	Bytes     []byte // the body; the watcher may keep it
}

// Watched is a client like this one that tells of every message. The watcher is called on the goroutine of the call, a sent message before it leaves, and
// must not block.
func (c *Client) Watched(tell func(Message)) *Client {
	watched := *c
	watched.tell = tell
	return &watched
}

// note tells the watcher, when there is one. code is the customer's, or the card's data, "" for none.
func (c *Client) note(path, ref, code string, d Direction, status int, body []byte) {
	if c.tell == nil {
		return
	}
	body = body[:min(len(body), MaxMessage)]
	c.tell(Message{Ref: ref, Call: path, Direction: d, Status: status, At: time.Now().UnixMilli(), Bytes: Mask(body, code)})
}

// Mask is a copy of a message without the customer's code, in which of card numbers (13 to 19 digits with a right check digit, blanks and dashes between
// them allowed) only the first six and the last four digits can be read, and nothing of the track data behind them.
func Mask(message []byte, code string) []byte {
	out := bytes.Clone(message)
	if code != "" {
		out = bytes.ReplaceAll(out, []byte(code), bytes.Repeat([]byte{'*'}, len(code)))
	}
	for at := 0; at < len(out); {
		if !digit(out[at]) {
			at++
			continue
		}
		end := run(out, at)
		if places := digits(out, at, end); len(places) >= 13 && len(places) <= 19 && pos.CheckDigit(len(places), func(i int) byte { return out[places[i]] - '0' }) {
			for _, p := range places[6 : len(places)-4] {
				out[p] = '*'
			}
			end = hideTrack(out, end)
		}
		at = end
	}
	return out
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

// word says whether a byte may belong to a name, such as a ref in hex.
func word(b byte) bool { return digit(b) || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }

// run is the end of digits that stand together, one blank or dash between two allowed.
func run(b []byte, at int) int {
	for at < len(b) && (digit(b[at]) || (b[at] == ' ' || b[at] == '-') && at+1 < len(b) && digit(b[at+1])) {
		at++
	}
	return at
}

// digits lists the places of the digits of a run that stands for itself, nil for a part of a longer name.
func digits(b []byte, from, to int) (places []int) {
	if from > 0 && word(b[from-1]) && b[from-1] != 'B' || to < len(b) && word(b[to]) && b[to] != 'D' {
		return nil // B and D are a track's own
	}
	for at := from; at < to; at++ {
		if digit(b[at]) {
			places = append(places, at)
		}
	}
	return places
}

// hideTrack masks what follows a card number on a track (ISO/IEC 7813): a separator, then expiry, service code and secrets. It returns the end of it.
func hideTrack(b []byte, at int) int {
	if at >= len(b) || b[at] != '=' && b[at] != 'D' && b[at] != '^' {
		return at
	}
	for at++; at < len(b) && b[at] != '"' && b[at] != '?' && b[at] != '\n' && b[at] >= ' '; at++ {
		b[at] = '*'
	}
	return at
}
