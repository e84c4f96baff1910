package goods

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/drivers/scanner/gs1"
	"github.com/tillproof/tillproof/pos"
)

// parsePrice reads a price with exactly the decimals of the currency, without a float.
func parsePrice(s string, currency pos.Currency) (pos.Money, error) {
	whole, decimals, point := strings.Cut(s, ".")
	exponent := currency.Exponent()
	if !gs1.Digits(whole) || point != (exponent > 0) || len(decimals) != exponent || point && !gs1.Digits(decimals) {
		return pos.Money{}, fmt.Errorf("price %q: write it as in %s", s, example(exponent))
	}
	n, err := strconv.ParseInt(whole+decimals, 10, 64)
	money := pos.Money{Amount: pos.Minor(n), Currency: currency}
	if err != nil || n > int64(pos.MaxAmount) {
		return pos.Money{}, fmt.Errorf("price %q is more than %s: correct it", s, pos.Money{Amount: pos.MaxAmount, Currency: currency})
	}
	return money, money.CheckPayable()
}

// example is two and a half of a currency, or three where it has no decimals.
func example(exponent int) string {
	if exponent == 0 {
		return "3"
	}
	return "2.5" + strings.Repeat("0", exponent-1)
}
