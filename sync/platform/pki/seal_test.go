package pki_test

import (
	"bytes"
	"runtime"
	"testing"
	"time"

	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/platform/pki"
	"github.com/tillproof/tillproof/sync/wire"
)

// A platform that is its own root names the key to seal to, also in a list that an earlier version has made; it does so once, and says no more about one that
// was revoked.
func TestTillsLearnWhatToSealTo(t *testing.T) {
	signer, address := newSigner(t), databasetest.SQLite(t)
	db, err := database.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	list := func(seal []byte) *wire.KeyList {
		t.Helper()
		p, err := pki.Open(t.Context(), db, pki.Options{Dir: t.TempDir(), Signer: signer, Seal: seal})
		if err != nil {
			t.Fatal(err)
		}
		_, l, err := p.KeyList(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	now := time.Now().Add(time.Hour).UnixMilli()
	if l := list(nil); l.Version != 1 || l.SealKey(now) != nil {
		t.Errorf("%+v", l)
	}
	first, second := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	for range 2 {
		if l := list(first); l.Version != 2 || len(l.Keys) != 2 || !bytes.Equal(l.SealKey(now).Public, first) || l.Find(signer.ID()).Use != wire.UseAll {
			t.Errorf("%+v", l)
		}
	}
	for began := time.Now().UnixMilli(); time.Now().UnixMilli() == began; { // the next one begins later
		runtime.Gosched()
	}
	if l := list(second); l.Version != 3 || !bytes.Equal(l.SealKey(now).Public, second) {
		t.Errorf("%+v", l)
	}
}

func TestADraftNamesTheKeyToSealToAndNeverEndsIt(t *testing.T) {
	d, now := pki.Draft(nil), time.Now()
	d.Version = 1
	d.AdmitSeal(nil, now)
	d.AdmitSeal(bytes.Repeat([]byte{1}, 32), now)
	d.AdmitSeal(bytes.Repeat([]byte{1}, 32), now)
	d.Admit(newSigner(t).Public(), now, time.Hour)
	d.Admit(newSigner(t).Public(), now, time.Hour)
	if len(d.Keys) != 3 || d.Keys[0].Use != wire.UseSeal || d.Keys[0].Until != "" || d.Keys[1].Until == "" {
		t.Errorf("%+v", d.Keys)
	}
	l, err := d.List(now)
	if err != nil || l.SealKey(now.UnixMilli()) == nil {
		t.Errorf("%+v, %v", l, err)
	}
}
