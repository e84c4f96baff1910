package courier

import (
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wire"
)

// packBytes bounds the records of a batch before compression, in bytes, unless a single commit is larger.
const packBytes = 256 << 10

// Packer cuts a till's records into batches for [Writer.Add]: whole commits, one signer a batch. It is for one goroutine.
type Packer struct {
	till  pos.TillID
	codec *wire.Codec
	put   func(message []byte) error

	prev   record.Head // of the batch
	end    record.Head // of its last whole commit; prev when there is none
	whole  int         // bytes of raw up to end
	sign   []byte      // signature of end
	signer cose.KeyID
	tip    record.Head // of what was added
	raw    []byte
}

// NewPacker makes a packer that hands batches to put.
func NewPacker(till pos.TillID, codec *wire.Codec, put func(message []byte) error) *Packer {
	return &Packer{till: till, codec: codec, put: put}
}

// Begin ends the batch and goes on behind a head, at the beginning of an epoch for instance.
func (p *Packer) Begin(prev record.Head) error {
	if err := p.Flush(); err != nil {
		return err
	}
	p.prev, p.end, p.tip = prev, prev, prev
	return nil
}

// Add adds the record behind the last one. Signature is that of its commit, nil when it is not the last one of it.
func (p *Packer) Add(raw, signature []byte) error {
	p.raw = append(p.raw, raw...)
	p.tip = record.HeadOf(p.tip.Epoch, p.tip.Seq+1, raw)
	if len(signature) == 0 {
		return nil
	}
	signer, err := cose.SignedBy(signature)
	if err != nil {
		return fmt.Errorf("record %d: %w", p.tip.Seq, err)
	}
	full := int(p.tip.Seq-p.prev.Seq) > wire.MaxRecords || len(p.raw) > packBytes
	if p.end != p.prev && (full || signer != p.signer) { // a new key rests on what the former one has signed: that must end a batch of its own
		if err := p.send(); err != nil {
			return err
		}
	}
	p.end, p.whole, p.sign, p.signer = p.tip, len(p.raw), signature, signer
	return nil
}

// Flush sends the whole commits that are left. Records without a signature behind them stay away: nothing vouches for them.
func (p *Packer) Flush() error {
	if p.end == p.prev {
		p.raw = p.raw[:0]
		return nil
	}
	if err := p.send(); err != nil {
		return err
	}
	p.raw = p.raw[:0]
	return nil
}

// send packs the records up to end, and goes on behind it.
func (p *Packer) send() error {
	message, err := p.codec.EncodeBatch(&wire.Batch{Till: p.till, Prev: p.prev, Count: int(p.end.Seq - p.prev.Seq), Signature: p.sign, Records: p.raw[:p.whole]})
	if err != nil {
		return err
	}
	p.prev, p.raw, p.whole = p.end, append(p.raw[:0], p.raw[p.whole:]...), 0
	return p.put(message)
}
