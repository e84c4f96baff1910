package agent

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox"
	"github.com/tillproof/tillproof/sync/wire"
)

// ledge is what a journal tells of itself when an acknowledgement is held against it: of one that an agent has open, or of one at rest.
type ledge interface {
	Epochs() []pos.Epoch
	LastSeq(epoch pos.Epoch) (pos.Seq, error)
	Locate(h record.Head) (outbox.Place, error)
}

// freed says how far an acknowledgement moves the custody of a journal that was known up to acked; false when it moves nothing. A courier may bring
// acknowledgements late and in any order, so one of a later epoch counts only when nothing before that epoch is open.
func freed(j ledge, acked record.Head, ack *wire.Ack) (record.Head, bool, error) {
	if ack.State == wire.AckGap {
		return record.Head{}, false, nil
	}
	heads := []record.Head{ack.Mark}
	if ack.Last != nil {
		heads = append(heads, *ack.Last) // our own branch, where the mark belongs to another one
	}
	for _, head := range heads {
		place, err := j.Locate(head)
		if err != nil {
			return record.Head{}, false, err
		}
		if place != outbox.Same || head.Seq == 0 {
			continue
		}
		next, err := follows(j, acked, head)
		return head, next, err
	}
	return record.Head{}, false, nil
}

// follows says whether custody may move from one head to another without leaving anything open between them.
func follows(j ledge, from, to record.Head) (bool, error) {
	if from.Epoch == to.Epoch {
		return to.Seq > from.Seq, nil
	}
	epochs := j.Epochs()
	begin, end := slices.Index(epochs, from.Epoch), slices.Index(epochs, to.Epoch)
	if end < begin || end < 0 {
		return false, nil
	}
	for n, epoch := range epochs[max(0, begin):end] {
		last, err := j.LastSeq(epoch)
		if err != nil {
			return false, err
		}
		if n == 0 && begin >= 0 && last > from.Seq || (n > 0 || begin < 0) && last > 0 {
			return false, nil
		}
	}
	return true, nil
}

// Epochs implements ledge.
func (s *source) Epochs() []pos.Epoch { return s.journal.Epochs() }

// LastSeq implements ledge.
func (s *source) LastSeq(epoch pos.Epoch) (pos.Seq, error) { return s.journal.LastSeq(epoch) }

// couriers lets files carry what the broker would, while the agent runs.
type couriers struct {
	till   pos.TillID
	source *source
	keys   *keyring
	codec  *wire.Codec
	log    *slog.Logger
}

// newCouriers prepares the till for files; nil when it knows no platform.
func (t *till) newCouriers() (api.Couriers, error) {
	if t.config.Platform.RootKey == "" {
		return nil, nil
	}
	keys := t.keys
	codec, err := wire.NewCodec()
	if err != nil {
		return nil, err
	}
	if keys == nil { // no broker: this till lives by files
		root, err := cose.ParsePublicKey(t.config.Platform.RootKey)
		if err != nil {
			return nil, err
		}
		if keys, err = openKeyring(filepath.Dir(PathsIn(t.config.Data).Key), root, codec, t.opts.Log); err != nil {
			return nil, err
		}
		if err := t.uplink.source.restore(codec, keys.kept(wire.UseAck)); err != nil {
			return nil, err
		}
	}
	return &couriers{t.config.Till, t.uplink.source, keys, codec, t.opts.Log}, nil
}

// Acknowledge implements [api.Couriers].
func (c *couriers) Acknowledge(message []byte) (out api.Acknowledged, err error) {
	ack, err := c.codec.OpenAck(message, c.keys.kept(wire.UseAck))
	if err == nil && ack.Till != c.till {
		err = fmt.Errorf("it is for till %s", ack.Till)
	}
	if err != nil {
		return out, errNoAcknowledgement(err)
	}
	head, moves, err := freed(c.source, c.source.Acked(), ack)
	if err != nil {
		return out, err
	}
	if moves {
		if err := c.source.Acknowledge(head, message); err != nil {
			return out, err
		}
	} else if err := c.diverged(ack); err != nil {
		return out, err
	}
	return api.Acknowledged{State: string(ack.State), Freed: moves, Epoch: ack.Mark.Epoch, Seq: ack.Mark.Seq, Backlog: c.source.Backlog()}, nil
}

// diverged begins a new epoch when the platform holds what does not fit the one that is written now, as the outbox does.
func (c *couriers) diverged(ack *wire.Ack) error {
	place, err := c.source.Locate(ack.Mark)
	if err != nil || place != outbox.Beyond && place != outbox.Differs || ack.Mark.Epoch != c.source.Head().Epoch {
		return err
	}
	reason := record.Forked
	if place == outbox.Beyond && ack.State != wire.AckFork {
		reason = record.Restored
	}
	c.log.Warn("the platform holds other records of this journal's epoch; a new epoch begins", "reason", reason, "seq", ack.Mark.Seq)
	return c.source.Diverged(ack.Mark, reason)
}

// fileBytes bounds the records of a batch that leaves by file, in bytes: the answer that carries it is as long in hex.
const fileBytes = 256 << 10

// Batch implements [api.Couriers].
func (c *couriers) Batch(ctx context.Context, after *record.Head) ([]byte, record.Head, error) {
	if after == nil {
		acked := c.source.Acked()
		after = &acked
	} else if after.Seq > 0 {
		head, err := c.source.journal.HeadAt(after.Epoch, after.Seq)
		if err != nil {
			return nil, record.Head{}, err
		}
		after = &head
	}
	chunk, err := c.source.Next(ctx, *after, wire.MaxRecords, fileBytes)
	if err != nil || chunk.Count() == 0 {
		return nil, record.Head{}, err
	}
	message, err := c.codec.EncodeBatch(&wire.Batch{Till: c.till, Prev: chunk.Prev, Count: chunk.Count(), Signature: chunk.Signature, Records: chunk.Records})
	return message, chunk.Last, err
}

func errNoAcknowledgement(err error) error {
	return pos.NewError("acknowledgement_invalid", pos.Permanent, pos.NoneMoved, "This is no acknowledgement of the platform for this till.",
		"Nothing was freed. Take the file that `tillproof platform import` has written for this till.").Because(err)
}
