package pos_test

import (
	"testing"

	"github.com/tillproof/tillproof/pos"
)

func TestCashIsRoundedAsTheCountryDoes(t *testing.T) {
	for _, c := range []struct {
		currency     pos.Currency
		amount, want pos.Minor
	}{
		{"EUR", 1001, 1001}, {"EUR", 3, 3}, {"JPY", 1, 1}, {"USD", 99, 99},
		{"CHF", 1002, 1000}, {"CHF", 1003, 1005}, {"CHF", 1007, 1005}, {"CHF", 1008, 1010}, {"CHF", 2, 0}, {"CHF", 0, 0},
		{"AUD", 1002, 1000}, {"CAD", 1003, 1005}, {"NZD", 1004, 1000}, {"NZD", 1005, 1010},
		{"SEK", 1049, 1000}, {"SEK", 1050, 1100}, {"NOK", 1051, 1100}, {"CZK", 1149, 1100},
		{"DKK", 1024, 1000}, {"DKK", 1025, 1050}, {"DKK", 1074, 1050}, {"DKK", 1075, 1100},
		{"HUF", 1_00_249, 1_00_000}, {"HUF", 1_00_250, 1_00_500}, {"HUF", 1_00_749, 1_00_500}, {"HUF", 1_00_750, 1_01_000},
	} {
		if got := pos.RoundCash(c.amount, pos.CashStep(c.currency)); got != c.want {
			t.Errorf("%d %s: %d, want %d", c.amount, c.currency, got, c.want)
		}
	}
}

func TestEveryCashStepIsOfARealCurrency(t *testing.T) {
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			for c := 'A'; c <= 'Z'; c++ {
				currency := pos.Currency([]byte{byte(a), byte(b), byte(c)})
				switch step := pos.CashStep(currency); {
				case step != 1 && !currency.Known():
					t.Errorf("%s has a step of %d and is no currency", currency, step)
				case step < 1:
					t.Errorf("%s has a step of %d", currency, step)
				}
			}
		}
	}
}
