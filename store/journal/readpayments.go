package journal

import (
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// reading folds a journal from its first record to its last one, in memory.
type reading struct {
	book   view.Payments
	gone   view.Carried
	partly bool  // the journal does not hold all records: some were removed, or a hole stands for them
	lost   error // a record whose payment did not begin here
}

// Payments folds the whole journal. Records of kinds that this version does not know are passed over. Payments that went with a part that was removed
// are not among them.
func (r *Reader) Payments() (view.Payments, error) {
	in, err := r.fold()
	if err != nil {
		return nil, err
	}
	return in.book, nil
}

// Totals adds up what was taken, in the part that was removed too.
func (r *Reader) Totals() (pos.Totals, error) {
	in, err := r.fold()
	if err != nil {
		return nil, err
	}
	here, err := in.book.Totals()
	if err != nil {
		return nil, err
	}
	return view.Together(in.gone.Totals, here)
}

// Carried tells what is known of the part of the journal that was removed.
func (r *Reader) Carried() (view.Carried, error) {
	in, err := r.fold()
	if err != nil {
		return view.Carried{}, err
	}
	return in.gone, nil
}

func (r *Reader) fold() (*reading, error) {
	in := &reading{book: view.Payments{}}
	if err := r.All(func(rec *record.Record) error { return in.take(r.codec, rec) }); err != nil {
		return nil, err
	}
	if in.lost != nil && !in.partly {
		return nil, in.lost
	}
	for id, p := range in.book {
		if in.gone.Of.Seq > 0 && p.Leaves(in.gone.Of) {
			delete(in.book, id)
		}
	}
	return in, nil
}

func (in *reading) take(codec *record.Codec, rec *record.Record) error {
	body, err := codec.Body(rec)
	if errors.Is(err, record.ErrUninterpreted) {
		return nil
	}
	switch b := body.(type) {
	case *record.Hole:
		in.partly = true
		return nil
	case *record.Carry:
		return in.carry(rec, b)
	}
	if err == nil {
		err = view.FoldBody(in.book, rec, body)
	}
	if errors.Is(err, view.ErrNoIntent) {
		in.lost = fmt.Errorf("record %d: %w", rec.Seq, err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("record %d: %w", rec.Seq, err)
	}
	return nil
}

func (in *reading) carry(rec *record.Record, c *record.Carry) error {
	payments, err := view.UnpackPayments(c)
	if err != nil {
		return fmt.Errorf("record %d: %w", rec.Seq, err)
	}
	for _, p := range payments {
		in.book[p.Intent.Payment] = p
	}
	if c.Last {
		in.partly, in.gone = true, view.CarriedBy(rec, c)
	}
	return nil
}
