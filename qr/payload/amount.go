package payload

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/pos"
)

const (
	anyExponent   = -1 // the currency is not known: decimals cannot be counted
	maxAmountText = 13 // of objects 54 and 56
)

// parseAmount reads digits with at most one point, a digit first, more than zero (§4.7.4), of at most longest characters. "98",
// "98." and "98.7" are the same as with all decimals of the currency; more decimals than it has are refused. With anyExponent
// only the form is checked and the value means nothing.
func parseAmount(text string, exponent, longest int) (pos.Minor, error) {
	whole, decimals, _ := strings.Cut(text, ".")
	switch {
	case len(text) > longest:
		return 0, fmt.Errorf("an amount of %d characters; %d is the most", len(text), longest)
	case !isDigits(whole) || decimals != "" && !isDigits(decimals):
		return 0, errors.New("an amount is digits with at most one point, and a digit first")
	case strings.Trim(whole+decimals, "0") == "":
		return 0, errors.New("an amount is not zero")
	case exponent == anyExponent:
		return 0, nil
	case len(decimals) > exponent:
		return 0, fmt.Errorf("%d decimals; the currency has %d", len(decimals), exponent)
	}
	n, err := strconv.ParseInt(whole+decimals+strings.Repeat("0", exponent-len(decimals)), 10, 64)
	return pos.Minor(n), err
}

// amountText writes an amount with all decimals of its currency.
func amountText(m pos.Money) string {
	exponent := m.Currency.Exponent()
	text := fmt.Sprintf("%0*d", exponent+1, int64(m.Amount))
	if exponent == 0 {
		return text
	}
	return text[:len(text)-exponent] + "." + text[len(text)-exponent:]
}

// objectAmount writes object 54. Rupiah and riel have decimals in ISO 4217 only: real codes carry whole units.
func objectAmount(m pos.Money) string {
	text := amountText(m)
	if m.Currency == "IDR" || m.Currency == "KHR" {
		text = strings.TrimSuffix(text, ".00")
	}
	return text
}

// numeric is object 53.
func numeric(c pos.Currency) string { return fmt.Sprintf("%03d", c.Numeric()) }
