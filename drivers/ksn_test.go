package drivers

import (
	"encoding/hex"
	"testing"
)

func TestKSNFollows(t *testing.T) {
	for _, c := range []struct {
		last, next string
		want       bool
	}{
		{"", "ffff9876543210e00001", true},
		{"ffff9876543210e00001", "ffff9876543210e00002", true},
		{"ffff9876543210e00001", "ffff9876543210e00001", false},
		{"ffff9876543210e00002", "ffff9876543210e00001", false},
		{"ffff9876543210e0ffff", "ffff9876543210f00000", true},
		{"ffff9876543210f00000", "ffff9876543210efffff", false},
		{"ffff9876543210e00002", "ffff9876543211000001", true}, // another initial key
		{"ffff9876543210e00002", "ffff9876543210e000", false},
		{"ffff9876543210e00002", "", false},
	} {
		if got := KSNFollows(unhex(t, c.last), unhex(t, c.next)); got != c.want {
			t.Errorf("%s after %s: %v", c.next, c.last, got)
		}
	}
	if n := KSNCounter(unhex(t, "ffff987654321fffffff")); n != 0x1FFFFF {
		t.Errorf("counter %x", n)
	}
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
