package zvt

import (
	"context"
	"errors"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// Sale sends 06 01 once and follows the terminal to the end. See [drivers.CardTerminal] for what its errors mean for the money.
func (t *terminal) Sale(ctx context.Context, sale drivers.Sale) (drivers.Outcome, error) {
	payment, err := t.payment(sale.Amount)
	if err != nil {
		return drivers.Outcome{}, err
	}
	if closed(sale.Cancel) {
		return drivers.Outcome{}, pos.NewError("cancelled", pos.Permanent, pos.NoneMoved,
			"The payment was cancelled before the terminal was asked.", "Start it again if it is still wanted.")
	}
	if !t.registered {
		if err := t.register(ctx); err != nil {
			return drivers.Outcome{}, unavailable(err)
		}
	}
	if err := t.begin(ctx, payment); err != nil {
		return drivers.Outcome{}, err
	}
	r := newRun(t, sale)
	r.follow(ctx)
	return r.outcome()
}

// payment builds 06 01, after the checks that need no terminal (amount 1 to 999999999999 minor units, our currency).
func (t *terminal) payment(m pos.Money) (codec.APDU, error) {
	if m.Amount <= 0 || m.Amount > pos.MaxAmount {
		return codec.APDU{}, pos.NewError(amountInvalid, pos.Permanent, pos.NoneMoved,
			"A card terminal takes amounts from 1 to 999999999999 minor units.", "Check the amount.")
	}
	if m.Currency != t.currency {
		return codec.APDU{}, pos.NewError(amountInvalid, pos.Permanent, pos.NoneMoved,
			"The card terminal is set up for "+string(t.currency)+", not for "+string(m.Currency)+".", "Take the payment in the terminal's currency.")
	}
	b := codec.Build(0x06, 0x01).Number(codec.Amount, uint64(m.Amount)).
		Number(codec.CurrencyCode, uint64(m.Currency.Numeric())).Field(codec.PaymentType, t.options.paymentType)
	if t.options.resultTimeout > 0 {
		b.Field(codec.Timeout, t.options.resultTimeout)
	}
	return b.APDU()
}

// begin sends the payment command. After it there is no way back to "nothing moved" but a refusal.
func (t *terminal) begin(ctx context.Context, payment codec.APDU) error {
	err := t.command(ctx, payment)
	if err == nil {
		return nil
	}
	var no *refusal
	if errors.As(err, &no) && no.code == notRegistered {
		t.registered = false
	}
	return began(err)
}

// notRegistered is the refusal of a terminal that has forgotten our registration, after a restart for example.
const notRegistered byte = 0x6B

// closed says whether a channel is closed; nil never is.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
