package platform

import (
	"errors"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/wire"
)

// threeSales is a journal of nine records.
func threeSales(till pos.TillID) *outboxtest.Journal {
	j := outboxtest.New(till)
	for n := 1; n <= 3; n++ {
		sale(j, n)
	}
	return j
}

// newAddress makes the address of a new database.
type newAddress func(testing.TB) string

// TestCustody runs on both databases.
func TestCustody(t *testing.T) {
	cases := map[string]func(*testing.T, newAddress){
		"InOrder":                              inOrder,
		"RedeliveryChangesNothing":             redeliveryChangesNothing,
		"GapAsksForTheMark":                    gapAsksForTheMark,
		"SeveralTillsInOneTransaction":         severalTillsInOneTransaction,
		"TwoEpochs":                            twoEpochs,
		"PoisonIsHeldAndStopsNobody":           poisonIsHeldAndStopsNobody,
		"AnotherTillsPaymentIsHeld":            anotherTillsPaymentIsHeld,
		"Fork":                                 fork,
		"ForkAtTheMark":                        forkAtTheMark,
		"LosingBranchLeavesKnownPaymentsAlone": losingBranchLeavesKnownPaymentsAlone,
	}
	run := func(at newAddress) func(t *testing.T) {
		return func(t *testing.T) {
			for name, f := range cases {
				t.Run(name, func(t *testing.T) { f(t, at) })
			}
		}
	}
	t.Run("sqlite", run(databasetest.SQLite))
	t.Run("postgres", func(t *testing.T) {
		server := databasetest.Start(t)
		run(func(testing.TB) string { return server.New() })(t)
	})
}

func inOrder(t *testing.T, at newAddress) {
	j := threeSales("till-1")
	b := newBenchAt(t, at(t), j)
	expect(t, "first", b.send(j, 1, 4), wire.AckOK, 4)
	expect(t, "second", b.send(j, 5, 9), wire.AckOK, 9)
	if ack := b.send(j, 5, 9); ack.Mark != j.Head() {
		t.Errorf("mark %v, head %v", ack.Mark, j.Head())
	}
	b.shows(j)
}

func redeliveryChangesNothing(t *testing.T, at newAddress) {
	j := threeSales("till-1")
	b := newBenchAt(t, at(t), j)
	for _, s := range []struct{ first, last, mark int }{{1, 4, 4}, {1, 4, 4}, {2, 3, 4}, {3, 6, 6}, {1, 9, 9}, {5, 5, 9}} {
		expect(t, "delivery", b.send(j, s.first, s.last), wire.AckOK, pos.Seq(s.mark))
	}
	b.restart()
	expect(t, "after a restart", b.send(j, 1, 9), wire.AckOK, 9)
	b.shows(j)
}

func gapAsksForTheMark(t *testing.T, at newAddress) {
	j := threeSales("till-1")
	b := newBenchAt(t, at(t), j)
	ack := b.send(j, 5, 9)
	expect(t, "before the first", ack, wire.AckGap, 0)
	if ack.Mark != record.Genesis(j.Till, j.Head().Epoch) {
		t.Errorf("the mark of an unknown epoch is %v", ack.Mark)
	}
	expect(t, "first", b.send(j, 1, 3), wire.AckOK, 3)
	expect(t, "hole", b.send(j, 7, 9), wire.AckGap, 3)
	expect(t, "filled", b.send(j, 4, 9), wire.AckOK, 9)
	b.shows(j)
}

func severalTillsInOneTransaction(t *testing.T, at newAddress) {
	one, two := threeSales("till-1"), outboxtest.New("till-2")
	sale(two, 11)
	b := newBenchAt(t, at(t), one, two)
	var deliveries []*Delivery
	for _, batch := range []*wire.Batch{cut(t, one, one.Head().Epoch, 1, 2), cut(t, two, two.Head().Epoch, 1, 3),
		cut(t, one, one.Head().Epoch, 3, 9), cut(t, one, one.Head().Epoch, 2, 4)} {
		d, err := b.tills.Verify(batch.Till, encode(t, batch))
		if err != nil {
			t.Fatal(err)
		}
		deliveries = append(deliveries, d)
	}
	acks, err := b.custody.Take(t.Context(), deliveries...)
	if err != nil {
		t.Fatal(err)
	}
	for i, mark := range []pos.Seq{2, 3, 9, 9} {
		expect(t, "together", acks[i], wire.AckOK, mark)
	}
	b.shows(one, two)
}

