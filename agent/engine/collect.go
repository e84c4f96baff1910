package engine

import (
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/view"
)

// mayCollect keeps an order from being charged twice: every other attempt must have ended without money, or be given up, or be a part payment
// that leaves room for this one in the order's amount. Later attempts count too: somebody may have lost count and gone back.
func (e *Engine) mayCollect(r *Request) error {
	attempts, err := e.journal.Views().Attempts(r.Order)
	if err != nil {
		return err
	}
	taken := pos.Money{Currency: r.Amount.Currency}
	for _, other := range attempts {
		if other.Status.Uncharged() || other.Unwanted {
			continue
		}
		if !other.Status.Taken() || r.OrderAmount == nil || other.Intent.Currency != r.Amount.Currency {
			return errOrderOpen(r.Order, other.Intent.Attempt, other.Status)
		}
		if taken, err = taken.Add(pos.Money{Amount: collected(other), Currency: other.Intent.Currency}); err != nil {
			return err
		}
	}
	if r.OrderAmount != nil && taken.Amount > *r.OrderAmount-r.Amount.Amount {
		rest := max(0, *r.OrderAmount-taken.Amount)
		return errAmount(fmt.Sprintf("%s of the order are paid already; this payment would be more than the rest.", taken),
			"Ask for the rest of the order only.").
			With("rest", rest)
	}
	return nil
}

// collected is what a payment has brought of its order: what was booked, which may be less than was asked, without the tip, without the rounding of
// cash, and less what was given back.
func collected(p *view.Payment) pos.Minor {
	d := p.Decision
	if d == nil {
		return 0
	}
	return max(0, d.Amount-d.Tip-d.Rounding-p.Returned)
}
