package acquirer

import (
	"bytes"

	"github.com/tillproof/tillproof/drivers/idtech/neo2"
	"github.com/tillproof/tillproof/simulator/dukpt"
	proto "github.com/tillproof/tillproof/sync/acquirer"
)

// chipFormat is what readers of chip and contactless cards tell: data objects, each encrypted by itself.
const chipFormat = "idtech-neo2"

// openChip decrypts track 2 and number of a card, whichever are there, under the public test key, and checks that both are of the card that the reader has
// shown. No cryptogram is checked: none comes. What is decrypted is wiped at once.
func openChip(swipe proto.Swipe) error {
	card, err := neo2.ParseResult(swipe.Opaque)
	if err != nil || card.Clear() || !bytes.Equal(card.KSN, swipe.KSN) || len(card.Track2)+len(card.PAN) == 0 {
		return errCard
	}
	open := dukpt.Decrypt
	if card.AES() {
		open = dukpt.DecryptAES
	}
	for _, value := range []struct{ secret, masked []byte }{{card.Track2, card.MaskedTrack2}, {card.PAN, card.MaskedPAN}} {
		if len(value.secret) == 0 {
			continue
		}
		packed, err := open(dukpt.TestBaseKey(), swipe.KSN, value.secret)
		if err != nil {
			return errCard
		}
		number := unpacked(packed, len(value.masked))
		fits := fits(number, swipe)
		wipe(packed)
		wipe(number)
		if !fits {
			return errCard
		}
	}
	return nil
}

// unpacked is a card's number that stands at the begin of packed digits, up to what divides it from the expiry, or what fills the last byte; nil for none.
// What is masked has the true length in bytes, 0 where the reader masks nothing: what fills the block is zeros then, and a number ends with none.
func unpacked(packed []byte, length int) []byte {
	if length > 0 && length < len(packed) {
		packed = packed[:length]
	} else {
		packed = bytes.TrimRight(packed, "\x00")
	}
	number := make([]byte, 0, 2*len(packed))
	for i := range 2 * len(packed) {
		digit := packed[i/2] >> (4 * (1 - i%2)) & 0xF
		if digit > 9 {
			break
		}
		number = append(number, '0'+digit)
	}
	if len(number) < leastDigits || len(number) > mostDigits {
		return nil
	}
	return number
}

// Lengths of card numbers (ISO/IEC 7812-1), in digits.
const (
	leastDigits = 12
	mostDigits  = 19
)
