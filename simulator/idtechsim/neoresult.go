package idtechsim

import (
	"errors"
	"strings"

	"github.com/tillproof/tillproof/drivers/idtech/codec"
	"github.com/tillproof/tillproof/drivers/idtech/neo2"
	"github.com/tillproof/tillproof/simulator/dukpt"
)

// result is what a card makes a reader of chip and contactless cards answer; nil for nothing. The caller holds the lock and stores the memory.
func (r *Reader) result(c Card) ([]byte, error) {
	if c.Kind == 0 {
		c.Kind = Bank
	}
	switch {
	case c.Do == SilentReader:
		return nil, nil
	case c.Do == Tampered, r.memory.Tampered:
		r.memory.Tampered = true
		return neo2.ReplyFrame(neo2.Activate, neo2.Tampered), nil
	case c.Do == NoCard:
		return neo2.ReplyFrame(neo2.Activate, neo2.TimedOut), nil
	case c.Do == Unreadable, r.memory.Level == "0":
		return failure(), nil
	}
	data, err := r.told(&c)
	if errors.Is(err, dukpt.ErrUsedUp) {
		r.memory.Level = "0"
		return failure(), nil
	}
	if err != nil {
		return nil, err
	}
	out := neo2.ReplyFrame(neo2.Activate, neo2.OK, c.spoil(data)...)
	switch c.Do {
	case WrongCRC:
		out[len(out)-1] ^= 1
	case Cut:
		out = out[:min(len(out), c.Bytes)]
	}
	if c.Seen {
		out = append(neo2.ReplyFrame(neo2.Activate, neo2.CardSeen, 1), out...)
	}
	return out, nil
}

// failure is the answer when a card could not be read.
func failure() []byte {
	return neo2.ReplyFrame(neo2.Activate, neo2.Failed, neo2.AppendTLV([]byte{neo2.ContactlessEMV}, neo2.CardError, []byte{0x20, 0x00, 0x00, 0x12})...)
}

// told is the result of a card that was read, under the next key.
func (r *Reader) told(c *Card) ([]byte, error) {
	if c.Entry == Drawn {
		return r.drawn(c)
	}
	hidden := r.memory.encrypts() && c.Do != ClearFlag
	ksn, err := r.key(c.Do)
	if err != nil {
		return nil, err
	}
	number, track := packedCard(c)
	data := []byte{r.attribution(c, hidden)}
	if hidden && c.Do != NoKSN {
		data = neo2.AppendTLV(data, neo2.KSN, ksn)
	}
	for _, o := range []neo2.TLV{{Tag: neo2.Track2, Value: track}, {Tag: neo2.PAN, Value: number}} {
		if hidden && c.Do != WhiteListed {
			if o.Value, err = r.cipher(ksn, o.Value); err != nil {
				return nil, err
			}
		}
		data = neo2.AppendTLV(data, o.Tag, o.Value)
	}
	if hidden {
		data = r.masked(data, c)
	}
	return plain(data, c), nil
}

// drawn is the result of a stripe: the swipe stands in it as the older readers frame it.
func (r *Reader) drawn(c *Card) ([]byte, error) {
	swipe, err := r.encrypted(*c)
	if err != nil {
		return nil, err
	}
	return neo2.AppendTLV([]byte{r.attribution(c, c.Do != ClearFlag)}, neo2.StripeBlock, codec.SwipeFrame(swipe)), nil
}

// attribution tells how the card was read and whether it is encrypted.
func (r *Reader) attribution(c *Card, hidden bool) (a byte) {
	switch c.Entry {
	case Tapped:
		a = neo2.ContactlessEMV
	case TappedMSD:
		a = neo2.ContactlessMSD
	case Drawn:
		a = neo2.Stripe
	}
	if r.options.AES && c.Entry != Drawn {
		a |= 1 << 1
	}
	if hidden {
		a |= neo2.EncryptedBits
	}
	return a
}

func (r *Reader) cipher(ksn, clear []byte) ([]byte, error) {
	if r.options.AES {
		return dukpt.EncryptAES(r.options.BaseKey, ksn, clear)
	}
	return dukpt.Encrypt(r.options.BaseKey, ksn, clear)
}

// masked adds what the reader shows: six and four digits of the number, and the expiry where it is set so. What is masked is C.
func (r *Reader) masked(data []byte, c *Card) []byte {
	number, rest, _ := strings.Cut(strings.Trim(c.Track2, ";?"), "=")
	if c.Do != Unmasked {
		number = number[:6] + strings.Repeat("c", len(number)-10) + number[len(number)-4:]
		shown := 0
		if r.memory.is(codec.ShowExpiry, '1') {
			shown = min(4, len(rest))
		}
		rest = rest[:shown] + strings.Repeat("c", len(rest)-shown)
	}
	data = neo2.AppendTLV(data, neo2.MaskedTrack2, pack(number+"d"+rest))
	return neo2.AppendTLV(data, neo2.MaskedPAN, pack(number))
}

// plain adds what stands in clear in every result: the customer's name, the expiry, and what the card said of the payment.
func plain(data []byte, c *Card) []byte {
	_, rest, _ := strings.Cut(c.Track2, "=")
	if _, after, named := strings.Cut(c.Track1, "^"); named {
		name, _, _ := strings.Cut(after, "^")
		data = neo2.AppendTLV(data, neo2.Holder, []byte(name))
	}
	if len(rest) >= 4 {
		data = neo2.AppendTLV(data, neo2.Expiry, pack(rest[:4]+"31"))
	}
	return neo2.AppendTLV(data, 0x9F27, []byte{0x80}) // cryptogram information data: the issuer is to be asked
}

// packedCard is the card's number and its track 2 as packed digits.
func packedCard(c *Card) (number, track []byte) {
	text := strings.Trim(c.Track2, ";?")
	before, _, _ := strings.Cut(text, "=")
	return pack(before), pack(strings.ReplaceAll(text, "=", "d"))
}

// pack writes two digits a byte, with F behind an odd number of them.
func pack(text string) []byte {
	if len(text)%2 != 0 {
		text += "f"
	}
	b := make([]byte, len(text)/2)
	for i := range text {
		digit := text[i] - '0'
		if text[i] >= 'a' {
			digit = text[i] - 'a' + 10
		}
		b[i/2] |= digit << (4 * (1 - i%2))
	}
	return b
}
