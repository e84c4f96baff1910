package hypercom

import (
	"context"
	"fmt"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// Sale sends a purchase by card once and waits for its answer. See [drivers.CardTerminal] for what its errors mean for the money.
func (t *terminal) Sale(ctx context.Context, sale drivers.Sale) (drivers.Outcome, error) {
	return t.move(ctx, paying, t.options.profile.sale, sale, drivers.Last{})
}

// Void sends the invoice number of the sale.
func (t *terminal) Void(ctx context.Context, command drivers.Sale, of drivers.Last) (drivers.Outcome, error) {
	c := t.options.profile.void
	if c.code != "" && !isNumber(of.ReceiptNo) {
		return drivers.Outcome{}, pos.NewError(notSupported, pos.Permanent, pos.NoneMoved,
			"The card terminal takes a sale back by its invoice number, and told none for this one.",
			"Void it at the terminal itself, or give the money back in another way.")
	}
	return t.move(ctx, voiding, c, command, of)
}

// Refund sends the amount; the customer presents the card.
func (t *terminal) Refund(ctx context.Context, command drivers.Sale) (drivers.Outcome, error) {
	return t.move(ctx, refunding, t.options.profile.refund, command, drivers.Last{})
}

// move carries a sale, void or refund through the terminal.
func (t *terminal) move(ctx context.Context, d deed, c codes, command drivers.Sale, of drivers.Last) (drivers.Outcome, error) {
	if c.code == "" {
		return drivers.Outcome{}, t.lacking(string(d))
	}
	if err := t.payable(command.Amount); err != nil {
		return drivers.Outcome{}, err
	}
	w := wish{amount: command.Amount.Amount, of: of}
	if t.options.profile.named {
		w.id = drivers.Ticket(command.Ref, idLength)
	}
	var out drivers.Outcome
	err := t.perform(ctx, task{deed: d, request: t.options.request(c, w), wish: w, cancel: command.Cancel, progress: command.Progress,
		keep: func(_ *incoming, r reply, stopped bool) (known bool, err error) {
			if out.Result, known = t.options.decided(r, command.Amount, stopped); !known {
				return false, nil
			}
			return true, command.Commit(out.Result)
		}})
	if err != nil {
		return drivers.Outcome{}, err
	}
	return out, nil
}

// payable says whether the terminal can be asked for an amount: minor units in twelve digits, in the currency that it is configured to.
func (t *terminal) payable(m pos.Money) error {
	if m.Currency == t.currency && m.Amount >= 1 && m.Amount <= pos.MaxAmount {
		return nil
	}
	return pos.NewError(amountInvalid, pos.Permanent, pos.NoneMoved, fmt.Sprintf("The card terminal cannot be asked for %s.", m),
		fmt.Sprintf("It takes amounts from %s to %s.", pos.Money{Amount: 1, Currency: t.currency}, pos.Money{Amount: pos.MaxAmount, Currency: t.currency}))
}