func twoEpochs(t *testing.T, at newAddress) {
	j := threeSales("till-1")
	old := j.Head().Epoch
	j.NewEpoch()
	sale(j, 4)
	j.Commit(&record.Resolution{Payment: paymentID(9), Status: pos.Declined, Evidence: record.ByCashier, Text: "x"})
	b := newBenchAt(t, at(t), j)
	expect(t, "old", b.bring(cut(t, j, old, 1, 9)), wire.AckOK, 9)
	expect(t, "new", b.send(j, 1, 4), wire.AckHeld, 4, 4)
	b.shows(j)
}

func poisonIsHeldAndStopsNobody(t *testing.T, at newAddress) {
	j := outboxtest.New("till-1")
	j.Commit(intent(1))
	j.Commit(&strange{Text: "from the future"})
	j.Commit(confirmed(1))            // without a result
	j.Commit(result(7, pos.Approved)) // of an unknown payment
	j.Commit(result(1, pos.Approved), confirmed(1))
	j.Commit(intent(1)) // a second time
	b := newBenchAt(t, at(t), j)
	expect(t, "held", b.send(j, 1, 7), wire.AckHeld, 7, 2, 3, 4, 7)
	expect(t, "held again", b.send(j, 1, 4), wire.AckHeld, 7, 2, 3, 4)
	expect(t, "the rest", b.send(j, 5, 6), wire.AckOK, 7)
	b.shows(j)
	reasons := map[pos.Seq]string{2: "cannot be interpreted", 3: "confirmed without a result", 4: "without an intent", 7: "a second intent"}
	for r, err := range openLedger(t, b.path).Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if want := reasons[r.Head.Seq]; (want == "") != (r.Held == "") || !strings.Contains(r.Held, want) {
			t.Errorf("record %d is held because of %q, want %q", r.Head.Seq, r.Held, want)
		}
	}
}

func openLedger(t testing.TB, path string) *Ledger {
	t.Helper()
	l, err := OpenLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func anotherTillsPaymentIsHeld(t *testing.T, at newAddress) {
	one, two := outboxtest.New("till-1"), outboxtest.New("till-2")
	one.Commit(intent(1))
	two.Commit(result(1, pos.Approved))
	b := newBenchAt(t, at(t), one, two)
	expect(t, "owner", b.send(one, 1, 1), wire.AckOK, 1)
	expect(t, "other", b.send(two, 1, 1), wire.AckHeld, 1, 1)
	for p, err := range openLedger(t, b.path).Payments(t.Context()) {
		if err != nil || p.Status != pos.Pending || p.Till != "till-1" {
			t.Errorf("%+v %v", p, err)
		}
	}
}

// fork lets two agents live on copies of one journal.
func fork(t *testing.T, at newAddress) {
	j := threeSales("till-1")
	clone := j.Clone()
	sale(j, 4)
	for n := 104; n <= 106; n++ {
		sale(clone, n)
	}
	clone.Commit(result(1, pos.Approved)) // of a payment that the winner knows
	b := newBenchAt(t, at(t), j)
	expect(t, "winner", b.send(j, 1, 12), wire.AckOK, 12)
	ack := b.send(clone, 8, 11)
	expect(t, "loser", ack, wire.AckFork, 12)
	if ack.Mark != j.Head() || ack.Last.Seq != 11 {
		t.Errorf("mark %v, last %v", ack.Mark, ack.Last)
	}
	expect(t, "loser again", b.send(clone, 8, 11), wire.AckFork, 12)
	expect(t, "a hole in the losing branch", b.send(clone, 16, 17), wire.AckGap, 12)
	expect(t, "behind the mark", b.send(clone, 12, 15), wire.AckFork, 12)
	expect(t, "and on", b.send(clone, 16, 19), wire.AckFork, 12)
	expect(t, "the winner goes on", b.send(j, 10, 12), wire.AckOK, 12)

	l := openLedger(t, b.path)
	var branch []pos.Seq
	for r, err := range l.Forks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		branch = append(branch, r.Head.Seq)
		if held := r.Held != ""; held != (r.Head.Seq == 19) {
			t.Errorf("record %d of the losing branch is held because of %q", r.Head.Seq, r.Held)
		}
	}
	if len(branch) != 10 || branch[0] != 10 || branch[9] != 19 {
		t.Errorf("the losing branch is %v", branch)
	}
	counted := map[pos.PaymentID]pos.Status{}
	for p, err := range l.Payments(t.Context()) {
		if err != nil || counted[p.Payment] != "" {
			t.Fatal(p, err)
		}
		counted[p.Payment] = p.Status
	}
	if len(counted) != 7 {
		t.Errorf("%d payments are counted, not 7", len(counted))
	}
	for id, status := range counted {
		if status != pos.Approved {
			t.Errorf("payment %s is %s", id, status)
		}
	}
}

