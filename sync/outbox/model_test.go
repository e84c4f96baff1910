package outbox_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// model is a platform in memory: it keeps one mark an epoch and the losing branches, and signs for what it has.
type model struct {
	t      testing.TB
	signer *cose.Signer
	codec  *wire.Codec
	record *record.Codec

	mu     sync.Mutex
	chains map[pos.Epoch][]record.Head // [0] is the beginning
	losing map[record.Head]bool
	raw    map[record.Head][]byte
	seen   []string // what was answered, as "state mark"
	held   map[pos.Seq]bool
	source *outboxtest.Journal // whose epochs must come one after the other; nil to let them come as they do
}

func newModel(t testing.TB) *model {
	seed := sha256.Sum256([]byte("platform"))
	signer, err := cose.NewSigner(ed25519.NewKeyFromSeed(seed[:]))
	if err != nil {
		t.Fatal(err)
	}
	m := &model{t: t, signer: signer, chains: map[pos.Epoch][]record.Head{}, losing: map[record.Head]bool{}, raw: map[record.Head][]byte{}, held: map[pos.Seq]bool{}}
	if m.codec, err = wire.NewCodec(); err != nil {
		t.Fatal(err)
	}
	if m.record, err = record.NewCodec(); err != nil {
		t.Fatal(err)
	}
	return m
}

// answer takes a batch and returns the signed acknowledgement.
func (m *model) answer(message []byte) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	batch, err := m.codec.DecodeBatch(message)
	if err != nil {
		m.t.Errorf("the till sent no batch: %v", err)
		return nil
	}
	ack := m.take(batch)
	m.seen = append(m.seen, fmt.Sprintf("%s %d", ack.State, ack.Mark.Seq))
	sealed, err := m.codec.SealAck(&ack, m.signer)
	if err != nil {
		m.t.Error(err)
	}
	return sealed
}

func (m *model) take(b *wire.Batch) wire.Ack {
	chain := m.chains[b.Prev.Epoch]
	if chain == nil {
		m.inTurn(b)
		chain = []record.Head{record.Genesis(b.Till, b.Prev.Epoch)}
	}
	heads := m.heads(b)
	mark := chain[len(chain)-1]
	ack := wire.Ack{Till: b.Till, Mark: mark, State: wire.AckOK}
	if (b.Prev.Seq > mark.Seq || chain[b.Prev.Seq] != b.Prev) && !m.losing[b.Prev] {
		ack.State = wire.AckGap
		return ack
	}
	for _, h := range heads {
		switch {
		case ack.State != wire.AckFork && h.Seq <= mark.Seq && chain[h.Seq] == h:
		case ack.State != wire.AckFork && h.Seq == chain[len(chain)-1].Seq+1 && m.follows(chain, h, b, heads):
			chain = append(chain, h)
		default:
			ack.State = wire.AckFork
			m.losing[h] = true
		}
		if m.held[h.Seq] && ack.State == wire.AckOK {
			ack.State, ack.Held = wire.AckHeld, []pos.Seq{h.Seq}
		}
	}
	m.chains[b.Prev.Epoch] = chain
	last := heads[len(heads)-1]
	ack.Mark, ack.Last = chain[len(chain)-1], &last
	return ack
}

// inTurn fails when an epoch comes before an earlier one is complete: the platform would fold payments in another order than the
// till.
func (m *model) inTurn(b *wire.Batch) {
	if m.source == nil {
		return
	}
	for _, r := range m.source.Records() {
		if r.Epoch == b.Prev.Epoch {
			return
		}
		if int(r.Seq) >= len(m.chains[r.Epoch]) {
			m.t.Errorf("epoch %s came before record %d of epoch %s", b.Prev.Epoch, r.Seq, r.Epoch)
			return
		}
	}
}

// follows says whether h's predecessor in the batch is the end of the chain.
func (m *model) follows(chain []record.Head, h record.Head, b *wire.Batch, heads []record.Head) bool {
	before := b.Prev
	if i := int(h.Seq - b.First()); i > 0 {
		before = heads[i-1]
	}
	return before == chain[len(chain)-1]
}

func (m *model) heads(b *wire.Batch) (heads []record.Head) {
	head, rest := b.Prev, b.Records
	for len(rest) > 0 {
		r, after, err := m.record.Decode(rest)
		if err != nil || !r.Follows(head) {
			m.t.Errorf("the till sent a broken chain behind %d: %v", head.Seq, err)
			return heads
		}
		head, rest = r.Head(), after
		m.raw[head] = r.Raw
		heads = append(heads, head)
	}
	if len(heads) != b.Count {
		m.t.Errorf("the till sent %d records and said %d", len(heads), b.Count)
	}
	return heads
}

// holds says whether everything of the journal is in custody, in one branch or the other.
func (m *model) holds(j *outboxtest.Journal) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range j.Records() {
		h := r.Head()
		chain := m.chains[h.Epoch]
		if !m.losing[h] && (int(h.Seq) >= len(chain) || chain[h.Seq] != h) {
			return false
		}
	}
	return true
}

// answers are what the platform said so far.
func (m *model) answers() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.seen...)
}

var errBroken = errors.New("the wire is broken")

// network is a courier to the model and back, with faults: it loses, repeats and delays, which reorders.
type network struct {
	model  *model
	outbox *outbox.Outbox
	rng    *rand.Rand // nil for a good network
	lose   float64
	repeat float64
	delay  time.Duration // the most; every message takes 1 ms at least

	mu       sync.Mutex
	down     bool // loses everything
	loseNext int  // so many messages
	broken   bool // Publish fails
	sent     int
	bytes    int
	carried  int
	workers  sync.WaitGroup
}

// Publish implements [outbox.Courier].
func (n *network) Publish(_ context.Context, _ string, message []byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.broken {
		return errBroken
	}
	n.sent++
	n.bytes += len(message)
	n.carry(func() {
		if ack := n.model.answer(message); ack != nil {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.carry(func() { n.outbox.Receive(ack) })
		}
	})
	return nil
}

// carry delivers once, twice or not at all. The caller holds mu.
func (n *network) carry(deliver func()) {
	copies := 1
	if n.chance(n.repeat) {
		copies = 2
	}
	for range copies {
		if n.loseNext > 0 || n.down || n.chance(n.lose) {
			n.loseNext = max(0, n.loseNext-1)
			continue
		}
		n.carried++
		wait := time.Millisecond + time.Duration(n.carried)*time.Microsecond // a good network keeps the order
		if n.rng != nil && n.delay > 0 {
			wait += time.Duration(n.rng.Int64N(int64(n.delay)))
		}
		n.workers.Go(func() {
			time.Sleep(wait)
			deliver()
		})
	}
}

func (n *network) chance(p float64) bool { return n.rng != nil && n.rng.Float64() < p }

func (n *network) set(change func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change()
}

// volume is the number of bytes that were sent.
func (n *network) volume() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.bytes
}

func (n *network) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.sent
}
