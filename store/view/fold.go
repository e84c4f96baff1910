package view

import (
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// Book finds and keeps payments while records are folded into it. Implementations are a map, a file on the till and a database.
type Book interface {
	// Payment returns the payment, nil when there is none. The caller may change it and give it to Put.
	Payment(id pos.PaymentID) (*Payment, error)
	Put(p *Payment) error
}

// ErrNoIntent says that a record speaks of a payment whose intent is not in the book: it was never written, is in a part of the journal that was
// removed, or cannot be read any more.
var ErrNoIntent = errors.New("without an intent")

// Fold applies one record to a book. Records that speak of no payment change nothing. An error says that the record does not fit what came
// before it; the book is unchanged then.
func Fold(book Book, codec *record.Codec, r *record.Record) error {
	body, err := codec.Body(r)
	if err != nil {
		return err
	}
	return FoldBody(book, r, body)
}

// FoldBody is [Fold] for who has the record's body already. The book keeps copies of it.
func FoldBody(book Book, r *record.Record, body record.Body) error {
	subject, ok := body.(record.Subject)
	if !ok || subject.PaymentID().IsZero() {
		return nil
	}
	p, err := book.Payment(subject.PaymentID())
	if err != nil {
		return err
	}
	intent, begins := body.(*record.Intent)
	switch {
	case begins && p == nil:
		p = Begin(r, intent)
	case p == nil && Foreign(r, body):
		p = BeginForeign(r, body.(*record.Operation))
		if err := p.Apply(r, subject); err != nil {
			return err
		}
	case p == nil:
		return fmt.Errorf("payment %s: %s %w", subject.PaymentID(), r.Kind, ErrNoIntent)
	default:
		if err := p.Apply(r, subject); err != nil {
			return err
		}
	}
	return book.Put(p)
}

// Payments is a book in memory.
type Payments map[pos.PaymentID]*Payment

// Payment implements [Book].
func (b Payments) Payment(id pos.PaymentID) (*Payment, error) {
	if p := b[id]; p != nil {
		c := *p
		return &c, nil
	}
	return nil, nil
}

// Put implements [Book].
func (b Payments) Put(p *Payment) error {
	b[p.Intent.Payment] = p
	return nil
}

// Totals counts what was taken.
func (b Payments) Totals() (pos.Totals, error) {
	totals := pos.Totals{}
	for _, p := range b {
		if p.Status.Taken() {
			if err := totals.Add(p.Intent.Tender, p.Taken()); err != nil {
				return nil, err
			}
		}
	}
	return totals, nil
}
