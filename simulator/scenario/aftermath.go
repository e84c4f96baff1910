package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
)

// traceMoney holds the acquirer against what the cashier saw: it may not keep money of a payment that ended without it.
func (y *day) traceMoney(ctx context.Context, s *phoneSale) {
	y.tally.Lock()
	answers := append([]api.Payment{}, y.answers[s.order]...)
	y.tally.Unlock()
	for _, p := range answers {
		if p.Tender == pos.Cash || !p.Status.Uncharged() {
			continue
		}
		var kept pos.Money
		for until := time.Now().Add(refundTime); ctx.Err() == nil; time.Sleep(glance) {
			account, _ := y.bank.Account(refOf(p.ID))
			if kept = account.Net; kept.Amount == 0 {
				break
			}
			if time.Now().After(until) {
				y.violate(fmt.Sprintf("law 3: order %s ended as %s and the acquirer keeps %s", s.order, p.Status, kept))
				break
			}
		}
	}
}

// showAgain shows a code that was used to another payment: it must be refused there, whatever became of the first.
func (y *day) showAgain(ctx context.Context, s *phoneSale) error {
	r := s.request(time.Now())
	r.Order += "/again"
	for ctx.Err() == nil {
		_, err := y.client.pay(ctx, r, 0)
		switch codeOf(err) {
		case "code_used":
			y.happened(codeAgain)
			return nil
		case "offline_refused":
		case "":
			if err == nil {
				y.violate("the code of sale " + string(s.order) + " was taken for a second payment")
				return nil
			}
			if err := y.raise(ctx); err != nil {
				return err
			}
		default:
			return err
		}
		time.Sleep(glance)
	}
	return ctx.Err()
}

// awaitRefund waits until money that came after the end has gone back. Where the acquirer never had the order there is none.
func (y *day) awaitRefund(ctx context.Context, s *phoneSale, p api.Payment) error {
	if s.how.late > 0 && s.reference != "" && p.Status.Uncharged() {
		y.transfer(s.reference, pos.Money{Amount: s.paid(), Currency: currency}, s.how.late)
	}
	for until := time.Now().Add(refundTime); time.Now().Before(until) && ctx.Err() == nil; time.Sleep(glance) {
		now, err := y.client.payment(ctx, p.ID.String())
		switch {
		case err == nil && now.Status == pos.Refunded:
			y.happened("refunded")
			return nil
		case err == nil && now.Status.Taken() && !now.Unwanted:
			return nil
		case err != nil && codeOf(err) == "":
			if err := y.raise(ctx); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// cashierCancels gives a payment up as the cashier does. Where nobody knows whether it was taken, the order is free again and is
// paid in cash at once.
func (y *day) cashierCancels(ctx context.Context, s *phoneSale, p *api.Payment) bool {
	if p.Status == pos.Pending {
		time.Sleep(cashierStop)
	}
	now, err := y.client.cancel(ctx, p.ID.String())
	if err != nil {
		return codeOf(err) == "not_cancellable" // it has ended meanwhile; else the cashier tries again
	}
	y.came(s, true)
	if s.how.trouble == givenUp && now.Unwanted {
		y.payInCash(ctx, s)
	}
	return true
}

// payInCash collects an order whose first attempt has ended, or was given up.
func (y *day) payInCash(ctx context.Context, s *phoneSale) {
	p, doubted, err := y.ask(ctx, request{Order: string(s.order), Attempt: 2, Amount: int64(s.amount), Currency: string(currency), Tender: string(pos.Cash)})
	if err == nil {
		y.note(s.order, p, doubted)
		return
	}
	y.tally.Lock()
	defer y.tally.Unlock()
	y.failed = append(y.failed, fmt.Errorf("sale %s in cash: %w", s.order, err))
}
