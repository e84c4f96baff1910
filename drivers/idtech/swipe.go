package idtech

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/idtech/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// errNothing says that no track of the card was read.
var errNothing = errors.New("the swipe has no tracks")

// take makes a swipe of card data. The data stay the decoder's, which wipes them.
func (r *reader) take(data []byte) (drivers.Swipe, error) {
	card, err := codec.ParseCard(data)
	switch {
	case err != nil:
		r.damaged++
		return drivers.Swipe{}, r.unreadable("The card could not be read.", err)
	case card.Clear() || slices.ContainsFunc(card.Shown[:], exposed):
		return drivers.Swipe{}, inClear("The card reader has sent a card in clear.")
	case !card.Encrypts():
		return drivers.Swipe{}, errNothing
	}
	if err := r.trust(&card); err != nil {
		return drivers.Swipe{}, err
	}
	if err := r.allow(&card); err != nil {
		return drivers.Swipe{}, err
	}
	return r.swipe(&card, data), nil
}

// trust judges whether the swipe is a new one of the reader that was opened.
func (r *reader) trust(card *codec.Card) error {
	serial := stx.Printable(card.Serial)
	switch {
	case card.FixedKey():
		return replay("The card reader encrypts every card under the same key.")
	case len(card.KSN) != drivers.KSNSize:
		return replay("The card reader does not tell the number of its key.")
	case serial != "" && r.serial != "" && !strings.HasPrefix(serial, r.serial) && !strings.HasSuffix(serial, r.serial):
		r.proven = false
		return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved, "Another card reader was plugged in. The swipe was wiped; no money moved.",
			"Wait until the reader is ready, and swipe the card again.")
	case r.repeated(card.KSN):
		return replay("The card reader has used the number of its key again.")
	}
	if r.serial == "" {
		r.serial = serial
	}
	r.last, r.swiped = bytes.Clone(card.KSN), true
	return nil
}

// repeated says whether a key serial number does not come after the last one. What Open was told is the reader's next one or its last, as papers leave open,
// and of another key at some readers, where it says nothing about swipes.
func (r *reader) repeated(ksn []byte) bool {
	switch {
	case r.swiped:
		return !drivers.SameKey(r.last, ksn) || !drivers.KSNFollows(r.last, ksn)
	case drivers.SameKey(r.last, ksn):
		return drivers.KSNCounter(ksn) < drivers.KSNCounter(r.last)
	}
	return false
}

// allow judges by the options.
func (r *reader) allow(card *codec.Card) error {
	switch {
	case card.Chip() && !r.options.chip:
		return pos.NewError(useChip, pos.Permanent, pos.NoneMoved, "The card has a chip, which is to be used. No money moved.",
			"Put the card into a card terminal, or take another payment.")
	case card.Keyed() && !r.options.keyed:
		return pos.NewError(cardUnreadable, pos.Permanent, pos.NoneMoved, "Numbers that are keyed in are not taken. No money moved.", "Swipe the card.")
	case len(card.Encrypted[1]) == 0 && len(card.Both) == 0 && !card.Keyed() && !r.options.track1:
		return r.unreadable("The card could be read in part only.", nil)
	}
	return nil
}

// swipe tells what may be told and copies what is opaque: nothing of a card is left in clear there but what it shows.
func (r *reader) swipe(card *codec.Card, data []byte) drivers.Swipe {
	s := drivers.Swipe{Format: "idtech", Reader: r.serial, KSN: bytes.Clone(card.KSN), Entry: "stripe", Chip: card.Chip(), At: r.wire.Heard()}
	if card.Keyed() {
		s.Entry = "manual"
	}
	for _, track := range [][]byte{card.Shown[1], card.Shown[0]} {
		if number := panOf(track); s.Last4 == "" && len(number) > 0 {
			s.BIN, s.Last4, s.Expiry = shownBIN(number), shownLast(number), expiryOf(track)
		}
	}
	s.Brand = drivers.BrandOf(s.BIN)
	if slices.ContainsFunc(card.Hash[1], func(b byte) bool { return b != 0 }) { // twenty zeros are none
		s.Hash = bytes.Clone(card.Hash[1])
	}
	blankName(card.Shown[0])
	s.Opaque = bytes.Clone(data)
	return s
}
