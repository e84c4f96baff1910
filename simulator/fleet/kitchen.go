package fleet

import (
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wire"
)

// kitchen makes batches; it holds what is too big to be every till's own. There are as many as processors.
type kitchen struct {
	wire *wire.Codec
	raw  []byte
}

// newKitchens makes them and has each make something, so that their memory is not counted as the tills'.
func newKitchens(n int) (chan *kitchen, error) {
	kitchens := make(chan *kitchen, n)
	for range n {
		codec, err := wire.NewCodec()
		if err != nil {
			return nil, err
		}
		k := &kitchen{wire: codec, raw: make([]byte, 0, 512<<10)}
		if _, err := codec.EncodeBatch(&wire.Batch{Till: name(0), Count: 1, Signature: []byte{0}, Records: k.raw[:256<<10]}); err != nil {
			return nil, err
		}
		kitchens <- k
	}
	return kitchens, nil
}

// cook makes the records behind a point up to a number, signs the last one and packs them.
func (k *kitchen) cook(f *Fleet, t *till, after point, to pos.Seq) ([]byte, point, error) {
	prev := t.head(after)
	var last record.Record
	k.raw = k.raw[:0]
	for head := prev; head.Seq < to; head = last.Head() {
		var err error
		if last, err = f.script.record(t.index, head); err != nil {
			return nil, point{}, err
		}
		k.raw = append(k.raw, last.Raw...)
	}
	signer, err := cose.NewSigner(t.key)
	if err != nil {
		return nil, point{}, err
	}
	signature, err := signer.Detached(last.Raw, cose.ForRecord)
	if err != nil {
		return nil, point{}, err
	}
	message, err := k.wire.EncodeBatch(&wire.Batch{Till: name(t.index), Prev: prev, Count: int(to - after.seq), Signature: signature, Records: k.raw})
	return message, point{last.Seq, last.Head().Hash}, err
}
