package journal_test

import (
	"crypto/ed25519"
	"errors"
	"path/filepath"
	"testing"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
)

func otherSigner(t *testing.T, seed byte) *cose.Signer {
	t.Helper()
	s, err := cose.NewSigner(ed25519.NewKeyFromSeed(append(make([]byte, ed25519.SeedSize-1), seed)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A new key is trusted because the one before has named it; the one before is trusted no more from then on.
func TestVerifyFollowsTheKey(t *testing.T) {
	dir := t.TempDir()
	first, second := signer(t), otherSigner(t, 2)
	j := openPlain(t, dir)
	_, bodies := cashSale("order-1", 100)
	if _, err := j.Append(bodies...); err != nil {
		t.Fatal(err)
	}
	installed := 0
	next := journal.NextKey{Signer: second, Install: func() error { installed++; return nil }}
	if err := j.ChangeKey(next, "yearly"); err != nil || installed != 1 {
		t.Fatal(err, installed)
	}
	_, bodies = cashSale("order-2", 100)
	if _, err := j.Append(bodies...); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	verify := func(keys cose.Keys) journal.Report {
		report, err := journal.Verify(filepath.Join(dir, "journal"), till, keys)
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	if report := verify(cose.OneKey(first.Public())); !report.OK {
		t.Errorf("from the first key on: %+v", report.Problems)
	}
	if report := verify(cose.OneKey(second.Public())); report.OK {
		t.Error("without the first key nothing vouches for the beginning")
	}
	j = openPlain(t, dir) // signs with the key that was given up
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if report := verify(cose.OneKey(first.Public())); report.OK || report.Problems[0].Kind != journal.Unsigned || report.Problems[0].Seq != 9 {
		t.Errorf("%+v", report.Problems)
	}
}

func TestAKeyChangeThatWasCutIsFinished(t *testing.T) {
	dir := t.TempDir()
	second := otherSigner(t, 2)
	j := openPlain(t, dir)
	crash := errors.New("the power is gone")
	if err := j.ChangeKey(journal.NextKey{Signer: second, Install: func() error { return crash }}, ""); !errors.Is(err, crash) || j.Stopped() == nil {
		t.Fatal(err)
	}
	_ = j.Close() // it has stopped
	o := options(t, dir)
	installed := false
	o.Next = &journal.NextKey{Signer: second, Install: func() error { installed = true; return nil }}
	j, err := journal.Open(o)
	if err != nil || !installed {
		t.Fatal(err, installed)
	}
	closeAndVerify(t, j, dir)
	installed = false
	o.Signer = second
	if j, err = journal.Open(o); err != nil || installed {
		t.Fatal(err, installed)
	}
	closeAndVerify(t, j, dir)
}
