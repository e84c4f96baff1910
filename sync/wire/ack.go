package wire

import (
	"errors"
	"fmt"
	"math"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
)

// AckState is what became of a batch.
type AckState string

// The states of an acknowledgement.
const (
	AckOK   AckState = "ok"   // in custody
	AckHeld AckState = "held" // in custody, some records set aside because they cannot be interpreted
	AckGap  AckState = "gap"  // not taken: records before it are missing
	AckFork AckState = "fork" // in custody as a losing branch: the platform holds other records under these numbers
)

// Ack is the platform's answer to a batch. It is sent after the platform's database has committed, so what it covers is in custody.
type Ack struct {
	Till  pos.TillID
	Mark  record.Head // the platform's mark of the epoch: the last record that it holds without a gap; Seq 0 when it holds none
	State AckState
	Held  []pos.Seq // records of the batch that are set aside, ascending
	At    int64     // the platform's clock, milliseconds since 1970-01-01 UTC

	// Last is the batch's last record, now in custody whichever branch it belongs to: it tells the till how far its own branch is
	// safe where the mark belongs to another one. Nil for a gap.
	Last *record.Head
}

// ackMap is the CBOR map of wire.cddl.
type ackMap struct {
	Till     string   `cbor:"till"`
	Epoch    []byte   `cbor:"epoch"`
	Seq      uint64   `cbor:"seq"`
	Head     []byte   `cbor:"head"`
	State    AckState `cbor:"state"`
	Held     []uint64 `cbor:"held"`
	At       int64    `cbor:"at"`
	LastSeq  uint64   `cbor:"last_seq,omitempty"`
	LastHead []byte   `cbor:"last_head,omitempty"`
}

// SealAck encodes an acknowledgement and signs it with the platform's key (COSE_Sign1, purpose "tillproof/ack/1").
func (c *Codec) SealAck(a *Ack, signer *cose.Signer) ([]byte, error) {
	m := ackMap{
		Till: string(a.Till), Epoch: a.Mark.Epoch[:], Seq: uint64(a.Mark.Seq), Head: a.Mark.Hash[:], State: a.State, At: a.At,
		Held: make([]uint64, len(a.Held)),
	}
	for i, seq := range a.Held {
		m.Held[i] = uint64(seq)
	}
	if a.Last != nil {
		m.LastSeq, m.LastHead = uint64(a.Last.Seq), a.Last.Hash[:]
	}
	content, err := c.enc.Marshal(m)
	if err != nil {
		return nil, err
	}
	return signer.Seal(content, cose.ForAck)
}

// maxAck bounds a signed acknowledgement, in bytes: 500 numbers and the rest.
const maxAck = 8 << 10

// OpenAck verifies the platform's signature and reads the acknowledgement. On any error it frees nothing.
func (c *Codec) OpenAck(message []byte, platform cose.Keys) (*Ack, error) {
	if len(message) > maxAck {
		return nil, fmt.Errorf("acknowledgement of %d bytes is over the limit of %d", len(message), maxAck)
	}
	content, _, err := cose.Open(message, cose.ForAck, platform)
	if err != nil {
		return nil, fmt.Errorf("acknowledgement: %w", err)
	}
	var m ackMap
	if err := c.dec.Unmarshal(content, &m); err != nil {
		return nil, fmt.Errorf("acknowledgement: %w", err)
	}
	a, err := m.ack()
	if err != nil {
		return nil, fmt.Errorf("acknowledgement: %w", err)
	}
	return a, nil
}

func (m *ackMap) ack() (*Ack, error) {
	till, err := pos.ParseTillID(m.Till)
	if err != nil {
		return nil, err
	}
	a := &Ack{Till: till, State: m.State, At: m.At}
	switch m.State {
	case AckOK, AckHeld, AckFork, AckGap:
	default:
		return nil, fmt.Errorf("unknown state %q", m.State)
	}
	if m.Seq > math.MaxInt64 || m.LastSeq > math.MaxInt64 {
		return nil, errors.New("a number is out of range")
	}
	a.Mark.Seq = pos.Seq(m.Seq)
	if err := errors.Join(fixed(a.Mark.Epoch[:], m.Epoch, "epoch"), fixed(a.Mark.Hash[:], m.Head, "head")); err != nil {
		return nil, err
	}
	for _, seq := range m.Held {
		a.Held = append(a.Held, pos.Seq(seq))
	}
	return a, m.last(a)
}

// last reads the two keys that stand together or not at all.
func (m *ackMap) last(a *Ack) error {
	if m.LastSeq == 0 && m.LastHead == nil {
		return nil
	}
	a.Last = &record.Head{Epoch: a.Mark.Epoch, Seq: pos.Seq(m.LastSeq)}
	return fixed(a.Last.Hash[:], m.LastHead, "last_head")
}
