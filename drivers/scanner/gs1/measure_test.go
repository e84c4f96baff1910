package gs1

import "testing"

func patterns(t *testing.T, texts ...string) []Pattern {
	t.Helper()
	var all []Pattern
	for _, s := range texts {
		p, err := ParsePattern(s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func TestReadLabel(t *testing.T) {
	shop := patterns(t, "29PPPPPAAAAAC:A0", "21PPPPPWWWWWC", "2190PPPWWWWWC", "23PPPPPAAAAAC", "24PPPPVAAAAAC:A2", "02PPPPPWWWWWC:W2")
	for _, c := range []struct {
		code string
		want Label
		ok   bool
	}{
		// the worked example of the field: item 00417, 0.735 kg
		{"2100417007352", Label{"00417", "2100417000001", 735, 3, -1, AsCurrency}, true},
		{"23004170073" + "5" + check12("230041700735"), Label{"00417", "230041700000" + check12("230041700000"), -1, 3, 735, AsCurrency}, true},
		{"24041770073" + "5" + check12("240417700735"), Label{"0417", "240417000000" + check12("240417000000"), -1, 3, 735, 2}, true},
		{"02004170073" + "5" + check12("020041700735"), Label{"00417", "020041700000" + check12("020041700000"), 735, 2, -1, AsCurrency}, true},
		{"29004170073" + "5" + check12("290041700735"), Label{"00417", "290041700000" + check12("290041700000"), -1, 3, 735, 0}, true},
		{"219041700735" + check12("219041700735"), Label{"417", "219041700000" + check12("219041700000"), 735, 3, -1, AsCurrency}, true},
		{"2100417007353", Label{}, false}, {"4006381333931", Label{}, false}, {"210041700735", Label{}, false}, {"", Label{}, false},
	} {
		if got, ok := ReadLabel(shop, c.code); got != c.want || ok != c.ok {
			t.Errorf("%s: %+v, %v; want %+v", c.code, got, ok, c.want)
		}
	}
}

func check12(s string) string { return string(rune(CheckDigit(s))) }

func TestParsePatternRefuses(t *testing.T) {
	for _, s := range []string{"", "21PPPPPWWWWW", "21PPPPPWWWWWWC", "41PPPPPWWWWWC", "22DD........C", "21PPPPPPPPPPC", "21WWWWWWWWWWC",
		"21PPPPWWWAAAC", "21PPPPPWWWWCC", "21PPPPPWWWWWC:W", "21PPPPPWWWWWC:W9", "21PPPPPWWWWWC:X2", "PPPPPPPWWWWWC"} {
		if _, err := ParsePattern(s); err == nil {
			t.Errorf("%q is taken", s)
		}
	}
}
