package trust

import (
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/pki"
)

// key is the n-th key of a test.
func key(n byte) cose.PublicKey {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
}

// counts says whether a key counts for a till.
func counts(b *Book, till pos.TillID, n byte) bool {
	keys, known := b.Keys(till)
	_, has := keys(cose.IDOf(key(n)))
	return known && has
}

func TestKeysThatCount(t *testing.T) {
	b := New(map[pos.TillID]cose.PublicKey{"till-1": key(1), "till-2": nil})
	if !counts(b, "till-1", 1) || counts(b, "till-2", 1) || counts(b, "till-3", 1) || !b.Knows("till-2") || b.Knows("till-3") || b.Len() != 2 {
		t.Error("not the keys that the book was made with")
	}
	b.Learn("till-1", key(2), cose.IDOf(key(1)))
	b.Learn("till-1", []byte("no key"), cose.IDOf(key(1)))
	b.Learn("till-3", key(3), cose.KeyID{})
	if !counts(b, "till-1", 1) || !counts(b, "till-1", 2) || b.Knows("till-3") {
		t.Error("a key that was learnt counts beside the former one, and makes no till known")
	}
	if fresh := b.Know(News{Keys: map[pos.TillID][]cose.PublicKey{"till-3": {key(3), key(4)}}}); len(fresh) != 0 {
		t.Errorf("%v", fresh)
	}
	if !counts(b, "till-1", 2) || !counts(b, "till-3", 4) || b.Len() != 3 {
		t.Error("news take keys away, or bring none")
	}
}

func TestAMissIsTakenOnce(t *testing.T) {
	b := New(nil)
	b.Miss()
	b.Miss() // nobody has looked yet
	<-b.Missed()
	select {
	case <-b.Missed():
		t.Error("two looks for one")
	default:
	}
}

func TestUpToWhichRecordARevokedKeyCounts(t *testing.T) {
	older, last, later := pos.NewEpoch(time.Unix(1, 0)), pos.NewEpoch(time.Unix(2, 0)), pos.NewEpoch(time.Unix(3, 0))
	for name, c := range map[string]struct {
		held  map[pos.Epoch]bool
		epoch pos.Epoch
		first pos.Seq
		want  int // of five
	}{
		"before the end":                      {nil, last, 1, 5},
		"across it":                           {nil, last, 6, 3},
		"the last one":                        {nil, last, 8, 1},
		"behind it":                           {nil, last, 9, 0},
		"an older epoch, while none is held":  {nil, older, 100, 5},
		"an older one beside the last":        {map[pos.Epoch]bool{last: true, older: true}, older, 100, 5},
		"an older one that is made up":        {map[pos.Epoch]bool{last: true}, older, 1, 0},
		"a later one":                         {nil, later, 1, 0},
		"the last one, which the ledger has":  {map[pos.Epoch]bool{last: true}, last, 7, 2},
		"a later one that the ledger has too": {map[pos.Epoch]bool{last: true, later: true}, later, 1, 0},
	} {
		b := New(map[pos.TillID]cose.PublicKey{"till-1": key(1)})
		kid := cose.IDOf(key(1))
		if n, err := b.Counted("till-1", kid, c.epoch, c.first, 5); n != 5 || err != nil {
			t.Errorf("%s, not revoked: %d, %v", name, n, err)
		}
		r := pki.Revocation{Kid: kid, Till: "till-1", Last: pki.Last{Epoch: last, Seq: 8}}
		if fresh := b.Know(News{Revoked: []pki.Revocation{r}, Held: map[pos.TillID]map[pos.Epoch]bool{"till-1": c.held}}); len(fresh) != 1 {
			t.Errorf("%s: %v", name, fresh)
		}
		n, err := b.Counted("till-1", kid, c.epoch, c.first, 5)
		if n != c.want || errors.Is(err, ErrRevoked) != (c.want == 0) {
			t.Errorf("%s: %d, %v", name, n, err)
		}
		if told := b.Distrusted(); len(told) == 1 != (c.want == 0) {
			t.Errorf("%s: told of %v", name, told)
		}
		if err := b.Answers("till-1", kid); !errors.Is(err, ErrRevoked) {
			t.Errorf("%s: a call: %v", name, err)
		}
	}
}

func TestPeopleAreToldOnceOfAKeyThatGoesOn(t *testing.T) {
	b, kid := New(map[pos.TillID]cose.PublicKey{"till-1": key(1)}), cose.IDOf(key(1))
	b.Know(News{Revoked: []pki.Revocation{{Kid: kid, Till: "till-1"}}})
	forge := func() { _, _ = b.Counted("till-1", kid, pos.NewEpoch(time.Unix(1, 0)), 1, 1) }
	forge()
	if told := b.Distrusted(); len(told) != 1 || told[0].Kid != kid {
		t.Errorf("%v", told)
	}
	forge()
	if told := b.Distrusted(); len(told) != 0 {
		t.Errorf("%v, again", told)
	}
	b.Untold(kid)
	if told := b.Distrusted(); len(told) != 1 {
		t.Errorf("%v: nobody could be told before", told)
	}
}

func TestHeirsOfARevokedKey(t *testing.T) {
	for _, heirs := range []bool{true, false} {
		b, kid := New(map[pos.TillID]cose.PublicKey{"till-1": key(1)}), cose.IDOf(key(1))
		last := pki.Last{Epoch: pos.NewEpoch(time.Unix(1, 0)), Seq: 8}
		b.Know(News{Revoked: []pki.Revocation{{Kid: kid, Till: "till-1", Last: last, Heirs: heirs}}})
		b.Learn("till-1", key(2), kid)
		b.Learn("till-1", key(3), cose.IDOf(key(2))) // and the heir's
		n, _ := b.Counted("till-1", cose.IDOf(key(3)), last.Epoch, 7, 5)
		list := b.Inherited()
		if heirs && (n != 2 || len(list) != 2 || list[1].Kid != cose.IDOf(key(3)) || list[1].Last != last) || !heirs && (n != 5 || len(list) != 0) {
			t.Errorf("heirs %v: %d count, %v", heirs, n, list)
		}
		if b.Again(list); len(b.Inherited()) != len(list) || len(b.Inherited()) != 0 {
			t.Error("what could not be written down is lost, or comes twice")
		}
	}
}

func TestADisabledTillIsNotAnswered(t *testing.T) {
	b, kid := New(map[pos.TillID]cose.PublicKey{"till-1": key(1)}), cose.IDOf(key(1))
	b.Know(News{Silent: map[pos.TillID]bool{"till-1": true}})
	if err := b.Answers("till-1", kid); err == nil || errors.Is(err, ErrRevoked) {
		t.Errorf("%v", err)
	}
	if n, err := b.Counted("till-1", kid, pos.Epoch{}, 1, 3); n != 3 || err != nil {
		t.Errorf("its records: %d, %v", n, err)
	}
	b.Know(News{})
	if err := b.Answers("till-1", kid); err != nil {
		t.Error(err)
	}
}
