package concert

import (
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/stx"
)

// Sale asks for a debit once and waits for the terminal's answer. See [drivers.CardTerminal] for what its errors mean for the money.
func (t *terminal) Sale(ctx context.Context, sale drivers.Sale) (drivers.Outcome, error) {
	return t.move(ctx, drivers.SaleOf, sale)
}

// Void asks for a cancellation of the sale's amount. The protocol cannot name a sale: the terminal takes back one of that amount on the
// card that is presented.
func (t *terminal) Void(ctx context.Context, sale drivers.Sale, _ drivers.Last) (drivers.Outcome, error) {
	return t.move(ctx, drivers.VoidOf, sale)
}

// Refund asks for a credit.
func (t *terminal) Refund(ctx context.Context, sale drivers.Sale) (drivers.Outcome, error) {
	return t.move(ctx, drivers.RefundOf, sale)
}

// slice is the longest wait without a look at the cashier's wish.
const slice = 200 * time.Millisecond

// graceTime is how long a terminal that did not acknowledge is still listened to: it may have the message, and answer at once.
const graceTime = 2 * time.Second

func (t *terminal) move(ctx context.Context, what drivers.Transaction, sale drivers.Sale) (drivers.Outcome, error) {
	if err := t.payable(sale.Amount); err != nil {
		return drivers.Outcome{}, err
	}
	w := &wait{t: t, order: t.order(what, sale.Amount, sale.Ref), sale: sale}
	payload := t.request(w.order)
	sent := t.link.request(ctx, payload)
	var failed *stx.SendError
	switch {
	case sent == nil:
		w.until = time.Now().Add(t.options.answerWait)
		sale.Progress(drivers.Progress{Code: "sent", Text: "The terminal has it: it is the customer's turn."})
	case errors.As(sent, &failed) && failed.Reach == stx.NotSent:
		return drivers.Outcome{}, t.notStarted(w.order, sent)
	case errors.As(sent, &failed) && failed.Reach == stx.NotAccepted:
		return drivers.Outcome{}, notTaken(w.order, sent)
	case errors.Is(sent, stx.ErrSilent), errors.Is(sent, stx.ErrNAK):
		w.until = time.Now().Add(graceTime)
	default:
		return drivers.Outcome{}, t.lost(t.unknown(w.order, "The card terminal may have got the "+w.order.noun()+".", sent))
	}
	out, err := w.follow(ctx)
	if err != nil && sent != nil {
		err = t.unknown(w.order, "The card terminal did not acknowledge the "+w.order.noun()+" and may have it.", errors.Join(sent, err))
	}
	if err != nil {
		return drivers.Outcome{}, t.lost(err)
	}
	return out, nil
}

// lost notes that the answer to a command may still come. Until it can no more, an answer without the till's own name for its command
// proves nothing.
func (t *terminal) lost(err error) error {
	t.lostHere, t.owed = true, time.Now().Add(t.options.answerWait)
	return err
}

// wait is a command whose message the terminal has, or may have.
type wait struct {
	t       *terminal
	order   order
	sale    drivers.Sale
	until   time.Time
	advised bool  // the cashier was told where to stop
	odd     error // why the last message that was not understood was not
}

// follow takes the terminal's messages until one is the answer.
func (w *wait) follow(ctx context.Context) (drivers.Outcome, error) {
	for {
		a, err := w.t.link.answer(ctx, earlier(w.until, time.Now().Add(slice)))
		switch {
		case errors.Is(err, drivers.ErrQuiet) && time.Now().Before(w.until):
			w.advise()
			continue
		case err != nil:
			return drivers.Outcome{}, w.ended(ctx, err)
		}
		out, over, err := w.weigh(ctx, a)
		if over || err != nil {
			return out, err
		}
	}
}

// advise tells the cashier, once, that only the customer or he himself can stop the terminal.
func (w *wait) advise() {
	select {
	case <-w.sale.Cancel:
		if !w.advised {
			w.advised = true
			w.sale.Progress(drivers.Progress{Code: "stop", Text: "The till cannot stop this terminal: press its red key, or let the customer do so."})
		}
	default:
	}
}

// ended says why no answer came.
func (w *wait) ended(ctx context.Context, err error) error {
	text := "The connection to the card terminal was lost before it told how the " + w.order.noun() + " went."
	switch family := w.t.link.heard(); {
	case family != "":
		text = "What stands at this port does not speak Concert; it looks like " + family + ". It did not tell how the " + w.order.noun() + " went."
	case errors.Is(err, drivers.ErrQuiet) && w.odd != nil:
		text, err = "The card terminal gave no clear answer to the "+w.order.noun()+".", w.odd
	case errors.Is(err, drivers.ErrQuiet):
		text = "The card terminal did not tell in time how the " + w.order.noun() + " went."
	case ctx.Err() != nil:
		text = "The wait was abandoned before the card terminal told how the " + w.order.noun() + " went."
	}
	return w.t.unknown(w.order, text, err)
}

// weigh looks whether a message is the answer and what it decides. It is acknowledged when it is durable, or when there is nothing in it
// to be made so.
func (w *wait) weigh(ctx context.Context, a *answer) (out drivers.Outcome, over bool, err error) {
	fits := w.order.fits(a)
	switch {
	case fits == another, fits == like && time.Now().Before(w.t.owed), a.action == actionStatus: // the last answers an earlier question
		return out, false, w.pass(ctx, a)
	case a.state == done && !a.complete(w.t.options.generation):
		w.odd = errors.New("the terminal reports success and does not say of what")
		return out, false, w.acknowledge(ctx)
	case a.state == under:
		w.sale.Progress(drivers.Progress{Code: a.code, Text: "The terminal has taken it on."})
		return out, false, w.acknowledge(ctx)
	case a.state == refused && a.notBegun:
		if err := w.acknowledge(ctx); err != nil {
			return out, true, err
		}
		return out, true, notBegun(w.order, a)
	case a.state == unclear:
		if err := w.acknowledge(ctx); err != nil {
			return out, true, err
		}
		return out, true, w.t.unknown(w.order, "The card terminal itself does not know how the "+w.order.noun()+" went ("+a.code+").", nil)
	}
	return w.decide(ctx, a)
}

// decide makes the result durable and only then acknowledges it. One that could not be stored is not acknowledged.
func (w *wait) decide(ctx context.Context, a *answer) (drivers.Outcome, bool, error) {
	result := a.result(w.order)
	if err := w.sale.Commit(result); err != nil {
		w.t.link.drop()
		return drivers.Outcome{}, true, w.t.unknown(w.order, "The result of the "+w.order.noun()+" could not be stored; it was not acknowledged.", err)
	}
	if err := w.acknowledge(ctx); err != nil {
		return drivers.Outcome{}, true, err
	}
	w.t.owed = time.Time{}
	return drivers.Outcome{Result: result, Receipts: a.receipts}, true, nil
}

// pass takes a message that belongs to something else: the terminal must get rid of it, and a recovery may want it.
func (w *wait) pass(ctx context.Context, a *answer) error {
	err := w.acknowledge(ctx)
	if a.strange != nil {
		w.odd = a.strange
		return err
	}
	w.t.keep(a)
	w.sale.Progress(drivers.Progress{Code: a.code, Text: "The terminal answered something else; its answer to this " + w.order.noun() + " is waited for."})
	return err
}

func (w *wait) acknowledge(ctx context.Context) error {
	if err := w.t.link.accept(); err != nil {
		return w.t.unknown(w.order, "The connection to the card terminal was lost when it told how the "+w.order.noun()+" went.", err)
	}
	w.t.link.finish(ctx)
	return nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
