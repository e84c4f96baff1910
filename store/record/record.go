package record

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/tillproof/tillproof/pos"
)

// MaxSize bounds the bytes of one record.
const MaxSize = 32 << 10

// Hash is the SHA-256 of a record's bytes.
type Hash [32]byte

// String is the hash in lower-case hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText lets the hash stand in JSON.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalBinary reads exactly 32 bytes.
func (h *Hash) UnmarshalBinary(b []byte) error {
	if len(b) != len(h) {
		return fmt.Errorf("a hash of %d bytes", len(b))
	}
	copy(h[:], b)
	return nil
}

// Head is the end of a chain: the last record of an epoch, or of a part of it. Seq 0 is the beginning, before any record.
type Head struct {
	Epoch pos.Epoch `cbor:"1,keyasint" json:"epoch"`
	Seq   pos.Seq   `cbor:"2,keyasint" json:"seq"`
	Hash  Hash      `cbor:"3,keyasint" json:"hash"`
}

// Genesis is the head before the first record: its hash is SHA-256 of till id, 00, epoch.
func Genesis(till pos.TillID, epoch pos.Epoch) Head {
	h := sha256.New()
	h.Write([]byte(till))
	h.Write([]byte{0})
	h.Write(epoch[:])
	return Head{Epoch: epoch, Hash: Hash(h.Sum(nil))}
}

// Times are the clocks at the moment of writing, in milliseconds.
type Times struct {
	Wall   int64  `cbor:"6,keyasint"`           // since 1970-01-01 UTC
	Mono   uint64 `cbor:"7,keyasint"`           // since the machine's start
	Offset *int64 `cbor:"8,keyasint,omitempty"` // of the wall clock, last proven by the platform
}

// Record is one entry of the journal. Raw holds the bytes that were hashed and signed; the other fields are read from it.
type Record struct {
	Till  pos.TillID
	Epoch pos.Epoch
	Seq   pos.Seq
	Prev  Hash
	Kind  Kind
	Times Times
	Raw   []byte

	body []byte
}

// envelope is the CBOR map of a record.
type envelope struct {
	Till  pos.TillID `cbor:"1,keyasint"`
	Epoch pos.Epoch  `cbor:"2,keyasint"`
	Seq   pos.Seq    `cbor:"3,keyasint"`
	Prev  Hash       `cbor:"4,keyasint"`
	Kind  Kind       `cbor:"5,keyasint"`
	Times
	Body cbor.RawMessage `cbor:"9,keyasint"`
}

// Codec encodes and decodes records. It holds no state that changes and is safe for concurrent use.
type Codec struct {
	enc cbor.EncMode
	dec cbor.DecMode
}

// NewCodec makes the codec: deterministic encoding; decoding refuses doubled keys, indefinite lengths and deep nesting.
func NewCodec() (*Codec, error) {
	enc, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return nil, err
	}
	dec, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		MaxNestedLevels: 8, MaxArrayElements: 4096, MaxMapPairs: 256,
	}.DecMode()
	if err != nil {
		return nil, err
	}
	return &Codec{enc: enc, dec: dec}, nil
}

// Encode makes the record that follows prev and returns it with its bytes. It writes nothing.
func (c *Codec) Encode(till pos.TillID, prev Head, times Times, body Body) (Record, error) {
	b, err := c.enc.Marshal(body)
	if err != nil {
		return Record{}, err
	}
	e := envelope{Till: till, Epoch: prev.Epoch, Seq: prev.Seq + 1, Prev: prev.Hash, Kind: body.Kind(), Times: times, Body: b}
	raw, err := c.enc.Marshal(e)
	if err != nil {
		return Record{}, err
	}
	if len(raw) > MaxSize {
		return Record{}, fmt.Errorf("record of %d bytes is over the limit of %d", len(raw), MaxSize)
	}
	return e.record(raw), nil
}

// Decode reads the first record of b and returns it with the bytes that follow it. The record keeps a part of b as its Raw.
func (c *Codec) Decode(b []byte) (Record, []byte, error) {
	var e envelope
	rest, err := c.dec.UnmarshalFirst(b, &e)
	if err != nil {
		return Record{}, nil, fmt.Errorf("record: %w", err)
	}
	raw := b[:len(b)-len(rest)]
	switch {
	case len(raw) > MaxSize:
		return Record{}, nil, fmt.Errorf("record of %d bytes is over the limit of %d", len(raw), MaxSize)
	case e.Seq == 0 || e.Kind == 0 || len(e.Body) == 0 || e.Till == "":
		return Record{}, nil, errors.New("record: a required key is missing")
	}
	return e.record(raw), rest, nil
}

func (e *envelope) record(raw []byte) Record {
	return Record{Till: e.Till, Epoch: e.Epoch, Seq: e.Seq, Prev: e.Prev, Kind: e.Kind, Times: e.Times, Raw: raw, body: e.Body}
}

// Head is the end of a chain that ends on this record.
func (r *Record) Head() Head { return HeadOf(r.Epoch, r.Seq, r.Raw) }

// HeadOf is the end of a chain that ends on the record of these bytes.
func HeadOf(epoch pos.Epoch, seq pos.Seq, raw []byte) Head {
	return Head{Epoch: epoch, Seq: seq, Hash: sha256.Sum256(raw)}
}

// Follows says whether the record is the successor of head.
func (r *Record) Follows(head Head) bool {
	return r.Epoch == head.Epoch && r.Seq == head.Seq+1 && r.Prev == head.Hash
}

// ErrUninterpreted says that a body is of a kind or a form that this version does not know. The record itself is whole.
var ErrUninterpreted = errors.New("body cannot be interpreted")

// Body reads the part that the kind defines. It fails with [ErrUninterpreted] for what this version does not know.
func (c *Codec) Body(r *Record) (Body, error) {
	body := emptyBody(r.Kind)
	if body == nil {
		return nil, fmt.Errorf("%w: %s", ErrUninterpreted, r.Kind)
	}
	if err := c.dec.Unmarshal(r.body, body); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrUninterpreted, r.Kind, err)
	}
	return body, nil
}

func emptyBody(k Kind) Body {
	switch k {
	case KindBoot:
		return &Boot{}
	case KindIntent:
		return &Intent{}
	case KindResult:
		return &Result{}
	case KindConfirmed:
		return &Confirmed{}
	case KindResolution:
		return &Resolution{}
	case KindPresented:
		return &Presented{}
	case KindPlatformResult:
		return &PlatformResult{}
	case KindPolicy:
		return &Policy{}
	case KindOverride:
		return &Override{}
	case KindOperation:
		return &Operation{}
	case KindOperationResult:
		return &OperationResult{}
	case KindOperationEnd:
		return &OperationEnd{}
	case KindShiftOpened:
		return &ShiftOpened{}
	case KindShiftClosed:
		return &ShiftClosed{}
	case KindSettlement:
		return &Settlement{}
	case KindCarry:
		return &Carry{}
	case KindHole:
		return &Hole{}
	case KindClockJump:
		return &ClockJump{}
	case KindKey:
		return &KeyChange{}
	case KindConfig:
		return &Config{}
	}
	return nil
}
