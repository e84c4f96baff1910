package pos_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
)

func TestMoneyIsWrittenWithTheCurrencysDecimals(t *testing.T) {
	for want, m := range map[string]pos.Money{
		"12.30 EUR":                 {Amount: 1230, Currency: "EUR"},
		"0.05 EUR":                  {Amount: 5, Currency: "EUR"},
		"-0.05 EUR":                 {Amount: -5, Currency: "EUR"},
		"500 JPY":                   {Amount: 500, Currency: "JPY"},
		"1.234 KWD":                 {Amount: 1234, Currency: "KWD"},
		"0.0001 CLF":                {Amount: 1, Currency: "CLF"},
		"-92233720368547758.08 EUR": {Amount: math.MinInt64, Currency: "EUR"},
		"7 ???":                     {Amount: 7, Currency: "???"},
	} {
		if got := m.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestArithmeticIsChecked(t *testing.T) {
	eur := func(n pos.Minor) pos.Money { return pos.Money{Amount: n, Currency: "EUR"} }
	if got, err := eur(1).Add(eur(2)); err != nil || got != eur(3) {
		t.Errorf("1 + 2 = %v, %v", got, err)
	}
	if got, err := eur(1).Sub(eur(2)); err != nil || got != eur(-1) {
		t.Errorf("1 - 2 = %v, %v", got, err)
	}
	for name, f := range map[string]func() (pos.Money, error){
		"over the top":      func() (pos.Money, error) { return eur(math.MaxInt64).Add(eur(1)) },
		"under the bottom":  func() (pos.Money, error) { return eur(math.MinInt64).Sub(eur(1)) },
		"minus the least":   func() (pos.Money, error) { return eur(0).Sub(eur(math.MinInt64)) },
		"two currencies":    func() (pos.Money, error) { return eur(1).Add(pos.Money{Amount: 1, Currency: "CHF"}) },
		"currencies, minus": func() (pos.Money, error) { return eur(1).Sub(pos.Money{Amount: 1, Currency: "CHF"}) },
	} {
		if got, err := f(); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestCurrencies(t *testing.T) {
	for code, want := range map[string][2]int{"EUR": {978, 2}, "JPY": {392, 0}, "KWD": {414, 3}, "CNY": {156, 2}, "CLP": {152, 0}, "AED": {784, 2}, "ZWG": {924, 2}} {
		c, err := pos.ParseCurrency(code)
		if err != nil || c.Numeric() != want[0] || c.Exponent() != want[1] {
			t.Errorf("%s: %d %d %v", code, c.Numeric(), c.Exponent(), err)
		}
		if back, ok := pos.CurrencyByNumber(want[0]); !ok || back != c {
			t.Errorf("%d: %s", want[0], back)
		}
	}
	for _, bad := range []string{"", "EU", "eur", "XXX", "EURO", "ZZZ", "AAA"} {
		if _, err := pos.ParseCurrency(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	if _, ok := pos.CurrencyByNumber(0); ok {
		t.Error("currency 0 exists")
	}
}

func TestPayableAmounts(t *testing.T) {
	for _, good := range []pos.Minor{0, 1, pos.MaxAmount} {
		if err := (pos.Money{Amount: good, Currency: "EUR"}).CheckPayable(); err != nil {
			t.Errorf("%d: %v", good, err)
		}
	}
	for _, bad := range []pos.Money{{Amount: -1, Currency: "EUR"}, {Amount: pos.MaxAmount + 1, Currency: "EUR"}, {Amount: 1, Currency: "EUX"}} {
		var e *pos.Error
		if err := bad.CheckPayable(); !errors.As(err, &e) || e.Code != "amount_invalid" || e.Money != pos.NoneMoved || e.Next == "" {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestIdentifiers(t *testing.T) {
	for _, good := range []string{"abc", "till-1", strings.Repeat("a", 32)} {
		if _, err := pos.ParseTillID(good); err != nil {
			t.Error(err)
		}
		if _, err := pos.ParseMerchantID(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "ab", strings.Repeat("a", 33), "Till", "a/b", "a+b", "a#b", "ä-bc"} {
		if _, err := pos.ParseTillID(bad); err == nil {
			t.Errorf("till %q was accepted", bad)
		}
	}
	for _, good := range []string{"1", "A.b_c:d/e-f", strings.Repeat("x", 64)} {
		if _, err := pos.ParseOrderRef(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", strings.Repeat("x", 65), "a b", "a\x00b", "ü"} {
		if _, err := pos.ParseOrderRef(bad); err == nil {
			t.Errorf("order %q was accepted", bad)
		}
	}
}

func TestUUIDsSortByTimeAndReadBack(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	a, b := pos.NewPaymentID(now), pos.NewPaymentID(now.Add(time.Millisecond))
	if a.String() >= b.String() {
		t.Errorf("%s is not before %s", a, b)
	}
	if a[6]>>4 != 7 || a[8]>>6 != 2 {
		t.Errorf("%s is no UUID of version 7", a)
	}
	back, err := pos.ParsePaymentID(a.String())
	if err != nil || back != a {
		t.Errorf("%s, %v", back, err)
	}
	for _, bad := range []string{"", a.String()[1:], strings.ToUpper(a.String()[:35]) + "G", strings.Replace(a.String(), "-", "_", 1)} {
		if _, err := pos.ParsePaymentID(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// The table as DESIGN §3 draws it, written a second time: a change of the code must be a change of mind.
func TestTheTableOfStates(t *testing.T) {
	allowed := map[pos.Status]string{
		pos.Pending:         "approved approved_offline declined cancelled expired unknown",
		pos.Unknown:         "approved approved_offline declined cancelled expired voided",
		pos.ApprovedOffline: "captured forward_declined voided",
		pos.ForwardDeclined: "captured written_off",
		pos.Approved:        "voided partly_refunded refunded",
		pos.Captured:        "voided partly_refunded refunded",
		pos.PartlyRefunded:  "partly_refunded refunded",
		pos.Declined:        "refund_due", pos.Cancelled: "refund_due", pos.Expired: "refund_due",
		pos.RefundDue: "refunded approved",
		pos.Voided:    "", pos.Refunded: "", pos.WrittenOff: "",
	}
	for from, list := range allowed {
		if !from.Known() {
			t.Errorf("%s is not known", from)
		}
		for to := range allowed {
			want := false
			for _, word := range strings.Fields(list) {
				want = want || word == string(to)
			}
			if from.Can(to) != want {
				t.Errorf("%s -> %s: %v", from, to, !want)
			}
		}
		if from.Taken() && (from.Uncharged() || from.Open()) || from.Uncharged() && from.Open() {
			t.Errorf("%s is two things at once", from)
		}
	}
	if pos.Status("paid").Known() {
		t.Error("an invented state is known")
	}
}

func TestTheTableOfOperations(t *testing.T) {
	if !pos.OperationRequested.Can(pos.OperationUnknown) || !pos.OperationUnknown.Can(pos.OperationDone) {
		t.Error("an allowed change is refused")
	}
	for _, final := range []pos.OperationState{pos.OperationDone, pos.OperationRefused} {
		for _, to := range []pos.OperationState{pos.OperationRequested, pos.OperationDone, pos.OperationRefused, pos.OperationUnknown} {
			if final.Can(to) {
				t.Errorf("%s -> %s is allowed", final, to)
			}
		}
	}
}

func TestErrorsSayWhatTheyMeanForTheMoney(t *testing.T) {
	cause := errors.New("wire")
	e := pos.NewError("device_unavailable", pos.Transient, pos.NoneMoved, "It is off.", "Switch it on.")
	with := e.Because(cause).With("payment", "p1").With("device", "d1")
	if e.Err != nil || e.Details != nil {
		t.Error("the original was changed")
	}
	if !errors.Is(with, cause) || with.Details["payment"] != "p1" || with.Details["device"] != "d1" || !strings.Contains(with.Error(), "wire") {
		t.Errorf("%+v", with)
	}
	if pos.MoneyOf(fmt.Errorf("around: %w", with)) != pos.NoneMoved {
		t.Error("the money is forgotten")
	}
	if pos.MoneyOf(cause) != pos.MoneyUnknown {
		t.Error("an error that does not say so was taken for none_moved")
	}
}

func TestTotals(t *testing.T) {
	a := pos.Totals{}
	for _, n := range []pos.Minor{100, 250} {
		if err := a.Add(pos.Card, pos.Money{Amount: n, Currency: "EUR"}); err != nil {
			t.Fatal(err)
		}
	}
	if a[pos.Card]["EUR"] != (pos.Sum{Count: 2, Amount: 350}) {
		t.Errorf("%v", a)
	}
	b := pos.Totals{pos.Card: {"EUR": {Count: 2, Amount: 350}}, pos.Cash: {}}
	if !a.Equal(b) || !b.Equal(a) {
		t.Error("equal money is called different")
	}
	b[pos.Cash]["EUR"] = pos.Sum{Count: 1, Amount: 0}
	if a.Equal(b) || b.Equal(a) {
		t.Error("one more payment is not seen")
	}
	if err := a.Add(pos.Card, pos.Money{Amount: math.MaxInt64, Currency: "EUR"}); err == nil || a[pos.Card]["EUR"].Amount != 350 {
		t.Errorf("overflow: %v, %v", a, err)
	}
}
