package wire

import (
	"bytes"
	"errors"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
)

func aSwipe() *Swipe {
	return &Swipe{Format: "idtech", Opaque: bytes.Repeat([]byte{0xc5}, 124), Reader: "SIM0000001", KSN: []byte("0123456789"), BIN: "411111", Last4: "1111"}
}

func sealKey(t *testing.T) *cose.Opener {
	t.Helper()
	key, err := cose.LoadOrCreateSeal(filepath.Join(t.TempDir(), "seal.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestASealedSwipeOpensForItsTillAndPaymentOnly(t *testing.T) {
	c, key := newCodec(t), sealKey(t)
	sealed, err := c.SealSwipe(aSwipe(), key.Public(), "till-1", aPayment())
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, aSwipe().Opaque) || bytes.Contains(sealed, []byte("411111")) {
		t.Error("the seal shows what is in it")
	}
	got, err := c.OpenSwipe(sealed, key, "till-1", aPayment())
	if err != nil || !reflect.DeepEqual(got, aSwipe()) {
		t.Fatalf("%+v, %v", got, err)
	}
	kept := got.Opaque
	if got.Wipe(); got.Opaque != nil || bytes.Contains(kept, []byte{0xc5}) {
		t.Error("it was not wiped")
	}
	for name, open := range map[string]func() (*Swipe, error){
		"another till":    func() (*Swipe, error) { return c.OpenSwipe(sealed, key, "till-2", aPayment()) },
		"another payment": func() (*Swipe, error) { return c.OpenSwipe(sealed, key, "till-1", pos.PaymentID{7}) },
		"another key":     func() (*Swipe, error) { return c.OpenSwipe(sealed, sealKey(t), "till-1", aPayment()) },
		"too long":        func() (*Swipe, error) { return c.OpenSwipe(make([]byte, MaxSealedSwipe+1), key, "till-1", aPayment()) },
		"no swipe": func() (*Swipe, error) {
			other, err := cose.SealTo(key.Public(), SwipeBinding("till-1", aPayment()), []byte{0xa0})
			if err != nil {
				t.Fatal(err)
			}
			return c.OpenSwipe(other, key, "till-1", aPayment())
		},
	} {
		if s, err := open(); !errors.Is(err, cose.ErrSeal) || s != nil {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

func TestWhatIsNoSwipeIsNotSealed(t *testing.T) {
	c, key := newCodec(t), sealKey(t)
	for name, change := range map[string]func(*Swipe){
		"nothing encrypted": func(s *Swipe) { s.Opaque = nil },
		"too much":          func(s *Swipe) { s.Opaque = make([]byte, maxOpaque+1) },
		"no key number":     func(s *Swipe) { s.KSN = nil },
	} {
		s := aSwipe()
		change(s)
		if _, err := c.SealSwipe(s, key.Public(), "till-1", aPayment()); err == nil {
			t.Errorf("%s: sealed", name)
		}
	}
	largest := aSwipe()
	largest.Opaque = make([]byte, maxOpaque)
	if sealed, err := c.SealSwipe(largest, key.Public(), "till-1", aPayment()); err != nil || len(sealed) > MaxSealedSwipe {
		t.Errorf("%d bytes, %v", len(sealed), err)
	}
}

func TestTheKeyToSealToIsTheNewestThatCounts(t *testing.T) {
	key := func(n byte, use KeyUse, from, until int64) PlatformKey {
		return PlatformKey{Public: bytes.Repeat([]byte{n}, 32), Use: use, From: from, Until: until}
	}
	l := &KeyList{Keys: []PlatformKey{key(1, UseAll, 1, 0), key(2, UseSeal, 10, 50), key(3, UseSeal, 20, 0), key(4, UseSeal, 30, 0), key(5, UseSeal, 900, 0)}}
	l.Revoked = []cose.KeyID{l.Keys[3].ID()}
	for now, want := range map[int64]byte{5: 0, 15: 2, 25: 3, 40: 3, 60: 3, 900: 5} {
		got := l.SealKey(now)
		if want == 0 && got != nil || want > 0 && (got == nil || got.Public[0] != want) {
			t.Errorf("at %d: %+v, want key %d", now, got, want)
		}
	}
	if (&PlatformKey{Use: UseSeal}).For(UseReply) || (&PlatformKey{Use: UseAll}).For(UseSeal) {
		t.Error("a key to seal to signs, or the other way round")
	}
}
