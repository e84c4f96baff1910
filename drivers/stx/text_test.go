package stx

import "testing"

func TestSafeText(t *testing.T) {
	for text, want := range map[string]string{
		"PAN 4111111111111111":         "PAN ************1111",
		"4111 1111 1111 1111 01/30":    "**** **** **** 1111 01/30",
		"4111-1111-1111-1111":          "****-****-****-1111",
		"STAN 000123 AMOUNT 12345":     "STAN 000123 AMOUNT 12345",
		"AID A0000000041010":           "AID A0000000041010",
		"4111111111111112":             "4111111111111112", // no check digit
		"12 4111111111111111 00123":    "12 ************1111 00123",
		"  5500000000000004\x07\xE8  ": "************0004..",
		"************1111":             "************1111",
		"":                             "",
	} {
		if got := SafeText([]byte(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
