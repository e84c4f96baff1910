// Package outboxtest is a journal in memory, for tests of the outbox and of what lies behind it. Its records, hashes and
// signatures are real.
package outboxtest

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox"
)

// entry is one record with the signature that its commit got, if it was the last of it.
type entry struct {
	record    record.Record
	head      record.Head
	signature []byte
}

// epoch is one life of the journal.
type epoch struct {
	genesis record.Head
	entries []entry
}

// Journal implements [outbox.Source]. It is safe for concurrent use.
type Journal struct {
	Till   pos.TillID
	Signer *cose.Signer
	Codec  *record.Codec

	mu      sync.Mutex
	epochs  []*epoch
	acked   record.Head
	changed chan struct{}
	life    int      // how many clones came before
	calls   []string // what Diverged was told
	fault   error
}

// New makes a journal with one empty epoch. The till's key is made from its name, so that tests are the same every time.
func New(till pos.TillID) *Journal {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, till)
	signer, err := cose.NewSigner(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		panic(err)
	}
	codec, err := record.NewCodec()
	if err != nil {
		panic(err)
	}
	j := &Journal{Till: till, Signer: signer, Codec: codec, changed: make(chan struct{}, 1)}
	j.begin()
	return j
}

// begin opens an epoch. Its name is the same every time, sorts behind the others, and differs between a journal and its clones.
func (j *Journal) begin() {
	var e pos.Epoch
	sum := sha256.Sum256(fmt.Append(nil, j.Till, j.life, len(j.epochs)))
	copy(e[8:], sum[:])
	binary.BigEndian.PutUint64(e[:], (1_700_000_000_000+uint64(len(j.epochs)))<<16|0x7000)
	e[8] = e[8]&0x3f | 0x80
	j.epochs = append(j.epochs, &epoch{genesis: record.Genesis(j.Till, e)})
}

// Clone is the journal as a backup would bring it back: the same till and records, but the caller's own from then on.
func (j *Journal) Clone() *Journal {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := &Journal{Till: j.Till, Signer: j.Signer, Codec: j.Codec, acked: j.acked, life: j.life + 1, changed: make(chan struct{}, 1)}
	for _, e := range j.epochs {
		c.epochs = append(c.epochs, &epoch{genesis: e.genesis, entries: append([]entry(nil), e.entries...)})
	}
	return c
}

// Commit adds records in one commit, of which the last is signed.
func (j *Journal) Commit(bodies ...record.Body) []record.Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := j.epochs[len(j.epochs)-1]
	var added []record.Record
	for _, body := range bodies {
		r, err := j.Codec.Encode(j.Till, e.end(), record.Times{Wall: 1_700_000_000_000 + int64(len(e.entries))}, body)
		if err != nil {
			panic(err)
		}
		e.entries = append(e.entries, entry{record: r, head: r.Head()})
		added = append(added, r)
	}
	last := &e.entries[len(e.entries)-1]
	signature, err := j.Signer.Detached(last.record.Raw, cose.ForRecord)
	if err != nil {
		panic(err)
	}
	last.signature = signature
	j.tell()
	return added
}

// NewEpoch ends the newest epoch and begins the next one.
func (j *Journal) NewEpoch() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.begin()
}

// Records are all records in order.
func (j *Journal) Records() []record.Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []record.Record
	for _, e := range j.epochs {
		for _, en := range e.entries {
			all = append(all, en.record)
		}
	}
	return all
}

// Divergences are the calls of Diverged so far, as "reason seq".
func (j *Journal) Divergences() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.calls...)
}

// Fail lets Next fail with err, until it is told nil.
func (j *Journal) Fail(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fault = err
}

func (j *Journal) tell() {
	select {
	case j.changed <- struct{}{}:
	default:
	}
}

func (e *epoch) end() record.Head {
	if len(e.entries) == 0 {
		return e.genesis
	}
	return e.entries[len(e.entries)-1].head
}

