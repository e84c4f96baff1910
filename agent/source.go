package agent

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox"
	"github.com/tillproof/tillproof/sync/wire"
)

// source shows the journal to the outbox.
type source struct {
	journal *journal.Journal
	till    pos.TillID
	bell    <-chan struct{}
	clocks  timekeeper
	bridged epochs    // that the platform can take no more of
	heard   time.Time // of the acknowledgement that was restored, by the platform's clock

	codec    *wire.Codec // these two are set before it is used by more than one
	platform cose.Keys
}

func newSource(j *journal.Journal, till pos.TillID) *source {
	return &source{journal: j, till: till, bell: j.Subscribe()}
}

// custody reads a signed acknowledgement: what it takes into custody, if it is the platform's and for this till. See [journal.Retention].
func (s *source) custody(raw []byte) []record.Head {
	ack, err := s.codec.OpenAck(raw, s.platform)
	if err != nil || ack.Till != s.till {
		return nil
	}
	if ack.Last == nil {
		return []record.Head{ack.Mark}
	}
	return []record.Head{ack.Mark, *ack.Last}
}

// restore reads how far the platform's custody went in the last life. Nothing is lost by not knowing: the platform is asked again.
func (s *source) restore(codec *wire.Codec, platform cose.Keys) error {
	s.codec, s.platform = codec, platform
	raw, err := s.journal.Acknowledgement()
	if err != nil || raw == nil {
		return err
	}
	ack, err := codec.OpenAck(raw, platform)
	if err != nil || ack.Till != s.till {
		return nil // another platform's: it frees nothing
	}
	for _, head := range []*record.Head{&ack.Mark, ack.Last} {
		if head == nil {
			continue
		}
		place, err := s.Locate(*head)
		if err != nil {
			return err
		}
		if place == outbox.Same {
			s.heard = time.UnixMilli(ack.At)
			s.journal.Acknowledge(raw, *head)
			return nil
		}
	}
	return nil
}

// Head implements [outbox.Source].
func (s *source) Head() record.Head { return s.journal.Head() }

// Acked implements [outbox.Source].
func (s *source) Acked() record.Head { return s.journal.Acked() }

// Changed implements [outbox.Source].
func (s *source) Changed() <-chan struct{} { return s.bell }

// Acknowledge implements [outbox.Source].
func (s *source) Acknowledge(h record.Head, proof []byte) error {
	s.journal.Acknowledge(proof, h)
	s.clocks.answered(s, proof)
	return nil
}

// Diverged implements [outbox.Source].
func (s *source) Diverged(platform record.Head, reason record.BootReason) error {
	if reason == record.Damaged {
		return s.bridge(platform)
	}
	if platform.Epoch != s.journal.Head().Epoch {
		return nil
	}
	return s.journal.Diverge(reason, platform)
}

// Backlog implements [outbox.Source].
func (s *source) Backlog() (n uint64) {
	acked := s.journal.Acked()
	for _, epoch := range s.behind(acked) {
		last, err := s.journal.LastSeq(epoch)
		if err != nil {
			continue // it is counted again when the file can be read
		}
		n += uint64(last)
		if epoch == acked.Epoch {
			n -= uint64(min(acked.Seq, last))
		}
	}
	return n
}

// behind lists the epochs that may hold records behind a head, that head's own first.
func (s *source) behind(h record.Head) []pos.Epoch {
	epochs := s.journal.Epochs()
	return epochs[max(0, slices.Index(epochs, h.Epoch)):]
}

// Locate implements [outbox.Source].
func (s *source) Locate(h record.Head) (outbox.Place, error) {
	if !slices.Contains(s.journal.Epochs(), h.Epoch) {
		return outbox.Elsewhere, nil
	}
	begin, err := s.journal.Begin(h.Epoch)
	if err != nil {
		return outbox.Elsewhere, err
	}
	if h.Seq < begin.Seq {
		return outbox.Removed, nil
	}
	own, err := s.journal.HeadAt(h.Epoch, h.Seq)
	switch {
	case errors.Is(err, journal.ErrNotFound):
		return s.absent(h)
	case err != nil:
		return outbox.Elsewhere, err
	case own == h:
		return outbox.Same, nil
	}
	return outbox.Differs, nil
}

// absent places a head whose record is not here: behind the end of its epoch, or in a hole.
func (s *source) absent(h record.Head) (outbox.Place, error) {
	last, err := s.journal.LastSeq(h.Epoch)
	if err == nil && h.Seq > last {
		return outbox.Beyond, nil
	}
	return outbox.Elsewhere, err
}

// Next implements [outbox.Source].
func (s *source) Next(_ context.Context, after record.Head, maxRecords, maxBytes int) (outbox.Chunk, error) {
	for i, epoch := range s.behind(after) {
		if s.bridged.has(epoch) {
			continue // holes of a later epoch bring what the platform can still get of it
		}
		from, err := s.journal.Begin(epoch)
		if err != nil {
			return outbox.Chunk{}, err
		}
		if i == 0 && epoch == after.Epoch && after.Seq > from.Seq {
			from = after
		}
		chunk, err := s.chunk(from, maxRecords, maxBytes)
		if err == nil && chunk.Count() == 0 {
			err = s.unblock(from)
		}
		if err != nil || chunk.Count() > 0 {
			s.clocks.asked(s.journal, chunk.Last)
			return chunk, err
		}
	}
	return outbox.Chunk{}, nil
}

// unblock deals with an epoch of which nothing can be delivered behind a head although there is more: a record is damaged or missing. The journal brings
// what is behind it in a new epoch (law 8); the old one has ended for us.
func (s *source) unblock(from record.Head) error {
	last, err := s.journal.LastSeq(from.Epoch)
	if err == nil && last <= from.Seq {
		return nil
	}
	if err != nil && !journal.Damaged(err) {
		return err
	}
	return s.journal.Mend(from.Epoch, from.Seq+1)
}

// unbroken cuts a list before the first number that is missing.
func unbroken(list []journal.Stored, after pos.Seq) []journal.Stored {
	for i := range list {
		if list[i].Key != after+1+pos.Seq(i) {
			return list[:i]
		}
	}
	return list
}

// chunk copies whole commits of one epoch. What lies behind the last signature within the bounds waits for the next chunk; a first
// commit is taken whole whatever its size.
func (s *source) chunk(prev record.Head, maxRecords, maxBytes int) (outbox.Chunk, error) {
	list, err := s.journal.Read(prev.Epoch, prev.Seq+1, max(maxRecords, journal.CommitRecords))
	if err != nil && !journal.Damaged(err) {
		return outbox.Chunk{}, err
	}
	list = unbroken(list, prev.Seq)
	var records []byte
	end, cut := -1, 0
	var signer cose.KeyID
	for i, stored := range list {
		if end >= 0 && (i >= maxRecords || len(records)+len(stored.Raw) > maxBytes) {
			break
		}
		records = append(records, stored.Raw...)
		if len(stored.Signature) > 0 {
			id, err := cose.SignedBy(stored.Signature)
			if err == nil && end >= 0 && id != signer {
				break // a new key rests on what the former one has signed: that must end a batch of its own
			}
			signer, end, cut = id, i, len(records)
		}
	}
	if end < 0 {
		return outbox.Chunk{}, nil
	}
	return outbox.Chunk{Prev: prev, Last: record.HeadOf(prev.Epoch, list[end].Key, list[end].Raw), Records: records[:cut], Signature: list[end].Signature}, nil
}
