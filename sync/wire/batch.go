package wire

import (
	"fmt"
	"math"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// Batch is a run of records of one epoch on its way to the platform. It ends on a signed record, so that one signature vouches for
// all of it.
type Batch struct {
	Till      pos.TillID
	Prev      record.Head // the record before the first one: epoch, number and hash
	Count     int         // 1 to MaxRecords
	Signature []byte      // detached COSE_Sign1 over the last record
	Records   []byte      // the records' own bytes, one after another
}

// First is the number of the batch's first record.
func (b *Batch) First() pos.Seq { return b.Prev.Seq + 1 }

// batchMap is the CBOR map of wire.cddl.
type batchMap struct {
	Till    string `cbor:"till"`
	Epoch   []byte `cbor:"epoch"`
	First   uint64 `cbor:"first"`
	Count   uint64 `cbor:"count"`
	Prev    []byte `cbor:"prev"`
	Sig     []byte `cbor:"sig"`
	Records []byte `cbor:"records"`
}

// EncodeBatch makes the message for up/records. It fails when the batch breaks a bound; nothing has been sent then.
func (c *Codec) EncodeBatch(b *Batch) ([]byte, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	packed := c.pack.EncodeAll(b.Records, make([]byte, 0, len(b.Records)/4))
	return c.enc.Marshal(batchMap{
		Till: string(b.Till), Epoch: b.Prev.Epoch[:], First: uint64(b.First()), Count: uint64(b.Count), Prev: b.Prev.Hash[:],
		Sig: b.Signature, Records: packed,
	})
}

// DecodeBatch reads a message of up/records and unpacks the records. It checks form and bounds only: whether the chain and the
// signature hold is for the reader to find out.
func (c *Codec) DecodeBatch(message []byte) (*Batch, error) {
	if len(message) > MaxMessage {
		return nil, fmt.Errorf("batch of %d bytes is over the limit of %d", len(message), MaxMessage)
	}
	var m batchMap
	if err := c.dec.Unmarshal(message, &m); err != nil {
		return nil, fmt.Errorf("batch: %w", err)
	}
	b, err := m.batch()
	if err != nil {
		return nil, fmt.Errorf("batch: %w", err)
	}
	if b.Records, err = c.unpack.DecodeAll(m.Records, nil); err != nil {
		return nil, fmt.Errorf("batch: records: %w", err)
	}
	return b, b.check()
}

func (m *batchMap) batch() (*Batch, error) {
	till, err := pos.ParseTillID(m.Till)
	if err != nil {
		return nil, err
	}
	if m.First == 0 || m.First > math.MaxInt64 || m.Count > MaxRecords {
		return nil, fmt.Errorf("first %d and count %d are out of range", m.First, m.Count)
	}
	b := &Batch{Till: till, Count: int(m.Count), Signature: m.Sig}
	b.Prev.Seq = pos.Seq(m.First - 1)
	if err := fixed(b.Prev.Epoch[:], m.Epoch, "epoch"); err != nil {
		return nil, err
	}
	return b, fixed(b.Prev.Hash[:], m.Prev, "prev")
}

// check keeps the bounds that both ends agree on.
func (b *Batch) check() error {
	switch {
	case b.Count < 1 || b.Count > MaxRecords:
		return fmt.Errorf("batch: %d records, not 1 to %d", b.Count, MaxRecords)
	case len(b.Records) == 0 || len(b.Records) > MaxUnpacked:
		return fmt.Errorf("batch: %d bytes of records, not 1 to %d", len(b.Records), MaxUnpacked)
	case len(b.Signature) == 0 || len(b.Signature) > maxSignature:
		return fmt.Errorf("batch: signature of %d bytes, not 1 to %d", len(b.Signature), maxSignature)
	}
	return nil
}

// maxSignature bounds one detached COSE_Sign1, in bytes; ours have about 90.
const maxSignature = 1 << 10
