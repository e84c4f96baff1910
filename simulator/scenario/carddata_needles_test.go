//go:build linux

package scenario_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Well-known test numbers of the card schemes, one for each place where a terminal can put one.
const (
	panOfField   = "6011000990139424" // BMP 22, unmasked
	panOfTrack1  = "4007702835532454" // BMP 2D
	panOfTrack2  = "4012888888881881" // BMP 23
	panOfTrack3  = "3566002020360505" // BMP 24
	panOfText    = "6555900000604105" // BMP 3C, the acquirer's text
	panOfName    = "4263982640269299" // BMP 8B, the card's name
	panOfTLV     = "371449635398431"  // TLV 5A
	panOfTLVText = "38520000023237"   // TLV 07
	panOfUnknown = "4917484589897107" // a TLV tag that no table has, packed
	panOfStrange = "5200828282828210" // behind a BMP that no table has, packed
	panOfDisplay = "2223003122003222" // 04 FF
	panOfLine    = "5425233430109903" // receipt, bare
	panOfGroups  = "4001919257537193" // receipt, with hyphens
	panOfShort   = "30569309025904"   // receipt
	panOfAmex    = "378282246310005"  // receipt
	panOfPrinted = "4000056655665556" // receipt, as a whole track 2

	planted = "4000000000000002" // the order of a sale: it has to be found, or the search proves nothing
)

// What is behind the number in the tracks, which must not be kept either.
const (
	track1Rest  = "2812101998877665544"
	track2Rest  = "28122011123400001230"
	printedRest = "290320177665544"
	track3Rest  = "99887711223344556677"
)

// What a terminal of the Hypercom link tells of a cardholder: numbers that nobody has.
const (
	personalIdentity = "99023055667788"    // A1, born on 30 February
	personalPhone    = "60000999887766554" // D7
)

// needle is a form in which card data may stand.
type needle struct {
	what string
	form []byte
}

// cardNeedles are all forms of all numbers and tracks that the terminals tell.
func cardNeedles() (all []needle) {
	for _, pan := range []string{panOfField, panOfTrack1, panOfTrack2, panOfTrack3, panOfText, panOfName, panOfTLV, panOfTLVText, panOfUnknown,
		panOfStrange, panOfDisplay, panOfLine, panOfGroups, panOfShort, panOfAmex, panOfPrinted} {
		all = append(all, needlesOf(pan)...)
	}
	for _, rest := range []string{track1Rest, track2Rest, printedRest, track3Rest, personalIdentity, personalPhone} {
		all = append(all, needlesOf(rest)...)
	}
	return all
}

// needlesOf are the forms of one number: characters, in groups, a digit a byte, packed two digits a byte from either half; characters and packed
// digits as hex and base64 too (packed digits as hex are characters). The first twelve digits alone are too many as well: first six and last four
// is what a receipt may show.
func needlesOf(digits string) (all []needle) {
	for _, part := range []string{digits, digits[:12]} {
		text, pack := []byte(part), packed(part)
		add := func(form string, b []byte) { all = append(all, needle{part + " (" + form + ")", b}) }
		add("characters", text)
		add("a digit a byte", digitBytes(part))
		add("packed", pack)
		add("packed from the second", packed(part[1:]))
		add("hex", []byte(hex.EncodeToString(text)))
		for shift := range 3 {
			add("base64", base64Middle(text, shift))
			add("packed and base64", base64Middle(pack, shift))
		}
	}
	for _, sep := range []string{" ", "-"} {
		all = append(all, needle{digits + " (in groups)", []byte(strings.Join(groups(digits), sep))})
	}
	return slices.DeleteFunc(all, func(n needle) bool { return len(n.form) < 6 })
}

func digitBytes(digits string) []byte {
	b := []byte(digits)
	for i := range b {
		b[i] -= '0'
	}
	return b
}

// packed is what whole bytes of packed digits there are in a number.
func packed(digits string) []byte {
	b, err := hex.DecodeString(digits[:len(digits)/2*2])
	if err != nil {
		panic(err)
	}
	return b
}

func groups(digits string) (list []string) {
	for chunk := range slices.Chunk([]byte(digits), 4) {
		list = append(list, string(chunk))
	}
	return list
}

// base64Middle is the part of an encoding that does not depend on what stands before and behind.
func base64Middle(b []byte, shift int) []byte {
	text := base64.StdEncoding.EncodeToString(append(make([]byte, shift), b...))
	return []byte(text[(shift*8+5)/6 : (shift+len(b))*8/6])
}

// foundIn lists what of the needles stands in a text.
func foundIn(text []byte, needles []needle) (list []string) {
	for _, n := range needles {
		if at := bytes.Index(text, n.form); at >= 0 {
			around := text[max(0, at-24):min(len(text), at+len(n.form)+24)]
			list = append(list, fmt.Sprintf("%s at %d: %q", n.what, at, around))
		}
	}
	return list
}
