package engine

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

// readAtOnce is how many records are read in one go.
const readAtOnce = 100

// walk calls fn for every record behind one place up to another, over epochs. What this version cannot read concerns no money that it can count, and
// is passed over with a nil body.
func (e *Engine) walk(after, through record.Place, fn func(*record.Record, record.Body)) error {
	for _, epoch := range e.journal.Epochs() {
		from := record.Place{Epoch: epoch}
		if epoch == after.Epoch {
			from.Seq = after.Seq
		}
		for from.Compare(after) >= 0 && from.Compare(through) < 0 {
			page, err := e.journal.Read(epoch, from.Seq+1, readAtOnce)
			if err != nil {
				return err
			}
			if len(page) == 0 {
				break
			}
			from.Seq = page[len(page)-1].Key
			e.readPage(page, through, fn)
		}
	}
	return nil
}

func (e *Engine) readPage(page []journal.Stored, through record.Place, fn func(*record.Record, record.Body)) {
	codec := e.journal.Codec()
	for _, stored := range page {
		rec, _, err := codec.Decode(stored.Raw)
		if err != nil || rec.Place().Compare(through) > 0 {
			continue
		}
		body, err := codec.Body(&rec)
		if err != nil {
			body = nil
		}
		fn(&rec, body)
	}
}

// recordAt reads one record; journal.ErrNotFound when it is gone.
func (e *Engine) recordAt(at record.Place) (*record.Record, record.Body, error) {
	if !slices.Contains(e.journal.Epochs(), at.Epoch) {
		return nil, nil, journal.ErrNotFound
	}
	page, err := e.journal.Read(at.Epoch, at.Seq, 1)
	if err == nil && (len(page) == 0 || page[0].Key != at.Seq) {
		err = journal.ErrNotFound
	}
	if err != nil {
		return nil, nil, err
	}
	rec, _, err := e.journal.Codec().Decode(page[0].Raw)
	if err != nil {
		return nil, nil, err
	}
	body, err := e.journal.Codec().Body(&rec)
	return &rec, body, err
}

// errChain is the error of a record that another one names as what it is not.
func errChain(at record.Place, body record.Body) error {
	return errors.Join(pos.NewError("internal", pos.Permanent, pos.NoneMoved, "The records of the day do not fit together.",
		"Run `tillproof journal verify`. Selling goes on."), fmt.Errorf("record %d of epoch %s is a %T", at.Seq, at.Epoch, body))
}
