package codec

import (
	"bytes"
	"errors"
)

// Card is the card data of a swipe, cut into its fields. Slices belong to the input, and are nil where a field is absent.
type Card struct {
	Type    byte // 80 bank, 81 AAMVA, 83 other, 84 raw, 85 keyed in; without bit 7 in the original format
	Status  byte // of the tracks: read well (bits 0-2), data were there (bits 3-5), options follow (bit 6)
	F8, F9  byte // which fields follow; 0 in the original format
	Options []byte

	Shown     [3][]byte // a track as text: masked, or in clear
	Encrypted [3][]byte
	Both      []byte // original format: tracks 1 and 2 encrypted as one block
	Session   []byte // encrypted
	Hash      [3][]byte
	Serial    []byte // 10 characters
	KSN       []byte // key serial number, 10 bytes
}

// The sizes of fields, in bytes.
const (
	hashSize    = 20 // SHA-1
	longHash    = 32 // SHA-256
	sessionSize = 8
	serialSize  = 10
	ksnSize     = 10
	tdesBlock   = 8
	aesBlock    = 16
)

// Bits of F8 and F9 beside those of the tracks.
const (
	f8Fixed   = 1 << 3
	f8AES     = 1 << 4
	f8Chip    = 1 << 5
	f8Serial  = 1 << 7
	f9Session = 1 << 6
	f9KSN     = 1 << 7
)

// ErrFields says that the fields do not end where the data do.
var ErrFields = errors.New("the fields of the card data do not fit their length")

// ParseCard cuts card data into fields. No public manual tells the length of a hash by SHA-256: where the options name it, 32 bytes are tried, and 20.
func ParseCard(data []byte) (Card, error) {
	if len(data) > 8 && data[0]&0x80 != 0 && data[1]&(1<<6) != 0 && data[7] > 0 && data[8]&1 != 0 {
		if c, err := parseCard(data, longHash); err == nil {
			return c, nil
		}
	}
	return parseCard(data, hashSize)
}

func parseCard(data []byte, hash int) (Card, error) {
	w := &walk{rest: data}
	head := w.take(5)
	if w.short {
		return Card{}, ErrFields
	}
	c := Card{Type: head[0], Status: head[1]}
	lengths := [3]int{int(head[2]), int(head[3]), int(head[4])}
	if c.Type&0x80 == 0 {
		c.original(w, lengths)
	} else {
		c.enhanced(w, lengths, hash)
	}
	if w.short || len(w.rest) > 0 {
		return Card{}, ErrFields
	}
	return c, nil
}

func (c *Card) enhanced(w *walk, lengths [3]int, hash int) {
	if flags := w.take(2); !w.short {
		c.F8, c.F9 = flags[0], flags[1]
	}
	if c.Status&(1<<6) != 0 {
		if n := w.take(1); !w.short {
			c.Options = w.take(int(n[0]))
		}
	}
	block := tdesBlock
	if c.F8&f8AES != 0 {
		block = aesBlock
	}
	for i, n := range lengths {
		c.Shown[i] = w.takeIf(c.F8&(1<<i) != 0, n)
	}
	for i, n := range lengths {
		c.Encrypted[i] = w.takeIf(c.F9&(1<<i) != 0, (n+block-1)/block*block)
	}
	c.Session = w.takeIf(c.F9&f9Session != 0, sessionSize)
	for i := range lengths {
		c.Hash[i] = w.takeIf(c.F9&(1<<(i+3)) != 0, hash)
	}
	c.Serial = w.takeIf(c.F8&f8Serial != 0, serialSize)
	c.KSN = w.takeIf(c.F9&f9KSN != 0, ksnSize)
	if len(c.Options) > 0 && c.Options[0]&(1<<5) != 0 { // a MAC follows, of a form that no public manual tells
		w.rest = nil
	}
}

// original reads the older format: tracks, one block, two hashes, KSN.
func (c *Card) original(w *walk, lengths [3]int) {
	for i, n := range lengths {
		c.Shown[i] = w.takeIf(n > 0, n)
	}
	both := lengths[0] + lengths[1]
	if len(w.rest) == 0 {
		return // not encrypted at all
	}
	c.Both = w.takeIf(both > 0, (both+tdesBlock-1)/tdesBlock*tdesBlock)
	for i, n := range lengths[:2] {
		c.Hash[i] = w.takeIf(n > 0, hashSize)
	}
	c.KSN = w.take(ksnSize)
}

// Clear says whether any track stands there that is not encrypted beside it: such data are neither stored nor shown.
func (c *Card) Clear() bool {
	for i := range c.Shown {
		if len(c.Shown[i]) > 0 && c.Encrypted[i] == nil && (c.Both == nil || i == 2) {
			return true
		}
	}
	return false
}

// Chip says whether the card has a chip, which is to be used instead.
func (c *Card) Chip() bool { return c.F8&f8Chip != 0 }

// FixedKey says whether the reader has one key for all cards, so that nothing tells one swipe from its copy. Older readers do not say so; each of them sends its
// serial number and two zeros where others have the key serial number.
func (c *Card) FixedKey() bool {
	number, zeros := bytes.CutSuffix(c.KSN, []byte{0, 0})
	return c.F8&f8Fixed != 0 || zeros && len(number) > 0 && bytes.HasPrefix(c.Serial, number)
}

// Keyed says whether the number was keyed in at the reader.
func (c *Card) Keyed() bool { return c.Type == 0x85 }

// Encrypts says whether any track stands there encrypted.
func (c *Card) Encrypts() bool { return c.Has(1) || c.Has(2) || c.Has(3) }

// Has says whether track 1, 2 or 3 stands there encrypted. In the original format each track of the one block is shown as well.
func (c *Card) Has(track int) bool {
	return len(c.Encrypted[track-1]) > 0 || track < 3 && len(c.Both) > 0 && len(c.Shown[track-1]) > 0
}

// walk takes field after field.
type walk struct {
	rest  []byte
	short bool
}

func (w *walk) take(n int) []byte {
	if n > len(w.rest) {
		w.short = true
		return nil
	}
	field := w.rest[:n:n]
	w.rest = w.rest[n:]
	return field
}

func (w *walk) takeIf(there bool, n int) []byte {
	if !there || w.short {
		return nil
	}
	return w.take(n)
}
