package goods

import (
	"math/bits"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/drivers/scanner/gs1"
	"github.com/tillproof/tillproof/pos"
)

// measured gives an article the price of a label.
func (g *Goods) measured(item Item, l gs1.Label) (Item, bool) {
	if l.Amount >= 0 {
		amount, ok := rescale(l.Amount, l.AmountDecimals, g.currency.Exponent())
		item.Price.Amount = pos.Minor(amount)
		return item, ok && item.Price.CheckPayable() == nil
	}
	amount, ok := multiply(int64(item.Price.Amount), l.Weight, l.WeightDecimals)
	item.Price.Amount = pos.Minor(amount)
	item.Measure = fixed(l.Weight, l.WeightDecimals) + " kg"
	return item, ok && item.Price.CheckPayable() == nil
}

// rescale expresses a number with some decimals in another number of them. It fails when that is not exact.
func rescale(n int64, from, to int) (int64, bool) {
	if from == gs1.AsCurrency {
		return n, true
	}
	for ; from < to; from++ {
		n *= 10 // at most ten digits times 10^4
	}
	for ; from > to; from-- {
		if n%10 != 0 {
			return 0, false
		}
		n /= 10
	}
	return n, true
}

// multiply is price times weight over 10^decimals, rounded half up. Neither is negative.
func multiply(price, weight int64, decimals int) (int64, bool) {
	unit := uint64(1)
	for range decimals {
		unit *= 10
	}
	hi, lo := bits.Mul64(uint64(price), uint64(weight))
	lo, carry := bits.Add64(lo, unit/2, 0)
	if hi += carry; hi >= unit {
		return 0, false
	}
	n, _ := bits.Div64(hi, lo, unit)
	return int64(n), n <= uint64(pos.MaxAmount)
}

// fixed writes a number with decimals.
func fixed(n int64, decimals int) string {
	s := strconv.FormatInt(n, 10)
	if decimals == 0 {
		return s
	}
	s = strings.Repeat("0", max(0, decimals+1-len(s))) + s
	return s[:len(s)-decimals] + "." + s[len(s)-decimals:]
}
