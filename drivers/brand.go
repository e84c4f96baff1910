package drivers

import "strconv"

// BrandOf names a payment card's scheme by the first six digits of its number, as Brand of a [Result] does; "" when they do not say, or are no digits. The
// ranges are those that the schemes publish; schemes of one country alone are not among them.
func BrandOf(bin string) string {
	n, err := strconv.ParseUint(bin, 10, 32)
	if err != nil || len(bin) != 6 {
		return ""
	}
	four := n / 100
	switch two := n / 10_000; {
	case two/10 == 4:
		return "visa"
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720:
		return "mastercard"
	case two == 34, two == 37:
		return "amex"
	case four >= 3528 && four <= 3589:
		return "jcb"
	case four >= 3000 && four <= 3059, two == 36, two == 38, two == 39:
		return "diners"
	case four == 6011, four >= 6440 && four <= 6499, two == 65:
		return "discover"
	case two == 62:
		return "unionpay"
	case two == 50, two >= 56 && two <= 58:
		return "maestro"
	}
	return ""
}
