package pos

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Minor is an amount in minor units of its currency: cents for EUR, whole yen for JPY. It is never a float and never has an
// exponent of its own.
type Minor int64

// MaxAmount is the largest amount that a payment may have, in minor units: what six BCD bytes hold, the narrowest amount
// field of the card terminals that we drive.
const MaxAmount Minor = 999_999_999_999

// Money is an amount together with the currency that gives it a meaning.
type Money struct {
	Amount   Minor
	Currency Currency
}

// Add returns m + o. It fails when the currencies differ or the sum leaves int64; m is unchanged then.
func (m Money) Add(o Money) (Money, error) {
	if m.Currency != o.Currency {
		return Money{}, fmt.Errorf("add %s to %s: different currencies", o.Currency, m.Currency)
	}
	if o.Amount > 0 && m.Amount > math.MaxInt64-o.Amount || o.Amount < 0 && m.Amount < math.MinInt64-o.Amount {
		return Money{}, fmt.Errorf("add %s to %s: sum out of range", o, m)
	}
	return Money{m.Amount + o.Amount, m.Currency}, nil
}

// Sub returns m - o under the rules of [Money.Add].
func (m Money) Sub(o Money) (Money, error) {
	if o.Amount == math.MinInt64 {
		return Money{}, fmt.Errorf("subtract %d from %s: difference out of range", o.Amount, m)
	}
	return m.Add(Money{-o.Amount, o.Currency})
}

// String writes the amount with the currency's own number of decimals, as in "12.30 EUR" or "500 JPY". It is for people; machines
// read Amount and Currency.
func (m Money) String() string {
	digits, sign := strconv.FormatInt(int64(m.Amount), 10), ""
	if m.Amount < 0 {
		digits, sign = digits[1:], "-"
	}
	if exp := m.Currency.Exponent(); exp > 0 {
		if short := exp + 1 - len(digits); short > 0 {
			digits = strings.Repeat("0", short) + digits
		}
		digits = digits[:len(digits)-exp] + "." + digits[len(digits)-exp:]
	}
	return sign + digits + " " + string(m.Currency)
}

// CheckPayable says whether m may be asked of a customer: a known currency and an amount from 0 to [MaxAmount].
func (m Money) CheckPayable() error {
	switch {
	case !m.Currency.Known():
		return NewError("amount_invalid", Permanent, NoneMoved,
			fmt.Sprintf("%q is not an ISO 4217 currency.", string(m.Currency)), "Send an alphabetic code such as EUR.")
	case m.Amount < 0:
		return NewError("amount_invalid", Permanent, NoneMoved,
			fmt.Sprintf("An amount of %d is negative.", m.Amount), "Send 0 or more minor units; a refund is an operation of its own.")
	case m.Amount > MaxAmount:
		return NewError("amount_invalid", Permanent, NoneMoved,
			fmt.Sprintf("An amount of %d is more than the %d minor units that a card terminal can hold.", m.Amount, MaxAmount),
			"Check the amount; it is in minor units.")
	}
	return nil
}
