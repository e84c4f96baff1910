package drivers

import "testing"

func TestBrandOf(t *testing.T) {
	for bin, want := range map[string]string{
		"411111": "visa", "555555": "mastercard", "222099": "", "222100": "mastercard", "272099": "mastercard", "378282": "amex", "353011": "jcb",
		"305693": "diners", "306000": "", "601111": "discover", "644000": "discover", "620000": "unionpay", "501800": "maestro", "990000": "",
		"41111": "", "41111a": "", "": "", "+41111": "",
	} {
		if got := BrandOf(bin); got != want {
			t.Errorf("%s: %q, not %q", bin, got, want)
		}
	}
}
