package cose_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tillproof/tillproof/store/cose"
)

func sealKey(t *testing.T, path string) *cose.Opener {
	t.Helper()
	o, err := cose.LoadOrCreateSeal(path)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestASealOpensForItsKeyAndItsPlaceOnly(t *testing.T) {
	key := sealKey(t, filepath.Join(t.TempDir(), "keys", "seal.pem"))
	sealed, err := cose.SealTo(key.Public(), []byte("till-1 and a payment"), []byte("opaque"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := key.Open(sealed, []byte("till-1 and a payment")); err != nil || string(got) != "opaque" {
		t.Fatalf("%q, %v", got, err)
	}
	if again, err := cose.SealTo(key.Public(), []byte("till-1 and a payment"), []byte("opaque")); err != nil || bytes.Equal(again, sealed) {
		t.Errorf("the same content twice looks the same: %v", err)
	}
	id, err := cose.SealedTo(sealed)
	if err != nil || id != cose.IDOf(key.Public()) {
		t.Errorf("%s, %v", id, err)
	}
	other := sealKey(t, filepath.Join(t.TempDir(), "seal.pem"))
	for name, open := range map[string]func() ([]byte, error){
		"other place": func() ([]byte, error) { return key.Open(sealed, []byte("till-2 and a payment")) },
		"other key":   func() ([]byte, error) { return other.Open(sealed, []byte("till-1 and a payment")) },
		"cut":         func() ([]byte, error) { return key.Open(sealed[:len(sealed)-1], []byte("till-1 and a payment")) },
		"nothing":     func() ([]byte, error) { return key.Open(nil, nil) },
		"flipped": func() ([]byte, error) {
			flipped := bytes.Clone(sealed)
			flipped[len(flipped)/2] ^= 1
			return key.Open(flipped, []byte("till-1 and a payment"))
		},
	} {
		if got, err := open(); !errors.Is(err, cose.ErrSeal) || len(got) > 0 {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := cose.SealTo([]byte("short"), nil, nil); err == nil {
		t.Error("sealed to what is no key")
	}
}

func TestAFormerSealKeyStillOpens(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "seal.pem")
	old := sealKey(t, path)
	sealed, err := cose.SealTo(old.Public(), nil, []byte("under way"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, filepath.Join(dir, "seal-2026.pem")); err != nil {
		t.Fatal(err)
	}
	key := sealKey(t, path)
	if bytes.Equal(key.Public(), old.Public()) {
		t.Error("the former key is still the present one")
	}
	if got, err := key.Open(sealed, nil); err != nil || string(got) != "under way" {
		t.Errorf("%q, %v", got, err)
	}
	if again := sealKey(t, path); !bytes.Equal(again.Public(), key.Public()) {
		t.Error("the key changes with a start")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := cose.LoadOrCreateSeal(path); err == nil {
		t.Error("a damaged key was replaced")
	}
}
