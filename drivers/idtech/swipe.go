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
func (h *head) take(data []byte) (drivers.Swipe, error) {
	card, err := codec.ParseCard(data)
	switch {
	case err != nil:
		h.damaged++
		return drivers.Swipe{}, h.unreadable("The card could not be read.", err)
	case shows(&card):
		return drivers.Swipe{}, inClear("The card reader has sent a card in clear.")
	case !card.Encrypts():
		return drivers.Swipe{}, errNothing
	}
	if err := h.trust(&card); err != nil {
		return drivers.Swipe{}, err
	}
	if err := h.allow(&card); err != nil {
		return drivers.Swipe{}, err
	}
	return h.swipe(&card, data), nil
}

// shows says whether anything of a card stands there that a receipt may not show: a track that is not encrypted, or one beside its ciphertext without a mask.
func shows(card *codec.Card) bool { return card.Clear() || slices.ContainsFunc(card.Shown[:], exposed) }

// trust judges whether the swipe is a new one of the reader that was opened.
func (h *head) trust(card *codec.Card) error {
	if card.FixedKey() {
		return replay("The card reader encrypts every card under the same key.")
	}
	return h.fresh(stx.Printable(card.Serial), card.KSN)
}

// fresh notes the key serial number of a card that came with a serial number, "" for none. It must be a new one of the reader that was opened.
func (h *head) fresh(serial string, ksn []byte) error {
	switch {
	case len(ksn) != drivers.KSNSize:
		return replay("The card reader does not tell the number of its key.")
	case serial != "" && h.serial != "" && !strings.HasPrefix(serial, h.serial) && !strings.HasSuffix(serial, h.serial):
		h.proven = false
		return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved, "Another card reader was plugged in. The swipe was wiped; no money moved.",
			"Wait until the reader is ready, and swipe the card again.")
	case h.repeated(ksn):
		return replay("The card reader has used the number of its key again.")
	}
	if h.serial == "" {
		h.serial = serial
	}
	h.last, h.swiped = bytes.Clone(ksn), true
	return nil
}

// repeated says whether a key serial number does not come after the last one. What Open was told is the reader's next one or its last, as papers leave open,
// and of another key at some readers, where it says nothing about swipes.
func (h *head) repeated(ksn []byte) bool {
	switch {
	case h.swiped:
		return !drivers.SameKey(h.last, ksn) || !drivers.KSNFollows(h.last, ksn)
	case drivers.SameKey(h.last, ksn):
		return drivers.KSNCounter(ksn) < drivers.KSNCounter(h.last)
	}
	return false
}

// allow judges by the options.
func (h *head) allow(card *codec.Card) error {
	switch {
	case card.Chip() && !h.options.chip:
		return pos.NewError(useChip, pos.Permanent, pos.NoneMoved, "The card has a chip, which is to be used. No money moved.",
			"Put the card into a card terminal, or take another payment.")
	case card.Keyed() && !h.options.keyed:
		return pos.NewError(cardUnreadable, pos.Permanent, pos.NoneMoved, "Numbers that are keyed in are not taken. No money moved.", "Swipe the card.")
	case !card.Keyed() && !card.Has(2) && (!h.options.track1 || !card.Has(1)):
		return h.unreadable("The card could be read in part only.", nil)
	}
	return nil
}

// swipe tells what may be told and copies what is opaque: nothing of a card is left in clear there but what it shows.
func (h *head) swipe(card *codec.Card, data []byte) drivers.Swipe {
	s := drivers.Swipe{Format: "idtech", Reader: h.serial, KSN: bytes.Clone(card.KSN), Entry: "stripe", Chip: card.Chip(), At: h.wire.Heard()}
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
