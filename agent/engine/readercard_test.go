package engine

import (
	"encoding/hex"
	"testing"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/sync/policy"
)

// TestCardHash pins the hash by a worked example: two tills that share a secret, and a till after an upgrade, must tell the same card.
func TestCardHash(t *testing.T) {
	key := [32]byte{}
	for i := range key {
		key[i] = byte(i)
	}
	shown := drivers.Swipe{BIN: "411111", Last4: "1111", Expiry: "3012"}
	card := cardHash(key, &shown)
	if got := hex.EncodeToString(card[:]); got != "169af2ccebe85cfe25ba086600c94322" {
		t.Errorf("%s", got)
	}
	hashed := shown
	if hashed.Hash = make([]byte, 20); cardHash(key, &hashed) != card {
		t.Error("a hash of zeros, which is none, was taken")
	}
	if hashed.Hash[19] = 1; cardHash(key, &hashed) == card {
		t.Error("the reader's own hash was not taken")
	}
	if shown.Expiry = ""; cardHash(key, &shown) != (policy.CardHash{}) {
		t.Error("a card of which too little is shown was told apart")
	}
}
