package platform

import (
	"errors"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/wire"
)

// TestANewKeyCountsBecauseTheFormerOneHasSignedIt, also after a restart, and no other one.
func TestANewKeyCountsBecauseTheFormerOneHasSignedIt(t *testing.T) {
	j := outboxtest.New("till-1")
	b := newBench(t, j)
	sale(j, 1)
	b.send(j, 1, 3)
	next, stranger := otherSigner(t), otherSigner(t)
	j.Commit(&record.KeyChange{Public: record.Hex(next.Public()), Reason: "the old one was copied"})
	former := j.Signer
	j.Signer = next
	sale(j, 2)
	if _, err := b.tills.Verify("till-1", encode(t, cut(t, j, j.Head().Epoch, 5, 7))); !errors.Is(err, ErrForged) {
		t.Errorf("a key that nothing has named yet: %v", err)
	}
	if _, err := b.tills.Verify("till-1", encode(t, cut(t, j, j.Head().Epoch, 4, 7))); !errors.Is(err, ErrForged) {
		t.Errorf("a key that vouches for itself: %v", err)
	}
	expect(t, "the change", b.send(j, 4, 4), wire.AckOK, 4)
	expect(t, "what the new key has signed", b.send(j, 5, 7), wire.AckOK, 7)
	b.restart()
	var err error
	if b.tills, err = NewTills(map[pos.TillID]cose.PublicKey{"till-1": former.Public()}); err != nil {
		t.Fatal(err)
	}
	if err := b.custody.Recall(t.Context(), b.tills); err != nil {
		t.Fatal(err)
	}
	sale(j, 3)
	expect(t, "after a restart", b.send(j, 8, 10), wire.AckOK, 10)
	expect(t, "the former key's records once more", b.send(j, 1, 3), wire.AckOK, 10)
	if _, err := b.tills.VerifyCall("till-1", letterOf(t, wire.Call{Op: wire.OpResults, Till: "till-1"}, next).message); err != nil {
		t.Errorf("a call by the new key: %v", err)
	}
	j.Signer = stranger
	sale(j, 4)
	if _, err := b.tills.Verify("till-1", encode(t, cut(t, j, j.Head().Epoch, 11, 13))); !errors.Is(err, ErrForged) {
		t.Errorf("a stranger's key: %v", err)
	}
}

// TestKindsOfNoPaymentChangeNothingAndAreNotHeld: they are for reports and proofs.
func TestKindsOfNoPaymentChangeNothingAndAreNotHeld(t *testing.T) {
	j := outboxtest.New("till-1")
	b := newBench(t, j)
	sale(j, 1)
	j.Commit(&record.PlatformResult{N: 7, Note: "of no payment of ours"}, &record.ClockJump{}, &record.Hole{}, &record.Carry{},
		&record.ShiftOpened{}, &record.ShiftClosed{}, &record.Settlement{}, &record.KeyChange{Public: record.Hex("no key")})
	expect(t, "all kinds", b.send(j, 1, len(j.Records())), wire.AckOK, pos.Seq(len(j.Records())))
	j.Commit(&strange{Text: "x"})
	last := pos.Seq(len(j.Records()))
	expect(t, "an unknown kind", b.send(j, int(last), int(last)), wire.AckHeld, last, last)
	b.shows(j)
}
