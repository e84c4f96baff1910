package pos

// CashStep is the smallest sum that can be paid in cash in a currency, in minor units, as its country rounds: 5 for CHF (0.05), 100 for SEK (1.00).
// It is 1 where every minor unit is a coin, or where we know of no rule.
func CashStep(c Currency) Minor {
	switch c {
	case "CHF", "AUD", "CAD", "SGD", "MYR", "FJD":
		return 5
	case "NZD", "ZAR", "HKD", "ILS":
		return 10
	case "THB":
		return 25
	case "DKK":
		return 50
	case "SEK", "NOK", "CZK", "TWD":
		return 100
	case "HUF":
		return 500
	}
	return 1
}

// RoundCash rounds an amount of 0 or more to the nearest multiple of a step, half a step up (Swedish rounding). A step of 1 or less changes nothing.
func RoundCash(amount, step Minor) Minor {
	if step <= 1 {
		return amount
	}
	rest := amount % step
	if rest*2 >= step {
		return amount - rest + step
	}
	return amount - rest
}
