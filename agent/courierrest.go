package agent

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/courier"
	"github.com/tillproof/tillproof/sync/outbox"
	"github.com/tillproof/tillproof/sync/wire"
)

// resting is the journal of a till that is not running.
type resting struct {
	*journal.Reader
	till pos.TillID
}

// Locate implements ledge.
func (r resting) Locate(h record.Head) (outbox.Place, error) {
	if !slices.Contains(r.Epochs(), h.Epoch) {
		return outbox.Elsewhere, nil
	}
	last, err := r.LastSeq(h.Epoch)
	if err != nil {
		return outbox.Elsewhere, err
	}
	if h.Seq > last {
		return outbox.Beyond, nil
	}
	own := record.Genesis(r.till, h.Epoch)
	if h.Seq > 0 {
		if own, err = r.HeadAt(h.Epoch, h.Seq); errors.Is(err, journal.ErrNotFound) {
			return outbox.Elsewhere, nil
		}
	}
	if err != nil || own == h {
		return outbox.Same, err
	}
	return outbox.Differs, nil
}

// Custody of a till that is not running.
type Custody struct {
	paths Paths
	till  pos.TillID
	keys  cose.Keys
	codec *wire.Codec
}

// OpenCustody reads whose acknowledgements count for the till whose files lie in paths: those of the root key, or of the keys that it vouches for.
func OpenCustody(paths Paths, root cose.PublicKey) (*Custody, error) {
	till, err := journal.Owner(paths.Journal)
	if err != nil {
		return nil, err
	}
	codec, err := wire.NewCodec()
	if err != nil {
		return nil, err
	}
	keys, err := openKeyring(filepath.Dir(paths.Key), root, codec, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	return &Custody{paths, till, keys.kept(wire.UseAck), codec}, nil
}

// Acked is how far the platform's custody is known to go, the zero Head when nothing is known.
func (c *Custody) Acked() (record.Head, error) {
	r, err := journal.OpenReader(c.paths.Journal)
	if err != nil {
		return record.Head{}, err
	}
	defer r.Close()
	return c.acked(resting{r, c.till})
}

func (c *Custody) acked(r resting) (record.Head, error) {
	raw, err := r.Acknowledgement()
	if err != nil || raw == nil {
		return record.Head{}, err
	}
	ack, err := c.codec.OpenAck(raw, c.keys)
	if err != nil || ack.Till != c.till {
		return record.Head{}, nil // another platform's: it frees nothing
	}
	for _, head := range []*record.Head{&ack.Mark, ack.Last} {
		if head == nil {
			continue
		}
		if place, err := r.Locate(*head); err != nil || place == outbox.Same {
			return *head, err
		}
	}
	return record.Head{}, nil
}

// Acknowledge keeps an acknowledgement that moves custody forward. It fails with code journal_locked while an agent runs.
func (c *Custody) Acknowledge(message []byte) (out api.Acknowledged, err error) {
	ack, err := c.codec.OpenAck(message, c.keys)
	if err == nil && ack.Till != c.till {
		err = fmt.Errorf("it is for till %s", ack.Till)
	}
	if err != nil {
		return out, errNoAcknowledgement(err)
	}
	out = api.Acknowledged{State: string(ack.State), Epoch: ack.Mark.Epoch, Seq: ack.Mark.Seq}
	if out.Freed, out.Backlog, err = c.judge(ack); err != nil || !out.Freed {
		return out, err
	}
	return out, journal.KeepAcknowledgement(c.paths.Journal, message)
}

// judge says whether an acknowledgement moves custody, and how many records are open then.
func (c *Custody) judge(ack *wire.Ack) (moves bool, open uint64, err error) {
	reader, err := journal.OpenReader(c.paths.Journal)
	if err != nil {
		return false, 0, err
	}
	defer reader.Close()
	r := resting{reader, c.till}
	acked, err := c.acked(r)
	if err != nil {
		return false, 0, err
	}
	to, moves, err := freed(r, acked, ack)
	if moves {
		acked = to
	}
	epochs := r.Epochs()
	for _, epoch := range epochs[max(0, slices.Index(epochs, acked.Epoch)):] {
		last, lastErr := r.LastSeq(epoch)
		err = errors.Join(err, lastErr)
		if open += uint64(last); epoch == acked.Epoch {
			open -= uint64(min(acked.Seq, last))
		}
	}
	return moves, open, err
}

// Export writes the records of a till that is not running, sealed if a key is given: those behind a head, or all of them for the zero Head. It returns
// how many; on an error those are in the file.
func (c *Custody) Export(out *courier.Writer, after record.Head) (records uint64, err error) {
	r, err := journal.OpenReader(c.paths.Journal)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	pack := courier.NewPacker(c.till, c.codec, func(message []byte) error {
		batch, err := c.codec.DecodeBatch(message)
		if err != nil {
			return err
		}
		records += uint64(batch.Count)
		return out.Add(c.till, message)
	})
	epochs := r.Epochs()
	for _, epoch := range epochs[max(0, slices.Index(epochs, after.Epoch)):] {
		from := pos.Seq(1)
		if epoch == after.Epoch {
			from = after.Seq + 1
		}
		head, err := r.Before(epoch, from)
		if errors.Is(err, journal.ErrNotFound) {
			continue
		}
		if err == nil {
			err = pack.Begin(head)
		}
		if err == nil {
			err = r.Each(epoch, head.Seq+1, func(s journal.Stored) error { return pack.Add(s.Raw, s.Signature) })
		}
		if err = errors.Join(err, pack.Flush()); err != nil {
			return records, fmt.Errorf("epoch %s: %w", epoch, err)
		}
	}
	return records, nil
}

// ReadAcknowledgements calls fn for every acknowledgement in a file of `platform import` that is for the given till.
func ReadAcknowledgements(from io.Reader, till pos.TillID, fn func(message []byte) error) error {
	file, err := courier.NewReader(from, nil)
	if err != nil {
		return err
	}
	if file.Kind() != courier.Acks {
		return fmt.Errorf("the file carries %s; it is for the platform, not for a till", file.Kind())
	}
	for {
		letter, err := file.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if letter.Till != till {
			continue
		}
		if err := fn(letter.Message); err != nil {
			return err
		}
	}
}