// forkAtTheMark lets the loser's first own record come behind the mark. What came before it is lost, so nothing of the branch may be acknowledged: the till
// would take all of it for delivered.
func forkAtTheMark(t *testing.T, at newAddress) {
	j := threeSales("till-1")
	clone := j.Clone()
	sale(j, 4)
	sale(clone, 104)
	sale(clone, 105)
	b := newBenchAt(t, at(t), j)
	expect(t, "winner", b.send(j, 1, 12), wire.AckOK, 12)
	for _, from := range []int{11, 13} { // below the mark, and behind it
		ack := b.send(clone, from, 15)
		if expect(t, "loser without its beginning", ack, wire.AckGap, 12); ack.Last != nil {
			t.Errorf("%v is in custody, and what came before it is not", ack.Last)
		}
	}
	expect(t, "what came before it", b.send(clone, 9, 12), wire.AckFork, 12)
	expect(t, "loser", b.send(clone, 13, 15), wire.AckFork, 12)
	b.restart()
	expect(t, "all again", b.send(clone, 1, 15), wire.AckFork, 12)
	n := 0
	for _, err := range openLedger(t, b.path).Forks(t.Context()) {
		if n++; err != nil {
			t.Fatal(err)
		}
	}
	if n != 6 {
		t.Errorf("%d records of the losing branch, not 6", n)
	}
}

// TestLosingBranchLeavesKnownPaymentsAlone: what the winner says of a payment stands, whatever the loser says.
func losingBranchLeavesKnownPaymentsAlone(t *testing.T, at newAddress) {
	j := outboxtest.New("till-1")
	j.Commit(intent(1))
	clone := j.Clone()
	j.Commit(&record.Resolution{Payment: paymentID(1), Status: pos.Unknown, Evidence: record.ByRestart, Text: "x"})
	clone.Commit(result(1, pos.Approved))
	clone.Commit(confirmed(1))
	b := newBenchAt(t, at(t), j)
	expect(t, "winner", b.send(j, 1, 2), wire.AckOK, 2)
	expect(t, "loser", b.send(clone, 2, 3), wire.AckFork, 2)
	l := openLedger(t, b.path)
	for p, err := range l.Payments(t.Context()) {
		if err != nil || p.Status != pos.Unknown {
			t.Errorf("%+v %v", p, err)
		}
	}
	for r, err := range l.Forks(t.Context()) {
		if err != nil || r.Held == "" {
			t.Errorf("%+v %v", r, err)
		}
	}
}

