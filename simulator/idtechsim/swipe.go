package idtechsim

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/tillproof/tillproof/drivers/idtech/codec"
	"github.com/tillproof/tillproof/simulator/dukpt"
)

// Flags of fields 8 and 9.
const (
	f8Fixed  byte = 1 << 3
	f8Chip   byte = 1 << 5
	f8Serial byte = 1 << 7
	f9KSN    byte = 1 << 7
)

// output is what a card makes the reader put on the line; nil for nothing. The caller holds the lock and stores the memory.
func (r *Reader) output(c Card) ([]byte, error) {
	if c.Kind == 0 {
		c.Kind = Bank
	}
	if r.options.NEO2 {
		return r.result(c)
	}
	m := &r.memory
	switch {
	case m.is(codec.ReaderOn, '0'), m.Level == "0", c.Do == SilentReader:
		return nil, nil
	case m.Level == "1", m.Level == "2", m.is(codec.Encryption, '0'), c.Do == ClearText:
		return []byte(c.Track1 + c.Track2 + c.Track3 + "\r"), nil
	case c.Do == Unreadable:
		data := codec.CardData(&codec.Card{Type: c.Kind, Status: c.status(), F8: f8Serial, Serial: []byte(m.Serial)}, [3]int{})
		return codec.SwipeFrame(data), nil
	}
	data, err := r.encrypted(c)
	if errors.Is(err, dukpt.ErrUsedUp) {
		m.Level = "0"
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return c.damage(codec.SwipeFrame(c.spoil(data))), nil
}

// spoil makes the fields of card data end too soon.
func (c *Card) spoil(data []byte) []byte {
	if c.Do == WrongFields {
		return append(data, 0)
	}
	return data
}

// damage alters a frame behind its checks.
func (c *Card) damage(frame []byte) []byte {
	switch n := len(frame); c.Do {
	case WrongLRC:
		frame[n-3] ^= 1
	case WrongSum:
		frame[n-2] ^= 1
	case WrongEnd:
		frame[n-1] = 4
	case Cut:
		frame = frame[:min(n, c.Bytes)]
	}
	return frame
}

// encrypted are the card data of a card that was read, under the next key.
func (r *Reader) encrypted(c Card) ([]byte, error) {
	m := &r.memory
	ksn, err := r.key(c.Do)
	if err != nil {
		return nil, err
	}
	card := codec.Card{Type: c.Kind, Status: c.status(), KSN: ksn, Serial: []byte(m.Serial)}
	if c.Do == OtherReader {
		card.Serial = []byte("SIM9999999")
	}
	var lengths [3]int
	for i, t := range c.tracks() {
		lengths[i] = len(t)
	}
	if m.is(codec.Enhanced, '1') {
		err = r.enhanced(&card, &c)
	} else {
		err = r.original(&card, &c)
	}
	return codec.CardData(&card, lengths), err
}

// key moves to the key of a swipe.
func (r *Reader) key(do Do) ([]byte, error) {
	m := &r.memory
	now := m.ksn()
	switch do {
	case Repeat, ClearFlag:
		return now, nil
	case Backwards:
		back := slices.Clone(now)
		back[9]--
		return back, nil
	case OtherKey:
		other := slices.Clone(now)
		other[0] ^= 0x0F
		return dukpt.Next(other)
	case FixedKey:
		return append([]byte(m.Serial)[:8], 0, 0), nil
	}
	next, err := dukpt.Next(now)
	if err == nil {
		m.KSN = hex.EncodeToString(next)
		m.Swipes++
	}
	return next, err
}

// enhanced fills the fields of the enhanced format: each track has its own ciphertext.
func (r *Reader) enhanced(card *codec.Card, c *Card) error {
	m := &r.memory
	card.F8, card.F9 = f8Serial, f9KSN
	for i, track := range c.tracks() {
		if track == "" {
			continue
		}
		hidden, shown := m.shows(c, track)
		if shown != "" {
			card.Shown[i], card.F8 = []byte(shown), card.F8|1<<i
		}
		if !hidden {
			continue
		}
		if err := r.hide(card, i, track); err != nil {
			return err
		}
	}
	r.flag(card, c)
	return nil
}

// shows says whether a track is encrypted, and what of it stands there as text.
func (m *Memory) shows(c *Card, track string) (hidden bool, shown string) {
	option := m.setting(codec.EncryptOption)
	switch bank := c.Kind == Bank; {
	case c.Do == ClearFlag, !bank && option[0] == 0x08:
		return false, track
	case c.Do == Unmasked:
		return true, track
	case option[0] == 0x07, !bank:
		return true, ""
	}
	return true, m.mask(track)
}

func (r *Reader) hide(card *codec.Card, i int, track string) (err error) {
	card.F9 |= 1 << i
	if card.Encrypted[i], err = dukpt.Encrypt(r.options.BaseKey, card.KSN, []byte(track)); err != nil {
		return err
	}
	if hashes := r.memory.setting(codec.Hashes); len(hashes) == 1 && hashes[0]&(1<<i) != 0 {
		sum := sha1.Sum([]byte(track))
		card.Hash[i], card.F9 = sum[:], card.F9|1<<(i+3)
	}
	return nil
}

// flag sets what the flags say beside the tracks, and takes away what the behaviour leaves out.
func (r *Reader) flag(card *codec.Card, c *Card) {
	if c.Chip {
		card.F8 |= f8Chip
	}
	if c.Do == FixedKey {
		card.F8 |= f8Fixed
	}
	if c.Do == NoKSN || card.F9 == f9KSN {
		card.F9 &^= f9KSN
		card.KSN = nil
	}
}

// original fills the fields of the original format: tracks 1 and 2 have one ciphertext, and track 3 stays in clear.
func (r *Reader) original(card *codec.Card, c *Card) (err error) {
	card.Type, card.Serial = c.Kind&^0x80, nil
	tracks := c.tracks()
	for i, track := range tracks {
		card.Shown[i] = []byte(track)
		if track == "" || i == 2 || c.Do == ClearFlag {
			continue
		}
		if c.Do != Unmasked {
			card.Shown[i] = []byte(r.memory.mask(track))
		}
		sum := sha1.Sum([]byte(track))
		card.Hash[i] = sum[:]
	}
	if c.Do == ClearFlag {
		card.KSN = nil
		return nil
	}
	card.Both, err = dukpt.Encrypt(r.options.BaseKey, card.KSN, bytes.Join([][]byte{[]byte(tracks[0]), []byte(tracks[1])}, nil))
	return err
}
