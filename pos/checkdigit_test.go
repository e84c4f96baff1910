package pos_test

import (
	"testing"

	"github.com/tillproof/tillproof/pos"
)

func TestCheckDigit(t *testing.T) {
	for text, want := range map[string]bool{"4111111111111111": true, "4111111111111112": false, "79927398713": true, "79927398710": false, "0": true, "1": false, "": false} {
		if got := pos.CheckDigit(len(text), func(i int) byte { return text[i] - '0' }); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
