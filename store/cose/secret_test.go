package cose

import (
	"bytes"
	"crypto/ed25519"
	"testing"
)

func TestSecretsDifferByPurposeAndKeyAndStay(t *testing.T) {
	secret := func(seed byte, purpose string) [32]byte {
		s, err := NewSigner(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize)))
		if err != nil {
			t.Fatal(err)
		}
		key, err := s.Secret(purpose)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	one := secret(1, "a")
	if one != secret(1, "a") || one == secret(1, "b") || one == secret(2, "a") || one == [32]byte{} {
		t.Errorf("%x", one)
	}
	if bytes.Contains(one[:], bytes.Repeat([]byte{1}, 16)) {
		t.Error("the secret shows the private key")
	}
}
