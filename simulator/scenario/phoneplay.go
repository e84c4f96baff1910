package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
)

// The pauses of a phone payment's cashier and customer.
const (
	phoneTime   = 150 * time.Second      // a phone sale must have ended by then, an outage and its refund included
	glance      = 120 * time.Millisecond // between looks at the screen
	rescan      = 700 * time.Millisecond // until a code that was not taken is held to the scanner again
	goOffline   = 5 * time.Second        // a till without a network must know that by then
	refundTime  = 25 * time.Second       // money that came late must have gone back by then
	cashierStop = 300 * time.Millisecond // until a cashier gives a payment up
)

// startPhones begins the phone sales that are planned before a sale of the counter.
func (y *day) startPhones(ctx context.Context, i int) {
	for n := range y.plan.phone {
		if s := &y.plan.phone[n]; s.at == i {
			y.phones.Go(func() {
				err := y.phone(ctx, s)
				for s.next > 0 && err == nil && !s.came.Load() { // another customer of the kind
					s = &y.plan.phone[s.next]
					err = y.phone(ctx, s)
				}
				y.finish(s, err)
			})
		}
	}
}

// finish notes how a phone sale ended.
func (y *day) finish(s *phoneSale, err error) {
	y.tally.Lock()
	defer y.tally.Unlock()
	if err != nil {
		y.failed = append(y.failed, fmt.Errorf("sale %s (%s, %s %d): %w", s.order, s.how.name, s.tender, s.amount, err))
	}
	y.sold++
	y.progress(y.sold, y.plan.count())
}

// phone carries one order that a phone pays to its end, and traces its money.
func (y *day) phone(ctx context.Context, s *phoneSale) error {
	defer y.traceMoney(ctx, s)
	return y.sellByPhone(ctx, s)
}

// sellByPhone carries the order to its end, in cash when it ended uncharged.
func (y *day) sellByPhone(ctx context.Context, s *phoneSale) error {
	ctx, cancel := context.WithTimeout(ctx, phoneTime)
	defer cancel()
	y.bank.planOrder(s.order, s.how.customer)
	if s.how.offline {
		y.awaitMode(ctx, "offline")
	}
	if s.how.trouble == replyLost || s.how.trouble == givenUp {
		defer y.loseReplies(ctx, s)()
	}
	p, doubted, err := y.follow(ctx, s)
	refused := codeOf(err) == "offline_refused"
	switch {
	case refused:
		y.happened(refusedOffline)
	case errors.Is(err, context.DeadlineExceeded):
		y.violate(fmt.Sprintf("order %s (%s, %s) had no outcome within %s: %v", s.order, s.how.name, s.tender, phoneTime, err))
		return nil
	case err != nil:
		return err
	default:
		y.note(s.order, p, doubted)
	}
	if s.how.trouble == codeAgain && !refused {
		if err := y.showAgain(ctx, s); err != nil {
			return err
		}
	}
	if s.how.moneyComesLate() {
		return y.awaitRefund(ctx, s, p)
	}
	if len(s.backs) > 0 && p.Status == pos.Approved && !refused {
		return y.giveBackByPhone(ctx, s, &p)
	}
	if refused || s.retry && p.Status.Uncharged() {
		y.payInCash(ctx, s)
	}
	return nil
}

// giveBackByPhone gives back what is planned of a payment that a phone has made.
func (y *day) giveBackByPhone(ctx context.Context, s *phoneSale, p *api.Payment) error {
	for _, b := range s.backs {
		if err := y.back(ctx, p, b); err != nil {
			return err
		}
	}
	return nil
}

// follow begins the payment and looks at it until it is decided, through kills and restarts. An error with the code
// offline_refused says that the till refused it because it is offline, as it was planned to; a refusal that was not planned is
// one for the moment, and the cashier tries again.
func (y *day) follow(ctx context.Context, s *phoneSale) (p api.Payment, doubted bool, err error) {
	t := &turn{s: s, leave: func() {}}
	defer func() { t.leave() }()
	for ctx.Err() == nil {
		if p, err = y.lookUp(ctx, t); err == nil {
			doubted = doubted || p.Status == pos.Unknown
			if !p.Status.Open() {
				return p, doubted, nil
			}
			y.serve(ctx, t, &p)
		} else if done, err := y.refusal(ctx, t, err); done {
			return p, doubted, err
		}
		time.Sleep(glance)
	}
	return p, doubted, fmt.Errorf("%w, last answer %+v", errors.Join(ctx.Err(), err), p)
}

// awaitMode waits until the till says that it is in a mode.
func (y *day) awaitMode(ctx context.Context, mode string) {
	for until := time.Now().Add(goOffline); time.Now().Before(until) && ctx.Err() == nil; time.Sleep(retryPause) {
		if s, err := y.client.status(ctx); err == nil && s.Mode == mode {
			return
		} else if err != nil && codeOf(err) == "" && y.raise(ctx) != nil {
			return
		}
	}
}
