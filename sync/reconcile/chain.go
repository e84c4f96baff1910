package reconcile

import (
	"bytes"
	"cmp"
	"errors"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
)

// clockStep is how far the platform's own clock may go back between two records without anybody having changed a row, in milliseconds.
const clockStep = 5 * 60 * 1000

// chain is an epoch that is read.
type chain struct {
	of       epochOf
	head     record.Head
	received int64 // of the last record
	signed   bool  // the last record has a signature that counts
	started  bool
}

func (k epochOf) compare(o epochOf) int {
	return cmp.Or(cmp.Compare(k.till, o.till), bytes.Compare(k.epoch[:], o.epoch[:]))
}

func compareIDs(a, b pos.PaymentID) int { return bytes.Compare(a[:], b[:]) }

// Record takes the next row of records.
func (c *Custody) Record(s *Stored) {
	k := epochOf{s.Till, s.Epoch}
	if c.at == nil || c.at.of != k {
		c.endChain()
		c.at = &chain{of: k, head: record.Genesis(s.Till, s.Epoch)}
		if m := c.marks[k]; m != nil {
			m.read = true
		} else {
			c.wrong(pos.PaymentID{}, "There are records of epoch %s of till %s, and no mark.", s.Epoch, s.Till)
		}
	}
	r, err := c.decode(s)
	if err != nil {
		c.wrong(s.Payment, "Record %d of epoch %s of till %s: %v.", s.Seq, s.Epoch, s.Till, err)
		c.at.head = record.HeadOf(s.Epoch, s.Seq, s.Raw)
		return
	}
	c.follow(s, &r)
	c.interpret(s, &r, false)
}

// Fork takes a row of a branch that lost. Its records hang on each other too, but where the branch begins is known only to the till; so each is judged by
// itself, and by its signature where it has one.
func (c *Custody) Fork(s *Stored) {
	r, err := c.decode(s)
	if err == nil && record.HeadOf(s.Epoch, s.Seq, s.Raw).Hash != s.Hash {
		err = errPlace
	}
	if err != nil {
		c.wrong(s.Payment, "Record %d of a lost branch of epoch %s of till %s: %v.", s.Seq, s.Epoch, s.Till, err)
		return
	}
	c.moved[s.Till] = max(c.moved[s.Till], s.ReceivedAt)
	c.signature(s)
	c.interpret(s, &r, true)
}

// decode reads the record of a row, and holds the row's columns against it.
func (c *Custody) decode(s *Stored) (record.Record, error) {
	r, rest, err := c.codec.Decode(s.Raw)
	switch {
	case err != nil:
		return r, err
	case len(rest) > 0:
		return r, errors.New("bytes stand behind it")
	case r.Till != s.Till || r.Epoch != s.Epoch || r.Seq != s.Seq || r.Kind != s.Kind:
		return r, errPlace
	}
	return r, nil
}

// follow goes on by one record of the chain.
func (c *Custody) follow(s *Stored, r *record.Record) {
	at := c.at
	switch {
	case s.Seq > at.head.Seq+1:
		c.wrong(pos.PaymentID{}, "Records %d to %d of epoch %s of till %s are missing.", at.head.Seq+1, s.Seq-1, s.Epoch, s.Till)
	case !r.Follows(at.head):
		c.wrong(s.Payment, "Record %d of epoch %s of till %s does not follow the one before: one of them was changed.", s.Seq, s.Epoch, s.Till)
	}
	batchBegins := !at.started || at.signed
	if at.started && (s.ReceivedAt < at.received-clockStep || !batchBegins && s.ReceivedAt != at.received) {
		c.wrong(pos.PaymentID{}, "Record %d of epoch %s of till %s came at another time than the records around it.", s.Seq, s.Epoch, s.Till)
	}
	at.head, at.received, at.started = r.Head(), s.ReceivedAt, true
	at.signed = len(s.Signature) > 0 || c.cut(s.Till, s.Epoch, s.Seq)
	c.signature(s)
}

// signature verifies that of a row, if it has one.
func (c *Custody) signature(s *Stored) {
	if len(s.Signature) == 0 || c.keys == nil {
		return
	}
	keys := c.keys[s.Till]
	if keys == nil {
		c.wrong(s.Payment, "Record %d of epoch %s is of till %s, which nobody has enrolled.", s.Seq, s.Epoch, s.Till)
		return
	}
	_, err := cose.Verify(s.Signature, s.Raw, cose.ForRecord, func(id cose.KeyID) (cose.PublicKey, bool) {
		key, known := keys[id]
		return key, known
	})
	if err != nil {
		c.wrong(s.Payment, "The signature of record %d of epoch %s of till %s does not hold: %v.", s.Seq, s.Epoch, s.Till, err)
	}
}

// endChain holds the end of an epoch against its mark. Custody takes whole batches, and a batch ends on a signed record.
func (c *Custody) endChain() {
	at := c.at
	if at == nil {
		return
	}
	c.at = nil
	m := c.marks[at.of]
	switch {
	case m == nil: // said when the epoch began
	case m.head != at.head:
		c.wrong(pos.PaymentID{}, "Epoch %s of till %s ends with record %d, its mark says %d: records are missing, or the mark was changed.",
			at.of.epoch, at.of.till, at.head.Seq, m.head.Seq)
	case m.moved != at.received:
		c.wrong(pos.PaymentID{}, "The mark of epoch %s of till %s was moved at another time than its last record came.", at.of.epoch, at.of.till)
	}
	if !at.signed {
		c.wrong(pos.PaymentID{}, "The last record of epoch %s of till %s is not signed: records behind it are missing, or the signature was removed.",
			at.of.epoch, at.of.till)
	}
}
