package scenario

import (
	"slices"
	"testing"
)

func TestCodesAreFoundWhereverTheyStand(t *testing.T) {
	secrets := map[string]string{"134567890123456789": "a", "284567890123456789": "b"}
	for text, want := range map[string][]string{
		"":                              nil,
		"nothing 12345":                 nil,
		"13456789012345678":             nil,
		"x134567890123456789":           {"134567890123456789"},
		`{"code":"284567890123456789"}`: {"284567890123456789"},
		"99134567890123456789":          {"134567890123456789"},
		"134567890123456789 \x00 284567890123456789": {"134567890123456789", "284567890123456789"},
		"1345678901 23456789":                        nil,
	} {
		if got := codesIn([]byte(text), secrets); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestCodesAreThoseOfTheirScheme(t *testing.T) {
	zero, most := func(int) int { return 0 }, func(n int) int { return n - 1 }
	for _, c := range []struct{ scheme, low, high string }{
		{"wechat", "100000000000000000", "159999999999999999"},
		{"alipay", "250000000000000000", "299999999999999999"},
		{"unionpay", "6200000000000000000", "6299999999999999999"},
	} {
		low, err := newCode(c.scheme, zero)
		high, _ := newCode(c.scheme, most)
		if err != nil || low != c.low || high != c.high {
			t.Errorf("%s: %s to %s, %v", c.scheme, low, high, err)
		}
	}
	if _, err := newCode("cheque", zero); err == nil {
		t.Error("an unknown scheme has codes")
	}
}

func TestTheBankReadsATransfersReference(t *testing.T) {
	for payload, want := range map[string]string{
		"BCD\n002\n1\nSCT\n\nShop\nDE89370400440532013000\nEUR1.00\n\nRF18539007547034": "RF18539007547034",
		"BCD\n002\n1\nSCT\n\nShop\nDE89370400440532013000\nEUR1.00\n\n\nABCD00000001":   "ABCD00000001",
		"BCD\r\n002\r\n1\r\nSCT\r\n\r\nShop\r\nDE89370400440532013000\r\nEUR1.00":       "",
		"weixin://wxpay/bizpayurl?pr=1":                                                 "",
		"":                                                                              "",
	} {
		if got := referenceOf(payload); got != want {
			t.Errorf("%q: %q, want %q", payload, got, want)
		}
	}
	for reference, want := range map[string]string{"RF18539007547034": "539007547034", "539007547034": "539007547034", "RFID": "RFID", "": ""} {
		if got := bare(reference); got != want {
			t.Errorf("%q is known as %q, want %q", reference, got, want)
		}
	}
}

func TestTheSamePlanForTheSameSeed(t *testing.T) {
	a, b, c := makePlan(7), makePlan(7), makePlan(8)
	amounts := func(p *plan) (list []int64) {
		for _, s := range p.sales {
			list = append(list, int64(s.amount))
		}
		for i := range p.phone {
			list = append(list, int64(p.phone[i].amount), int64(p.phone[i].at))
		}
		return list
	}
	if !slices.Equal(amounts(&a), amounts(&b)) || slices.Equal(amounts(&a), amounts(&c)) {
		t.Error("a seed is not a plan")
	}
	seen := map[int64]bool{}
	for _, s := range a.sales {
		seen[int64(s.amount)] = true
	}
	for i := range a.phone {
		s := &a.phone[i]
		if seen[int64(s.amount)] || seen[int64(s.paid())] {
			t.Errorf("amount %d stands twice", s.amount)
		}
		seen[int64(s.amount)], seen[int64(s.paid())] = true, true
	}
	if len(a.sales)+len(a.phone) < 300 {
		t.Errorf("only %d sales", len(a.sales)+len(a.phone))
	}
}
