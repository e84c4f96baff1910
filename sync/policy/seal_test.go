package policy_test

import (
	"crypto/ed25519"
	"reflect"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/policy"
)

func signer(t testing.TB, seed byte) *cose.Signer {
	t.Helper()
	key := make([]byte, ed25519.SeedSize)
	key[0] = seed
	s, err := cose.NewSigner(ed25519.NewKeyFromSeed(key))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOnlyThePlatformMakesPolicies(t *testing.T) {
	platform := signer(t, 1)
	d := document()
	d.Epoch, d.Hotlist = pos.Epoch{9}, &policy.Hotlist{Version: 1, IssuedAt: 5, MaxAge: 60, Cards: []policy.CardHash{card}}
	message, err := policy.Seal(&d, platform)
	if err != nil {
		t.Fatal(err)
	}
	got, err := policy.Open(message, cose.OneKey(platform.Public()))
	if err != nil || !reflect.DeepEqual(*got, d) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := policy.Open(message, cose.OneKey(signer(t, 2).Public())); err == nil {
		t.Error("another key's policy was taken")
	}
	for i := range message {
		message[i] ^= 1
		if _, err := policy.Open(message, cose.OneKey(platform.Public())); err == nil {
			t.Errorf("byte %d was changed and the policy taken", i)
		}
		message[i] ^= 1
	}
	ack, err := platform.Seal(message, cose.ForAck)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := policy.Open(ack, cose.OneKey(platform.Public())); err == nil {
		t.Error("a message of another purpose was taken")
	}
}

func TestAPolicyThatNamesNobodyIsNone(t *testing.T) {
	platform, d := signer(t, 1), document()
	for name, spoil := range map[string]func(){"epoch": func() {}, "till": func() { d.Epoch, d.Till = pos.Epoch{1}, "" }} {
		spoil()
		message, err := policy.Seal(&d, platform)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := policy.Open(message, cose.OneKey(platform.Public())); err == nil {
			t.Errorf("no %s: taken", name)
		}
	}
}

func FuzzOpen(f *testing.F) {
	platform, d := signer(f, 1), document()
	d.Epoch = pos.Epoch{1}
	message, err := policy.Seal(&d, platform)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(message)
	f.Add([]byte{0x84})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := policy.Open(b, cose.OneKey(platform.Public()))
		if (err == nil) != (got != nil) && err == nil {
			t.Error("neither a policy nor an error")
		}
	})
}
