package platform

import (
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/platform/trust"
	"github.com/tillproof/tillproof/sync/wire"
)

// ErrForged says that a batch is not from the till that it claims. It is not acknowledged, and its records are stored nowhere.
var ErrForged = errors.New("forged")

// ErrBroken says that a batch is not whole: it was damaged or tampered with on the way. It is not acknowledged; the till sends it
// again.
var ErrBroken = errors.New("broken")

// Tills knows the tills and their keys. It is safe for concurrent use.
type Tills struct {
	records *record.Codec
	wire    *wire.Codec
	book    *trust.Book // the tills' keys
}

// NewTills makes the register of tills.
func NewTills(keys map[pos.TillID]cose.PublicKey) (*Tills, error) {
	records, err := record.NewCodec()
	if err != nil {
		return nil, err
	}
	codec, err := wire.NewCodec()
	if err != nil {
		return nil, err
	}
	return &Tills{records: records, wire: codec, book: trust.New(keys)}, nil
}

// Delivery is a verified batch: it comes from its till, is whole, and its last record's signature vouches for all of it. Whether
// it fits what the ledger holds is still open. It is for one call of [Custody.Take].
type Delivery struct {
	till    pos.TillID
	prev    record.Head
	entries []entry
}

// entry is one record of a delivery on its way into the ledger.
type entry struct {
	record    record.Record
	hash      record.Hash
	body      record.Subject // nil when the record speaks of no payment, or cannot be interpreted
	payment   pos.PaymentID  // of body
	signature []byte         // of the last record only
	held      string         // why it is set aside, "" when it is not
	nextKey   []byte         // of a record that names the till's next key
	brought   *record.Record // the record that a hole brings, whose body and payment these are; nil for all others
}

// last is the head that a delivery ends on.
func (d *Delivery) last() record.Head { return d.entries[len(d.entries)-1].head() }

func (e *entry) head() record.Head {
	return record.Head{Epoch: e.record.Epoch, Seq: e.record.Seq, Hash: e.hash}
}

// Verify reads a message of up/records that came in under a till's name: till of the topic = of the header = of every record =
// owner of the key, else it fails with [ErrForged]; the chain is computed again from the header's previous head and the last
// record's signature must hold, else it fails with [ErrBroken].
func (t *Tills) Verify(from pos.TillID, message []byte) (*Delivery, error) {
	keys, known := t.book.Keys(from)
	if !known {
		t.book.Miss()
		return nil, fmt.Errorf("%w: till %s is not enrolled", ErrForged, from)
	}
	batch, err := t.wire.DecodeBatch(message)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if batch.Till != from {
		return nil, fmt.Errorf("%w: a batch of till %s under the name of %s", ErrForged, batch.Till, from)
	}
	d := &Delivery{till: from, prev: batch.Prev, entries: make([]entry, 0, batch.Count)}
	if err := d.chain(t.records, batch); err != nil {
		return nil, err
	}
	last := &d.entries[len(d.entries)-1]
	last.signature = batch.Signature
	by, err := cose.Verify(batch.Signature, last.record.Raw, cose.ForRecord, keys)
	switch {
	case errors.Is(err, cose.ErrUnknownKey):
		t.book.Miss()
		return nil, fmt.Errorf("%w: %w", ErrForged, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if err := t.trust(d, by); err != nil {
		return nil, err
	}
	d.interpret(t.records)
	for i := range d.entries {
		if next := d.entries[i].nextKey; next != nil {
			t.book.Learn(from, next, by)
		}
	}
	return d, nil
}

// chain cuts the batch into records and follows their hashes.
func (d *Delivery) chain(codec *record.Codec, batch *wire.Batch) error {
	head, rest := batch.Prev, batch.Records
	if head.Seq == 0 && head != record.Genesis(d.till, head.Epoch) {
		return fmt.Errorf("%w: the epoch does not begin at its beginning", ErrBroken)
	}
	if batch.Prev.Seq+pos.Seq(batch.Count) > maxSeq {
		return fmt.Errorf("%w: record %d is out of range", ErrBroken, batch.First())
	}
	for len(rest) > 0 {
		r, after, err := codec.Decode(rest)
		switch {
		case err != nil:
			return fmt.Errorf("%w: behind record %d: %w", ErrBroken, head.Seq, err)
		case r.Till != d.till:
			return fmt.Errorf("%w: record %d is of till %q", ErrForged, r.Seq, r.Till)
		case !r.Follows(head) || len(d.entries) == batch.Count:
			return fmt.Errorf("%w: record %d does not follow record %d", ErrBroken, r.Seq, head.Seq)
		}
		head, rest = r.Head(), after
		d.entries = append(d.entries, entry{record: r, hash: head.Hash})
	}
	if len(d.entries) != batch.Count {
		return fmt.Errorf("%w: %d records, not %d", ErrBroken, len(d.entries), batch.Count)
	}
	return nil
}

// interpret finds the payments that the records speak of. What this version cannot interpret is held, and stops nobody.
func (d *Delivery) interpret(codec *record.Codec) {
	for i := range d.entries {
		e := &d.entries[i]
		body, err := codec.Body(&e.record)
		if err != nil {
			e.held = err.Error()
			continue
		}
		if subject, ok := body.(record.Subject); ok && !subject.PaymentID().IsZero() {
			e.body, e.payment = subject, subject.PaymentID()
		}
		if change, ok := body.(*record.KeyChange); ok {
			e.nextKey = change.Public
		}
		if hole, ok := body.(*record.Hole); ok && len(hole.Raw) > 0 {
			e.bring(codec, d.till, hole)
		}
	}
}
