package engine

import (
	"context"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// task is money that is to move through a card terminal: a sale, a void or a refund. Their records differ; how they are carried through a terminal, and
// how the terminal is asked when its answer was lost, does not.
type task interface {
	order() pos.OrderRef
	payment() pos.PaymentID
	operation() pos.OperationKey // "" for the sale itself

	// command sends it. It is called once, after its record is durable (law 1).
	command(ctx context.Context, terminal drivers.CardTerminal, sale drivers.Sale) (drivers.Outcome, error)
	// pending is what the terminal is asked about when the outcome was lost.
	pending() drivers.Pending
	// unknown says whether its outcome is what somebody still waits for.
	unknown(p *view.Payment) bool

	told(d record.Decision) record.Body                // mark 2: durable before the terminal's result is acknowledged (law 2)
	confirmed(o drivers.Outcome) record.Body           // mark 3: the terminal is known to hold the same
	unsent(cause error) record.Body                    // it never reached the terminal: nothing moved
	doubted(e record.Evidence, why reason) record.Body // nobody knows
	proven(found drivers.Recovery) record.Body         // the terminal was asked and answered; never Undecided
}

// reason is a code for machines and a sentence for people.
type reason struct{ code, text string }

// sale is a payment by card.
type sale struct {
	intent *record.Intent
	stored *record.Decision // the result that was durable and not confirmed, nil when none came
	begun  time.Time        // when the intent was made durable, zero before that is asked for
}

func saleOf(p *view.Payment) sale {
	return sale{intent: &p.Intent, stored: p.Decision, begun: time.UnixMilli(p.Created)}
}

func (s sale) order() pos.OrderRef         { return s.intent.Order }
func (s sale) payment() pos.PaymentID      { return s.intent.Payment }
func (s sale) operation() pos.OperationKey { return "" }
func (s sale) unknown(p *view.Payment) bool {
	return p.Status == pos.Unknown && p.Evidence != record.Abandoned
}

func (s sale) command(ctx context.Context, terminal drivers.CardTerminal, command drivers.Sale) (drivers.Outcome, error) {
	command.Amount, command.Ref = pos.Money{Amount: s.intent.Amount, Currency: s.intent.Currency}, s.ref()
	if !s.intent.Reserve {
		return terminal.Sale(ctx, command)
	}
	reserver, err := reserverOf(terminal, s.intent.Device)
	if err != nil {
		return drivers.Outcome{}, err
	}
	return reserver.Reserve(ctx, command)
}

// ref is how a sale is called at a card terminal that takes the till's names.
func (s sale) ref() string { return s.intent.Payment.String() }

func (s sale) pending() drivers.Pending {
	q := drivers.Pending{What: drivers.SaleOf, Ref: s.ref(), Amount: pos.Money{Amount: s.intent.Amount, Currency: s.intent.Currency}, Before: last(s.intent.Before),
		Stored: stored(s.stored), Begun: s.begun}
	if s.intent.Reserve {
		q.What = drivers.ReservationOf
	}
	return q
}

func (s sale) told(d record.Decision) record.Body {
	return &record.Result{Payment: s.intent.Payment, Decision: s.means(d)}
}

func (s sale) confirmed(o drivers.Outcome) record.Body {
	return &record.Confirmed{Payment: s.intent.Payment, Receipts: receipts(o.Receipts)}
}

// unsent: a transient cause, or the cashier's own wish, leaves the next try to the cashier.
func (s sale) unsent(cause error) record.Body {
	why, final := refusal(cause)
	r := &record.Resolution{Payment: s.intent.Payment, Status: pos.Cancelled, Evidence: record.ByNotSent, Reason: why.code, Text: why.text}
	if final {
		r.Status = pos.Declined
	}
	return r
}

func (s sale) doubted(e record.Evidence, why reason) record.Body {
	return &record.Resolution{Payment: s.intent.Payment, Status: pos.Unknown, Evidence: e, Reason: why.code, Text: why.text}
}

// proven: a payment that is proven not to be charged ends as the terminal had declined it, or as cancelled.
func (s sale) proven(found drivers.Recovery) record.Body {
	r := &record.Resolution{Payment: s.intent.Payment, Evidence: record.ByTerminal, Text: found.Text}
	if found.Verdict == drivers.Charged {
		d := s.means(decision(found.Result))
		r.Status, r.Found = d.Status, &d
		return r
	}
	r.Status, r.Reason = pos.Cancelled, "not_charged"
	if d := s.stored; d != nil && d.Status.Uncharged() {
		r.Status, r.Reason, r.Text = d.Status, d.Code, d.Text
	}
	return r
}
