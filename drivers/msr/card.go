package msr

import (
	"bytes"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// Lengths of the numbers of payment cards (ISO/IEC 7812-1).
const (
	leastOfScheme = 12
	leastPAN      = 13
	mostPAN       = 19
)

// card is what a burst says of a card. Its texts are slices of the burst.
type card struct {
	texts  [4][]byte // by track: the number, or the text of a format of the house's own; nil where there is none
	second bool      // a track with the sentinel of track 2 has come
	tracks int       // that were read well
	broken bool      // something could not be read
	pays   bool      // a track is that of a payment scheme
	likely [4]bool   // a number has the form of a payment card's
}

// examine cuts a burst into its tracks.
func examine(burst []byte) *card {
	c := &card{}
	for len(burst) > 0 {
		n := 1
		switch {
		case startOf(burst[0]) > 0:
			n = c.take(burst)
		case burst[0] > ' ':
			n = run(burst)
			c.takeBare(burst[:n])
		}
		burst = burst[n:]
	}
	return c
}

// take reads the track at the begin of b and says how many bytes it has.
func (c *card) take(b []byte) int {
	t, n, err := cut(b, c.second)
	c.second = c.second || b[0] == ';'
	if err != nil || t.failed {
		c.broken = true
		c.pays = c.pays || hasNumber(b[:n])
		return n
	}
	c.judge(&t)
	return n
}

// takeBare reads what has no sentinel before it: a track 2 all the same, or nothing that can be read.
func (c *card) takeBare(text []byte) {
	t, err := bare(text)
	if err != nil {
		c.broken = true
		c.pays = c.pays || hasNumber(text)
		return
	}
	c.judge(&t)
}

// judge notes what a track says that was read well.
func (c *card) judge(t *track) {
	if t.own != nil {
		c.keep(t.number, t.own)
		c.pays = c.pays || hasNumber(t.own)
		return
	}
	c.keep(t.number, t.pan)
	c.pays = c.pays || ofAScheme(t.pan) || !allDigits(t.pan) // masks: a device that hides numbers reads payment cards
	c.likely[t.number] = c.likely[t.number] || checked13to19(t.pan)
	if t.number == 3 && len(t.pan) > formatCode {
		behind := t.pan[formatCode:]
		c.pays = c.pays || ofAScheme(behind) && checked13to19(behind)
	}
}

// run is how many bytes stand before the next blank or sentinel.
func run(b []byte) (n int) {
	for n < len(b) && b[n] > ' ' && startOf(b[n]) == 0 {
		n++
	}
	return n
}

func (c *card) keep(number int, text []byte) {
	c.tracks++
	if c.texts[number] == nil {
		c.texts[number] = text
	}
}

// own is the text of the first track that begins as one of the shop's own cards does: of track 2, 1 or 3. A burst with any track of a payment card has none.
func (c *card) own(prefixes []string) (text []byte) {
	if c.pays {
		return nil
	}
	for _, number := range []int{2, 1, 3} {
		mine := c.texts[number] != nil && listed(c.texts[number], prefixes)
		switch {
		case mine && text == nil:
			text = c.texts[number]
		case !mine && c.likely[number]:
			return nil
		}
	}
	return text
}

func listed(text []byte, prefixes []string) bool {
	for _, p := range prefixes {
		if bytes.HasPrefix(text, []byte(p)) {
			return true
		}
	}
	return false
}

// ofAScheme says whether a number is one of a payment scheme.
func ofAScheme(number []byte) bool {
	return len(number) >= leastOfScheme && drivers.BrandOf(string(number[:6])) != ""
}

// checked13to19 says whether a number has the length and the check digit of a payment card's.
func checked13to19(number []byte) bool {
	return allDigits(number) && len(number) >= leastPAN && len(number) <= mostPAN && pos.CheckDigit(len(number), func(i int) byte { return number[i] - '0' })
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// hasNumber says whether a text that is no good track has the number of a payment card in it, so that its other tracks are not believed either.
func hasNumber(text []byte) bool {
	from := 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && text[i] >= '0' && text[i] <= '9' {
			continue
		}
		if run := text[from:i]; ofAScheme(run) || checked13to19(run) {
			return true
		}
		from = i + 1
	}
	return false
}
