package idtech

import (
	"bytes"
	"fmt"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/idtech/codec"
	"github.com/tillproof/tillproof/drivers/idtech/neo2"
)

// neoFormat names what is opaque in a card of a NEO 2 reader: [neo2.Result.Opaque].
const neoFormat = "idtech-neo2"

// card makes a swipe of a result. The data stay the decoder's, which wipes them.
func (r *neo) card(data []byte) (drivers.Swipe, error) {
	result, err := neo2.ParseResult(data)
	switch {
	case err != nil:
		r.damaged++
		return drivers.Swipe{}, r.unreadable("The card could not be read.", err)
	case result.Clear() || result.Exposed():
		return drivers.Swipe{}, inClear("The card reader has sent a card in clear.")
	case result.StripeBlock != nil:
		return r.stripe(result.StripeBlock)
	case len(result.Track2) == 0 && len(result.PAN) == 0:
		return drivers.Swipe{}, r.unreadable("The card could not be read.", errNothing)
	}
	if err := r.fresh("", result.KSN); err != nil {
		return drivers.Swipe{}, err
	}
	return r.tapped(&result), nil
}

// stripe takes a swipe that came inside a result.
func (r *neo) stripe(block []byte) (drivers.Swipe, error) {
	data, err := cardData(block)
	if err != nil {
		r.damaged++
		return drivers.Swipe{}, r.unreadable("The card could not be read.", err)
	}
	return r.take(data)
}

// cardData are the card data of a swipe that came inside a result: with its own frame around it, or without.
func cardData(block []byte) ([]byte, error) {
	if len(block) == 0 || block[0] != 0x02 {
		return block, nil
	}
	f, n, err := codec.Split(block)
	if err == nil && (n != len(block) || f.Kind != codec.Swipe) {
		err = codec.ErrFields
	}
	return f.Data, err
}

// tapped tells what may be told and copies what is opaque. The expiry, which comes in clear, tells cards apart and is not kept.
func (r *neo) tapped(result *neo2.Result) drivers.Swipe {
	shown := []byte(result.Shown())
	number := panOf(shown)
	s := drivers.Swipe{Format: neoFormat, Opaque: result.Opaque(), Reader: r.serial, KSN: bytes.Clone(result.KSN), Entry: result.Entry(),
		BIN: shownBIN(number), Last4: shownLast(number), Expiry: expiryOf(shown), At: r.wire.Heard()}
	if s.Expiry == "" && len(result.Expiry) == 3 {
		if yymm := fmt.Sprintf("%x", result.Expiry[:2]); countDigits([]byte(yymm)) == 4 {
			s.Expiry = yymm
		}
	}
	s.Brand = drivers.BrandOf(s.BIN)
	return s
}
