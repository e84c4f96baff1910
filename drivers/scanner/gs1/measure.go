package gs1

import (
	"fmt"
	"strconv"
	"strings"
)

// AsCurrency stands for the decimals of an amount that a pattern does not name: those of the shop's currency.
const AsCurrency = -1

// Pattern says how the shop's scales print EAN-13 labels with a weight or a price, prefixes 02 and 20 to 29. The GS1 General
// Specifications (§2.1.12) leave the meaning to each country and shop.
type Pattern struct {
	text     string // thirteen letters and digits
	literals int    // leading digits
	weight   int    // decimals
	amount   int    // decimals, or AsCurrency
}

// Label is what a label with a variable measure says. Weight and Amount are absent when below 0.
type Label struct {
	Item           string // the item number, as many digits as the pattern has P
	Lookup         string // the code with every variable digit 0 and the check digit computed anew
	Weight         int64  // in the unit of WeightDecimals: 735 with 3 decimals is 0.735 kg
	WeightDecimals int
	Amount         int64 // in the unit of AmountDecimals
	AmountDecimals int   // or AsCurrency
}

// ParsePattern reads a pattern such as "21PPPPPWWWWWC", one character a digit: digits stand for themselves, P item number, W weight,
// A amount, V check digit of the price (skipped: its rule differs by country), C check digit of the code, and "." any digit. Behind a
// colon may follow the decimals, as in "21PPPPPWWWWWC:W2" or ":A0"; without them a weight has three and an amount those of the
// currency. A discount label (D) is no item, and so no pattern here.
func ParsePattern(s string) (Pattern, error) {
	text, decimals, _ := strings.Cut(s, ":")
	p := Pattern{text: text, weight: 3, amount: AsCurrency}
	p.literals = len(text) - len(strings.TrimLeft(text, "0123456789"))
	prefix := text[:min(p.literals, 2)]
	switch {
	case len(text) != 13 || strings.Trim(text[p.literals:], "PWAV.C") != "" || strings.IndexByte(text, 'C') != 12:
		return Pattern{}, fmt.Errorf("%q is not a label pattern: write 13 characters as in 21PPPPPWWWWWC", s)
	case prefix != "02" && (prefix < "20" || prefix > "29"):
		return Pattern{}, fmt.Errorf("label pattern %q: only codes that begin with 02 or 20 to 29 are the shop's own", s)
	case !strings.Contains(text, "P") || strings.Contains(text, "W") == strings.Contains(text, "A"):
		return Pattern{}, fmt.Errorf("label pattern %q: it needs an item number (P) and either a weight (W) or an amount (A)", s)
	}
	if err := p.readDecimals(s, decimals); err != nil {
		return Pattern{}, err
	}
	return p, nil
}

// readDecimals understands pairs of a letter and a digit.
func (p *Pattern) readDecimals(whole, s string) error {
	for ; s != ""; s = s[2:] {
		switch {
		case len(s) >= 2 && s[0] == 'W' && s[1] >= '0' && s[1] <= '6':
			p.weight = int(s[1] - '0')
		case len(s) >= 2 && s[0] == 'A' && s[1] >= '0' && s[1] <= '6':
			p.amount = int(s[1] - '0')
		default:
			return fmt.Errorf("label pattern %q: the decimals behind the colon are written as W3 or A2", whole)
		}
	}
	return nil
}

// ReadLabel reads a code by the pattern that fits it with the most leading digits. It fails when none fits, and for a wrong check
// digit: a price that was read wrong must not be asked of anybody.
func ReadLabel(patterns []Pattern, code string) (Label, bool) {
	if len(code) != 13 || !Checked(code) {
		return Label{}, false
	}
	best := -1
	for i, p := range patterns {
		if code[:p.literals] == p.text[:p.literals] && (best < 0 || p.literals > patterns[best].literals) {
			best = i
		}
	}
	if best < 0 {
		return Label{}, false
	}
	return patterns[best].read(code), true
}

func (p Pattern) read(code string) Label {
	l := Label{Item: p.digits(code, 'P'), Weight: p.value(code, 'W'), Amount: p.value(code, 'A'),
		WeightDecimals: p.weight, AmountDecimals: p.amount}
	zeroed := []byte(code[:12])
	for i := range zeroed {
		if strings.IndexByte("WAV.", p.text[i]) >= 0 {
			zeroed[i] = '0'
		}
	}
	l.Lookup = string(zeroed) + string(rune(CheckDigit(string(zeroed))))
	return l
}

// digits collects the digits of one kind.
func (p Pattern) digits(code string, kind byte) string {
	var out []byte
	for i := range code {
		if p.text[i] == kind {
			out = append(out, code[i])
		}
	}
	return string(out)
}

// value is the number that the digits of one kind make, -1 when there are none.
func (p Pattern) value(code string, kind byte) int64 {
	n, err := strconv.ParseInt(p.digits(code, kind), 10, 64)
	if err != nil {
		return -1
	}
	return n
}
