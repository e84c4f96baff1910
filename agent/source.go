package agent

import (
	"context"
	"errors"
	"slices"

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
}

func newSource(j *journal.Journal, till pos.TillID) *source {
	return &source{journal: j, till: till, bell: j.Subscribe()}
}

// restore reads how far the platform's custody went in the last life. Nothing is lost by not knowing: the platform is asked again.
func (s *source) restore(codec *wire.Codec, platform cose.Keys) error {
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
	return nil
}

// Diverged implements [outbox.Source].
func (s *source) Diverged(platform record.Head, reason record.BootReason) error {
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
	own, err := s.journal.HeadAt(h.Epoch, h.Seq)
	switch {
	case errors.Is(err, journal.ErrNotFound):
		return outbox.Beyond, nil
	case err != nil:
		return outbox.Elsewhere, err
	case own == h:
		return outbox.Same, nil
	}
	return outbox.Differs, nil
}

// Next implements [outbox.Source].
func (s *source) Next(_ context.Context, after record.Head, maxRecords, maxBytes int) (outbox.Chunk, error) {
	for i, epoch := range s.behind(after) {
		from := record.Genesis(s.till, epoch)
		if i == 0 && epoch == after.Epoch && after.Seq > 0 {
			from = after
		}
		chunk, err := s.chunk(from, maxRecords, maxBytes)
		if err != nil || chunk.Count() > 0 {
			return chunk, err
		}
	}
	return outbox.Chunk{}, nil
}

// chunk copies whole commits of one epoch. What lies behind the last signature within the bounds waits for the next chunk; a first
// commit is taken whole whatever its size.
func (s *source) chunk(prev record.Head, maxRecords, maxBytes int) (outbox.Chunk, error) {
	list, err := s.journal.Read(prev.Epoch, prev.Seq+1, max(maxRecords, journal.CommitRecords))
	if err != nil {
		return outbox.Chunk{}, err
	}
	var records []byte
	end, cut := -1, 0
	for i, stored := range list {
		if end >= 0 && (i >= maxRecords || len(records)+len(stored.Raw) > maxBytes) {
			break
		}
		records = append(records, stored.Raw...)
		if len(stored.Signature) > 0 {
			end, cut = i, len(records)
		}
	}
	if end < 0 {
		return outbox.Chunk{}, nil
	}
	return outbox.Chunk{Prev: prev, Last: record.HeadOf(prev.Epoch, list[end].Key, list[end].Raw), Records: records[:cut], Signature: list[end].Signature}, nil
}
