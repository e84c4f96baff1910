package engine

import (
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// cashStep is the smallest sum in cash, in minor units.
func (e *Engine) cashStep(c pos.Currency) pos.Minor {
	if step, set := e.opts.CashSteps[c]; set {
		return max(1, step)
	}
	return pos.CashStep(c)
}

// CashDue is what a customer has to hand over in cash for an amount: the nearest sum that can be paid in coins.
func (e *Engine) CashDue(m pos.Money) pos.Money {
	return pos.Money{Amount: pos.RoundCash(m.Amount, e.cashStep(m.Currency)), Currency: m.Currency}
}

// drawn is the decision of money that went into the drawer or out of it: what was due in coins for an amount.
func drawn(amount, due pos.Minor, currency pos.Currency) record.Decision {
	return record.Decision{Status: pos.Approved, Amount: due, Currency: currency, Rounding: due - amount}
}

// handBack is what the drawer gives for an amount to give back: rounded as a sale is, and never so that all that was handed back is more than what was
// taken.
func (e *Engine) handBack(p *view.Payment, amount pos.Minor) record.Decision {
	step := e.cashStep(p.Intent.Currency)
	left := p.Decision.Amount - handed(p)
	due := min(pos.RoundCash(amount, step), left-left%step)
	return drawn(amount, max(0, due), p.Intent.Currency)
}

// handed is what the customer really got back so far, or may have got: in cash that differs from what was given back by the rounding.
func handed(p *view.Payment) (sum pos.Minor) {
	for i := range p.Operations {
		switch o := &p.Operations[i]; {
		case o.State == pos.OperationRefused || o.Request.What == pos.Capture:
		case o.Request.Tender == pos.Cash && o.Decision != nil:
			sum += o.Decision.Amount
		default:
			sum += o.Request.Amount
		}
	}
	return sum
}
