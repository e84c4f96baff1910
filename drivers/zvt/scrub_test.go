package zvt

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// Card data in the data of a result is masked in its bytes; what else it says stays as it is.
func TestScrub(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"BMP 22 of 16 digits":       {"2700 22f0f8 4111111111111111", "2700 22f0f8 eeeeeeeeeeee1111"},
		"of 15, filled up":          {"2700 22f0f8 378282246310005f", "2700 22f0f8 eeeeeeeeeee0005f"},
		"of 13":                     {"2700 22f0f7 4222222222222f", "2700 22f0f7 eeeeeeeee2222f"},
		"of too few":                {"2700 22f0f2 411f", "2700 22f0f2 411f"},
		"masked by the terminal":    {"2700 22f0f8 eeeeeeeeeeee1111", "2700 22f0f8 eeeeeeeeeeee1111"},
		"with a date behind":        {"2700 22f1f0 4111111111111111d281", "2700 22f1f0 eeeeeeeeeeee1111deee"},
		"track 2":                   {"2700 23f1f0 4111111111111111d281", "2700 23f1f0 eeeeeeeeeeeeeeeeeeee"},
		"track 1":                   {"2700 2df0f3 423431", "2700 2df0f3 2a2a2a"},
		"expiry and check value":    {"2700 0e2812 3a0123", "2700 0eeeee 3aeeee"},
		"the amount stays":          {"04411111111111", "04411111111111"},
		"a BMP nobody knows":        {"2700 fe 4111111111111111", "2700 fe eeeeeeeeeeeeeeee"},
		"TLV 5A":                    {"060a 5a08 4111111111111111", "060a 5a08 eeeeeeeeeeeeeeee"},
		"TLV 4D, the chip's EF_ID":  {"0608 4d06 123456789012", "0608 4d06 eeeeeeeeeeee"},
		"a tag nobody knows":        {"060b 1f7e08 4111111111111111", "060b 1f7e08 eeeeeeeeeeeeeeee"},
		"in a constructed one":      {"060d 2f0b 1f7e08 4111111111111111", "060d 2f0b 1f7e08 eeeeeeeeeeeeeeee"},
		"behind a broken one":       {"060a 5a20 4111111111111111", "060a 5a ee eeeeeeeeeeeeeeee"},
		"tip and online stay":       {"060d 1f3606 000000000050 1f110100", "060d 1f3606 000000000050 1f110100"},
		"nothing":                   {"", ""},
		"numbers that are no cards": {"2700 0b000123 875629 2952000001", "2700 0b000123 875629 2952000001"},
	} {
		b, err := codec.APDU{Class: 0x04, Instr: 0x0F, Data: unhex(t, c.in)}.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if scrub(b); !bytes.Equal(b[3:], unhex(t, c.want)) {
			t.Errorf("%s: %x, want %s", name, b[3:], c.want)
		}
	}
	for _, whole := range []string{"", "04", "040f", "040fff", "800000", "841e00", "060f019c", "061e6c"} {
		b := unhex(t, whole)
		if scrub(b); hex.EncodeToString(b) != whole {
			t.Errorf("%s became %x", whole, b)
		}
	}
}

// A printed line keeps its length and its other text.
func TestScrubPrintedLines(t *testing.T) {
	for line, want := range map[string]string{
		"PAN 4111111111111111 Chip":                  "PAN ************1111 Chip",
		"4111-1111-1111-1111":                        "****-****-****-1111",
		";4111111111111111=28122011123400001230? 00": ";************1111=********************? 00",
		"4111111111111111D2812 Datum":                "************1111D**** Datum",
		"4111111111111111 Datum":                     "************1111 Datum",
		"%B4111111111111111^TEST/CARD ^281210199?x":  "%B************1111^********************?x",
		"4111111111111111=":                          "************1111=",
		"Beleg 4111111111111112":                     "Beleg 4111111111111112",
	} {
		b := append([]byte{0x06, 0xD1, byte(len(line) + 1), 0x00}, line...)
		if scrub(b); string(b[4:]) != want {
			t.Errorf("%s: %s, want %s", line, b[4:], want)
		}
		if got := maskText(line); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
