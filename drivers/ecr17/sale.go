package ecr17

import (
	"context"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/ecr17/codec"
	"github.com/tillproof/tillproof/pos"
)

// maxCents is what the eight digits of an amount hold.
const maxCents pos.Minor = 99_999_999

// Sale sends X (P where the options say so) once and waits for its result. See [drivers.CardTerminal] for what its errors mean for the money.
func (t *terminal) Sale(ctx context.Context, sale drivers.Sale) (drivers.Outcome, error) {
	if err := t.payable(sale.Amount); err != nil {
		return drivers.Outcome{}, err
	}
	code := byte('X')
	if t.options.plain {
		code = 'P'
	}
	m := t.request(code, 167)
	m.Number(23, 23, t.options.kind)
	m.Number(24, 31, uint64(sale.Amount.Amount))
	m.Text(32, 159, "")
	return t.move(ctx, paying, m, sale)
}

// Void sends S with the STAN of the payment. The terminal takes back its last payment only, when the STAN is that payment's, and wants the same card
// again. Of an older one it is known here that it cannot be taken back: nothing is sent then.
func (t *terminal) Void(ctx context.Context, sale drivers.Sale, of drivers.Last) (drivers.Outcome, error) {
	if err := t.payable(sale.Amount); err != nil {
		return drivers.Outcome{}, err
	}
	if stan(of.Trace) == "" || of.Trace == noStan {
		return drivers.Outcome{}, cannotTakeBack("The card terminal gave this payment no number (STAN), by which it could be taken back.")
	}
	if t.paid != "" && t.paid != of.Trace {
		return drivers.Outcome{}, cannotTakeBack("The card terminal takes back its last payment only, which is " + t.paid + ", not " + of.Trace + ".")
	}
	m := t.request('S', 26)
	copy(m[18:24], of.Trace)
	return t.move(ctx, reversing, m, sale)
}

func cannotTakeBack(text string) error {
	return pos.NewError(notSupported, pos.Permanent, pos.NoneMoved, text, "Give the money back in another way, or have the terminal's provider do it.")
}

// Refund is not part of the protocol.
func (t *terminal) Refund(context.Context, drivers.Sale) (drivers.Outcome, error) {
	return drivers.Outcome{}, pos.NewError(notSupported, pos.Permanent, pos.NoneMoved, "Card terminals of this family (ECR17) have no refund by the till.",
		"Take the last payment back with a void, or give the money back in another way.")
}

// payable says whether the terminal can be asked for an amount: cents in eight digits.
func (t *terminal) payable(m pos.Money) error {
	if m.Currency == t.currency && m.Amount >= 1 && m.Amount <= maxCents {
		return nil
	}
	return pos.NewError(amountInvalid, pos.Permanent, pos.NoneMoved, fmt.Sprintf("The card terminal cannot be asked for %s.", m),
		fmt.Sprintf("It takes amounts from %s to %s.", pos.Money{Amount: 1, Currency: t.currency}, pos.Money{Amount: maxCents, Currency: t.currency}))
}

// move carries a payment or a reversal through the terminal.
func (t *terminal) move(ctx context.Context, d deed, m codec.Message, sale drivers.Sale) (drivers.Outcome, error) {
	var got reply
	r, err := t.perform(ctx, task{deed: d, request: m, answers: "EV", amount: sale.Amount.Amount, cancel: sale.Cancel, progress: sale.Progress, keep: func(m codec.Message) (bool, error) {
		got = readResult(m, sale.Amount, time.Now())
		if _, known := meaningOf(got.outcome); !known {
			return false, nil
		}
		return true, sale.Commit(got.result)
	}})
	if err != nil {
		return drivers.Outcome{}, err
	}
	t.remember(d, got)
	out := drivers.Outcome{Result: got.result, Receipts: r.receipts}
	if got.stan != "" {
		out.Last = got.last()
	}
	return out, nil
}

// remember notes the last number, and which payment is the last one, which is what may be taken back.
func (t *terminal) remember(d deed, got reply) {
	t.stan = got.stan
	if d == paying && got.outcome == resultOK {
		t.paid = got.stan
	}
}
