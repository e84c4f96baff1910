package wire

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/zstd"

	"github.com/tillproof/tillproof/store/record"
)

// The sizes of a batch.
const (
	MaxRecords = 500      // records in one batch
	MaxCommit  = 64       // records from one signature to the next: a batch holds whole commits
	GoodSize   = 64 << 10 // bytes of a message that brokers carry well; larger only where a single commit is larger

	// MaxUnpacked bounds the records of a batch before compression: one commit of the largest records.
	MaxUnpacked = MaxCommit * record.MaxSize
	// MaxMessage bounds a whole message: what cannot be compressed, and the header.
	MaxMessage = MaxUnpacked + 64<<10
)

// Codec encodes and decodes messages. Its compressor and its decompressor run one call at a time each; others wait. It is safe for
// concurrent use.
type Codec struct {
	enc    cbor.EncMode
	dec    cbor.DecMode
	pack   *zstd.Encoder
	unpack *zstd.Decoder
}

// NewCodec makes a codec. It starts no goroutine and needs no closing.
func NewCodec() (*Codec, error) {
	enc, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return nil, err
	}
	dec, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		MaxNestedLevels: 4, MaxArrayElements: MaxRecords, MaxMapPairs: 32, FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
	}.DecMode()
	if err != nil {
		return nil, err
	}
	pack, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	unpack, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(MaxUnpacked))
	if err != nil {
		return nil, err
	}
	return &Codec{enc: enc, dec: dec, pack: pack, unpack: unpack}, nil
}

// fixed copies a byte string that must have exactly the length of its place; CBOR libraries would cut or fill it silently.
func fixed(to, from []byte, what string) error {
	if len(from) != len(to) {
		return fmt.Errorf("%s has %d bytes, not %d", what, len(from), len(to))
	}
	copy(to, from)
	return nil
}
