package payload

import (
	"errors"
	"testing"

	"github.com/tillproof/tillproof/pos"
)

// A scheme that would ask for other money than was meant is caught before its code is shown.
func TestEncodeReadsItsOwnResultBack(t *testing.T) {
	brl := pos.Money{Amount: 1234, Currency: "BRL"}
	code := func(currency, amount string) func(*order) (string, error) {
		return func(*order) (string, error) { return Encode(Of("00", "01"), Of("53", currency), Of("54", amount)) }
	}
	for name, c := range map[string]struct {
		encode func(*order) (string, error)
		good   bool
	}{
		"right":          {code("986", "12.34"), true},
		"other amount":   {code("986", "123.40"), false},
		"other currency": {code("840", "12.34"), false},
		"no amount":      {code("986", ""), false},
		"unreadable":     {func(*order) (string, error) { return "000201", nil }, false},
	} {
		s := Scheme{Name: "test", Source: Local, encode: c.encode}
		if text, err := s.Encode(nil, brl, "R1"); (err == nil) != c.good {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

// A rewritten template is compared with the old one.
func TestARewrittenTemplateMayDifferInItsOwnFieldsOnly(t *testing.T) {
	old, err := Parse(sealed("00020126180014br.gov.bcb.pix5303986" + "5904SHOP"))
	if err != nil {
		t.Fatal(err)
	}
	for text, good := range map[string]bool{
		sealed("00020126180014br.gov.bcb.pix5303986" + "54041.00" + "5904SHOP" + "62060502R1"): true,
		sealed("00020126180014br.gov.bcb.pix5303986" + "54041.00" + "5904SHOT" + "62060502R1"): false,
		sealed("00020126180014br.gov.bcb.pix5303986" + "54041.00" + "62060502R1"):              false,
		sealed("00020126180014br.gov.bcb.pix5303986" + "5904SHOP" + "62060102R1"):              false,
		"000201": false,
	} {
		if err := old.unchangedBut(text, "62-05"); (err == nil) != good || err != nil && !errors.Is(err, ErrTemplate) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestCharacterSets(t *testing.T) {
	for number, c := range map[string][2]string{"1": {"ä", "\xc3\xa4"}, "2": {"ä", "\xe4"}, "3": {"ł", "\xb3"}, "4": {"ķ", "\xf3"}, "5": {"Ж", "\xb6"},
		"6": {"λ", "\xeb"}, "7": {"ð", "\xf0"}, "8": {"€", "\xa4"}} {
		got, err := toCharset(number, c[0])
		if err != nil || got != c[1] {
			t.Errorf("%s: %q, %v", number, got, err)
		}
		if back, err := fromCharset(number, got); err != nil || back != c[0] {
			t.Errorf("%s back: %q, %v", number, back, err)
		}
	}
}
