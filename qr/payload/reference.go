package payload

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/pos"
)

// The parts of a reference made offline: together twelve characters.
const (
	tillDigits    = 5
	counterDigits = 7
)

// Reference makes a reference of 12 x [A-Z0-9] out of a till and a counter that never runs backwards: five characters of the
// till's hash and seven of the counter (36 to the 7th, 78 thousand million). Each attempt needs a counter of its own, also a
// repeated one, because a code shown before can still be paid. It fits the reference field of every scheme here except the
// digits of a Swiss QRR.
func Reference(till pos.TillID, counter uint64) string {
	sum := sha256.Sum256([]byte(till))
	return base36(binary.BigEndian.Uint64(sum[:]), tillDigits) + base36(counter, counterDigits)
}

// RandomReference makes a reference of 12 x [A-Z2-7], 60 random bits, where no counter is at hand.
func RandomReference() string { return rand.Text()[:tillDigits+counterDigits] }

// base36 writes the lowest n digits.
func base36(v uint64, n int) string {
	text := strings.Repeat("0", n) + strings.ToUpper(strconv.FormatUint(v, 36))
	return text[len(text)-n:]
}

// creditorReference makes an RF reference (ISO 11649): RF, two check digits, at most 21 characters. One that is valid already
// stays.
func creditorReference(reference string) (string, error) {
	reference = strings.ToUpper(reference)
	if validRF(reference) {
		return reference, nil
	}
	if len(reference) > 21 || !only(reference, isAlnum) {
		return "", fmt.Errorf("an RF reference holds 1 to 21 of A-Z and 0-9, not %q", reference)
	}
	return fmt.Sprintf("RF%02d%s", 98-mod97(reference+"RF00"), reference), nil
}

func validRF(s string) bool {
	return len(s) >= 5 && len(s) <= 25 && strings.HasPrefix(s, "RF") && isDigits(s[2:4]) && only(s, isAlnum) && mod97(s[4:]+s[:4]) == 1
}

// mod97 is the remainder of ISO 7064 for letters and digits, A being 10 and Z 35.
func mod97(s string) int {
	rest := 0
	for i := range len(s) {
		switch c := s[i] | 0x20; {
		case c >= 'a' && c <= 'z':
			rest = (rest*100 + int(c-'a') + 10) % 97
		default:
			rest = (rest*10 + int(s[i]-'0')) % 97
		}
	}
	return rest
}

// checkIBAN checks length, characters and check digits (ISO 13616).
func checkIBAN(s string) error {
	if len(s) < 15 || len(s) > 34 || !only(s, isUpperAlnum) || !isDigits(s[2:4]) || isDigits(s[:1]) || isDigits(s[1:2]) {
		return fmt.Errorf("is no IBAN: two letters, two digits, 11 to 30 of A-Z and 0-9, without blanks")
	}
	if mod97(s[4:]+s[:4]) != 1 {
		return fmt.Errorf("is no IBAN: the check digits are wrong")
	}
	return nil
}
