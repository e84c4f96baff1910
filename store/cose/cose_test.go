package cose_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tillproof/tillproof/store/cose"
)

func signer(t *testing.T, seed byte) *cose.Signer {
	t.Helper()
	s, err := cose.NewSigner(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDetachedSignatureHoldsOnlyForItsContentPurposeAndKey(t *testing.T) {
	s := signer(t, 1)
	content := []byte("a record")
	sig, err := s.Detached(content, cose.ForRecord)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sig, content) {
		t.Error("a detached signature carries its content")
	}
	id, err := cose.Verify(sig, content, cose.ForRecord, cose.OneKey(s.Public()))
	if err != nil || id != s.ID() {
		t.Fatalf("Verify = %s, %v", id, err)
	}
	flipped := bytes.Clone(sig)
	flipped[len(flipped)-1] ^= 1
	for name, check := range map[string]func() (cose.KeyID, error){
		"other content": func() (cose.KeyID, error) {
			return cose.Verify(sig, []byte("a Record"), cose.ForRecord, cose.OneKey(s.Public()))
		},
		"other purpose": func() (cose.KeyID, error) {
			return cose.Verify(sig, content, cose.ForAck, cose.OneKey(s.Public()))
		},
		"flipped bit": func() (cose.KeyID, error) {
			return cose.Verify(flipped, content, cose.ForRecord, cose.OneKey(s.Public()))
		},
		"key of somebody else under this id": func() (cose.KeyID, error) {
			return cose.Verify(sig, content, cose.ForRecord, func(cose.KeyID) (cose.PublicKey, bool) { return signer(t, 2).Public(), true })
		},
		"garbage": func() (cose.KeyID, error) {
			return cose.Verify([]byte{0xd2, 0x84}, content, cose.ForRecord, cose.OneKey(s.Public()))
		},
		"nothing": func() (cose.KeyID, error) {
			return cose.Verify(nil, content, cose.ForRecord, cose.OneKey(s.Public()))
		},
	} {
		if _, err := check(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := cose.Verify(sig, content, cose.ForRecord, cose.OneKey(signer(t, 2).Public())); !errors.Is(err, cose.ErrUnknownKey) {
		t.Errorf("unknown key: %v", err)
	}
}

func TestSignedByNamesWhoClaimsASignature(t *testing.T) {
	s := signer(t, 1)
	sig, err := s.Detached([]byte("a record"), cose.ForRecord)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := cose.SignedBy(sig); err != nil || id != cose.IDOf(s.Public()) {
		t.Errorf("%s, %v", id, err)
	}
	if _, err := cose.SignedBy([]byte{0xd2, 0x84}); err == nil {
		t.Error("garbage names somebody")
	}
}

func TestSealCarriesItsContent(t *testing.T) {
	s := signer(t, 1)
	message, err := s.Seal([]byte("custody"), cose.ForAck)
	if err != nil {
		t.Fatal(err)
	}
	content, _, err := cose.Open(message, cose.ForAck, cose.OneKey(s.Public()))
	if err != nil || string(content) != "custody" {
		t.Fatalf("Open = %q, %v", content, err)
	}
	if _, err := cose.Verify(message, []byte("custody"), cose.ForAck, cose.OneKey(s.Public())); err == nil {
		t.Error("a carrying message was taken for a detached signature")
	}
	if _, _, err := cose.Open(make([]byte, cose.MaxMessage+1), cose.ForAck, cose.OneKey(s.Public())); err == nil {
		t.Error("a message over the limit was read")
	}
}

func TestKeyFileIsMadeOnceAndNeverReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "till.pem")
	first, err := cose.LoadOrCreate(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := cose.LoadOrCreate(path)
	if err != nil || again.ID() != first.ID() {
		t.Fatalf("second load gives %s, %v; want %s", again.ID(), err, first.ID())
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	for _, damaged := range []string{"", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := cose.LoadOrCreate(path); err == nil {
			t.Errorf("damaged key file %q was replaced", damaged)
		}
	}
}

func TestParsePublicKey(t *testing.T) {
	want := signer(t, 3).Public()
	if _, err := cose.ParsePublicKey("00ff"); err == nil {
		t.Error("two bytes were taken for a key")
	}
	got, err := cose.ParsePublicKey(hexOf(want))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%x, %v", got, err)
	}
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var out []byte
	for _, c := range b {
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}
