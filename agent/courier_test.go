package agent

import (
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox"
	"github.com/tillproof/tillproof/sync/wire"
)

// shelf is a journal of epochs with so many records each, in order. The hash of a record is its epoch and number.
type shelf []struct {
	epoch pos.Epoch
	last  pos.Seq
}

func epochOf(n byte) pos.Epoch { return pos.Epoch{0, n} }

func headOf(epoch byte, seq pos.Seq) record.Head {
	return record.Head{Epoch: epochOf(epoch), Seq: seq, Hash: record.Hash{epoch, byte(seq)}}
}

func (s shelf) Epochs() (list []pos.Epoch) {
	for _, e := range s {
		list = append(list, e.epoch)
	}
	return list
}

func (s shelf) LastSeq(epoch pos.Epoch) (pos.Seq, error) {
	for _, e := range s {
		if e.epoch == epoch {
			return e.last, nil
		}
	}
	return 0, nil
}

func (s shelf) Locate(h record.Head) (outbox.Place, error) {
	for _, e := range s {
		switch {
		case e.epoch != h.Epoch:
		case h.Seq > e.last:
			return outbox.Beyond, nil
		case h.Hash == record.Hash{h.Epoch[1], byte(h.Seq)}:
			return outbox.Same, nil
		default:
			return outbox.Differs, nil
		}
	}
	return outbox.Elsewhere, nil
}

// What a file brings moves custody forward only, and leaves nothing open before it.
func TestWhatAnAcknowledgementFrees(t *testing.T) {
	journal := shelf{{epochOf(1), 10}, {epochOf(2), 0}, {epochOf(3), 20}, {epochOf(4), 5}}
	ack := func(state wire.AckState, mark record.Head, last ...record.Head) *wire.Ack {
		a := &wire.Ack{State: state, Mark: mark}
		if len(last) > 0 {
			a.Last = &last[0]
		}
		return a
	}
	other := record.Head{Epoch: epochOf(1), Seq: 7, Hash: record.Hash{99}}
	var none record.Head
	for name, c := range map[string]struct {
		acked record.Head
		ack   *wire.Ack
		to    record.Head // none when nothing moves
	}{
		"the first one":                     {none, ack(wire.AckOK, headOf(1, 4)), headOf(1, 4)},
		"further on":                        {headOf(1, 4), ack(wire.AckHeld, headOf(1, 6)), headOf(1, 6)},
		"the same again":                    {headOf(1, 4), ack(wire.AckOK, headOf(1, 4)), none},
		"an old one":                        {headOf(1, 4), ack(wire.AckOK, headOf(1, 3)), none},
		"a gap":                             {headOf(1, 4), ack(wire.AckGap, headOf(1, 6)), none},
		"the platform has nothing":          {none, ack(wire.AckOK, headOf(1, 0)), none},
		"an epoch of somebody else":         {none, ack(wire.AckOK, headOf(9, 1)), none},
		"another record":                    {headOf(1, 4), ack(wire.AckOK, other), none},
		"beyond our end":                    {headOf(1, 4), ack(wire.AckOK, headOf(1, 11)), none},
		"a fork whose branch is safe":       {headOf(1, 4), ack(wire.AckFork, other, headOf(1, 8)), headOf(1, 8)},
		"the next epoch, nothing open":      {headOf(1, 10), ack(wire.AckOK, headOf(3, 1)), headOf(3, 1)},
		"the next epoch too early":          {headOf(1, 9), ack(wire.AckOK, headOf(3, 1)), none},
		"the next epoch, nothing known":     {none, ack(wire.AckOK, headOf(3, 1)), none},
		"an epoch further, one between":     {headOf(1, 10), ack(wire.AckOK, headOf(4, 5)), none},
		"an epoch further, all before done": {headOf(3, 20), ack(wire.AckOK, headOf(4, 5)), headOf(4, 5)},
		"an earlier epoch":                  {headOf(3, 2), ack(wire.AckOK, headOf(1, 10)), none},
	} {
		to, moves, err := freed(journal, c.acked, c.ack)
		if err != nil || moves != (c.to != none) || moves && to != c.to {
			t.Errorf("%s: %v %+v, %v", name, moves, to, err)
		}
	}
}