// Head implements [outbox.Source].
func (j *Journal) Head() record.Head {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.epochs[len(j.epochs)-1].end()
}

// Acked implements [outbox.Source].
func (j *Journal) Acked() record.Head {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.acked
}

// Backlog implements [outbox.Source].
func (j *Journal) Backlog() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	var n uint64
	for i := j.place(j.acked.Epoch); i < len(j.epochs); i++ {
		n += uint64(len(j.epochs[i].entries))
	}
	return n - uint64(j.acked.Seq)
}

// place is the position of an epoch; 0 for one that is not there.
func (j *Journal) place(e pos.Epoch) int {
	for i := range j.epochs {
		if j.epochs[i].genesis.Epoch == e {
			return i
		}
	}
	return 0
}

// Changed implements [outbox.Source].
func (j *Journal) Changed() <-chan struct{} { return j.changed }

// Next implements [outbox.Source].
func (j *Journal) Next(_ context.Context, after record.Head, maxRecords, maxBytes int) (outbox.Chunk, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fault != nil {
		return outbox.Chunk{}, j.fault
	}
	i := j.place(after.Epoch)
	from := int(after.Seq)
	if from > len(j.epochs[i].entries) {
		return outbox.Chunk{}, errors.New("no such record")
	}
	for from == len(j.epochs[i].entries) {
		if i, from = i+1, 0; i == len(j.epochs) {
			return outbox.Chunk{}, nil
		}
	}
	return j.epochs[i].chunk(from, maxRecords, maxBytes), nil
}

// chunk takes whole commits from a position on.
func (e *epoch) chunk(from, maxRecords, maxBytes int) outbox.Chunk {
	c := outbox.Chunk{Prev: e.genesis}
	if from > 0 {
		c.Prev = e.entries[from-1].head
	}
	c.Last = c.Prev
	var raw []byte
	for i := from; i < len(e.entries); i++ {
		raw = append(raw, e.entries[i].record.Raw...)
		if c.Signature != nil && (i-from >= maxRecords || len(raw) > maxBytes) {
			return c
		}
		if e.entries[i].signature != nil {
			c.Last, c.Signature, c.Records = e.entries[i].head, e.entries[i].signature, raw
		}
	}
	return c
}

// Locate implements [outbox.Source].
func (j *Journal) Locate(h record.Head) (outbox.Place, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := j.epochs[j.place(h.Epoch)]
	own := e.genesis
	switch {
	case e.genesis.Epoch != h.Epoch:
		return outbox.Elsewhere, nil
	case h.Seq > e.end().Seq:
		return outbox.Beyond, nil
	case h.Seq > 0:
		own = e.entries[h.Seq-1].head
	}
	if own != h {
		return outbox.Differs, nil
	}
	return outbox.Same, nil
}

// Acknowledge implements [outbox.Source]. It refuses what moves back or is not a record of ours.
func (j *Journal) Acknowledge(h record.Head, proof []byte) error {
	if place, err := j.Locate(h); err != nil || place != outbox.Same || len(proof) == 0 {
		return fmt.Errorf("acknowledged %d: not ours", h.Seq)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.place(h.Epoch) < j.place(j.acked.Epoch) || h.Epoch == j.acked.Epoch && h.Seq <= j.acked.Seq {
		return fmt.Errorf("acknowledged %d: behind %d", h.Seq, j.acked.Seq)
	}
	j.acked = h
	return nil
}

// Diverged implements [outbox.Source]: it opens a new epoch that names both heads.
func (j *Journal) Diverged(platform record.Head, reason record.BootReason) error {
	own := j.Head()
	j.mu.Lock()
	j.calls = append(j.calls, fmt.Sprintf("%s %d", reason, platform.Seq))
	j.begin()
	j.mu.Unlock()
	j.Commit(&record.Boot{Version: "test", Reason: reason, Own: &own, Platform: &platform})
	return nil
}
