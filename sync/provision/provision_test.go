package provision_test

import (
	"bytes"
	"crypto/ed25519"
	"reflect"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/policy"
	"github.com/tillproof/tillproof/sync/provision"
)

func signer(t testing.TB, seed byte) *cose.Signer {
	t.Helper()
	s, err := cose.NewSigner(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func document() *provision.Document {
	return &provision.Document{Till: "till-1", Version: 3, At: 5, Shop: &provision.Shop{Name: "North", Address: "1 Main Street\nTown", Languages: []string{"zh-CN"}},
		Hotlist: &policy.Hotlist{Version: 1, IssuedAt: 4, MaxAge: 60, Cards: []policy.CardHash{{1}, {2}}}, Values: map[string]string{"vat": "19"}}
}

func TestWhatWasSignedIsRead(t *testing.T) {
	s := signer(t, 1)
	message, err := provision.Seal(document(), s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := provision.Open(message, cose.OneKey(s.Public()))
	if err != nil || !reflect.DeepEqual(got, document()) {
		t.Errorf("%+v %v", got, err)
	}
	again, err := provision.Seal(document(), s)
	if err != nil || !bytes.Equal(again, message) {
		t.Errorf("the same document has other bytes: %v", err)
	}
	if _, err := provision.Open(message, cose.OneKey(signer(t, 2).Public())); err == nil {
		t.Error("another key's signature was taken")
	}
	if _, _, err := cose.Open(message, cose.ForPolicy, cose.OneKey(s.Public())); err == nil {
		t.Error("a configuration passes for a policy")
	}
	message[len(message)/2] ^= 1
	if _, err := provision.Open(message, cose.OneKey(s.Public())); err == nil {
		t.Error("a changed message was taken")
	}
	if _, err := provision.Open(make([]byte, 70_000), cose.OneKey(s.Public())); err == nil {
		t.Error("a message over the limit was read")
	}
}

func TestTheLargestDocumentFits(t *testing.T) {
	d := document()
	d.Hotlist.Cards = make([]policy.CardHash, provision.MaxCards)
	d.Values = map[string]string{}
	for i := range provision.MaxValues {
		d.Values[strings.Repeat("n", i+1)] = strings.Repeat("v", provision.MaxText)
	}
	if _, err := provision.Seal(d, signer(t, 1)); err != nil {
		t.Error(err)
	}
}

func TestWhatMakesNoSenseIsNotSigned(t *testing.T) {
	for name, change := range map[string]func(*provision.Document){
		"no version":       func(d *provision.Document) { d.Version = 0 },
		"language":         func(d *provision.Document) { d.Shop.Languages = []string{"xx"} },
		"long name":        func(d *provision.Document) { d.Shop.Name = strings.Repeat("x", 501) },
		"no UTF-8":         func(d *provision.Document) { d.Shop.Address = "\xff" },
		"value of no name": func(d *provision.Document) { d.Values = map[string]string{"": "x"} },
		"too many cards":   func(d *provision.Document) { d.Hotlist.Cards = make([]policy.CardHash, 501) },
		"hotlist of no age": func(d *provision.Document) {
			d.Hotlist.MaxAge = 0
		},
	} {
		d := document()
		change(d)
		if _, err := provision.Seal(d, signer(t, 1)); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

func FuzzOpen(f *testing.F) {
	s := signer(f, 1)
	message, err := provision.Seal(document(), s)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(message)
	f.Add([]byte{0xd2, 0x84})
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, err := provision.Open(b, cose.OneKey(s.Public())); err == nil && d.Check() != nil {
			t.Error("what makes no sense was opened")
		}
	})
}
