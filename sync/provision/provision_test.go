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
	d.Codes = &provision.Codes{Version: 2}
	for range provision.MaxRules {
		r := provision.CodeRule{Scheme: strings.Repeat("s", 40), Name: strings.Repeat("n", 40), Form: "alphanumeric", Least: 16, Most: 8192, Enabled: true}
		for range 16 {
			r.Prefixes = append(r.Prefixes, strings.Repeat("p", 16))
		}
		d.Codes.Rules = append(d.Codes.Rules, r)
	}
	if _, err := provision.Seal(d, signer(t, 1)); err != nil {
		t.Error(err)
	}
}

func TestATableOfCodesMakesSense(t *testing.T) {
	good := provision.CodeRule{Scheme: "wechat", Name: "WeChat Pay", Form: "digits", Prefixes: []string{"10", "160"}, Least: 18, Most: 18, Enabled: true}
	for name, change := range map[string]func(*provision.Codes){
		"no version": func(c *provision.Codes) { c.Version = 0 },
		"no rules":   func(c *provision.Codes) { c.Rules = nil },
		"too many":   func(c *provision.Codes) { c.Rules = make([]provision.CodeRule, provision.MaxRules+1) },
		"scheme":     func(c *provision.Codes) { c.Rules[0].Scheme = "We Chat" },
		"name":       func(c *provision.Codes) { c.Rules[0].Name = "" },
		"form":       func(c *provision.Codes) { c.Rules[0].Form = "roman" },
		"lengths":    func(c *provision.Codes) { c.Rules[0].Most = 17 },
		"prefixes":   func(c *provision.Codes) { c.Rules[0].Prefixes = nil },
		"a prefix":   func(c *provision.Codes) { c.Rules[0].Prefixes = []string{""} },
	} {
		d := document()
		d.Codes = &provision.Codes{Version: 2, Rules: []provision.CodeRule{good}}
		if _, err := provision.Seal(d, signer(t, 1)); err != nil {
			t.Fatal(err)
		}
		change(d.Codes)
		if _, err := provision.Seal(d, signer(t, 1)); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
	d := document()
	d.Codes = &provision.Codes{Version: 2, Rules: []provision.CodeRule{{Scheme: "mot_transit", Name: "a transit card", Form: "mot_layout", Enabled: true}}}
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