// TestEpochWithoutItsBeginning: a till's own signature does not make up for a first record that follows nothing.
func TestEpochWithoutItsBeginning(t *testing.T) {
	j := outboxtest.New("till-1")
	b := newBench(t, j)
	r, err := j.Codec.Encode(j.Till, record.Head{Epoch: pos.Epoch{1}, Hash: record.Hash{2}}, record.Times{}, intent(1))
	if err != nil {
		t.Fatal(err)
	}
	signature, err := j.Signer.Detached(r.Raw, cose.ForRecord)
	if err != nil {
		t.Fatal(err)
	}
	batch := &wire.Batch{Till: j.Till, Prev: record.Head{Epoch: pos.Epoch{1}, Hash: record.Hash{2}}, Count: 1, Signature: signature, Records: r.Raw}
	if _, err := b.tills.Verify(j.Till, encode(t, batch)); !errors.Is(err, ErrBroken) {
		t.Error(err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	j, other := threeSales("till-1"), threeSales("till-2")
	b := newBench(t, j, other)
	good := func() *wire.Batch { return cut(t, j, j.Head().Epoch, 1, 9) }
	stranger := outboxtest.New("till-3")
	sale(stranger, 1)
	forgedKey := good()
	last := j.Records()[8]
	signature, err := otherSigner(t).Detached(last.Raw, cose.ForRecord)
	if err != nil {
		t.Fatal(err)
	}
	forgedKey.Signature = signature
	otherPurpose := good()
	if otherPurpose.Signature, err = j.Signer.Detached(last.Raw, cose.ForAck); err != nil {
		t.Fatal(err)
	}
	change := func(f func(b *wire.Batch)) *wire.Batch {
		b := good()
		b.Records = append([]byte(nil), b.Records...)
		f(b)
		return b
	}
	foreign := cut(t, other, other.Head().Epoch, 1, 9)
	foreign.Till = "till-1"
	foreign.Prev.Hash = record.Genesis("till-1", foreign.Prev.Epoch).Hash
	for name, c := range map[string]struct {
		from  pos.TillID
		batch *wire.Batch
		want  error
	}{
		"unknown till":        {"till-3", cut(t, stranger, stranger.Head().Epoch, 1, 3), ErrForged},
		"another's topic":     {"till-2", good(), ErrForged},
		"another's records":   {"till-1", foreign, ErrForged},
		"forged key":          {"till-1", forgedKey, ErrForged},
		"another purpose":     {"till-1", otherPurpose, ErrBroken},
		"another signature":   {"till-1", change(func(b *wire.Batch) { b.Signature = cut(t, j, j.Head().Epoch, 1, 8).Signature }), ErrBroken},
		"signature damaged":   {"till-1", change(func(b *wire.Batch) { b.Signature = []byte{1, 2, 3} }), ErrBroken},
		"tampered record":     {"till-1", change(func(b *wire.Batch) { b.Records[len(b.Records)/2] ^= 1 }), ErrBroken},
		"tampered last":       {"till-1", change(func(b *wire.Batch) { b.Records[len(b.Records)-1] ^= 1 }), ErrBroken},
		"record cut off":      {"till-1", change(func(b *wire.Batch) { b.Records = b.Records[:len(b.Records)-5] }), ErrBroken},
		"header: prev":        {"till-1", change(func(b *wire.Batch) { b.Prev.Hash[0] ^= 1 }), ErrBroken},
		"header: epoch":       {"till-1", change(func(b *wire.Batch) { b.Prev.Epoch[0] ^= 1 }), ErrBroken},
		"header: first":       {"till-1", change(func(b *wire.Batch) { b.Prev.Seq++ }), ErrBroken},
		"header: count small": {"till-1", change(func(b *wire.Batch) { b.Count-- }), ErrBroken},
		"header: count large": {"till-1", change(func(b *wire.Batch) { b.Count++ }), ErrBroken},
	} {
		if _, err := b.tills.Verify(c.from, encode(t, c.batch)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := b.tills.Verify("till-1", []byte("no batch")); !errors.Is(err, ErrBroken) {
		t.Error(err)
	}
	if _, err := b.tills.Verify("till-1", encode(t, good())); err != nil {
		t.Error(err)
	}
}
