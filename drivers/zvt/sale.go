package zvt

import (
	"context"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// Sale sends 06 01 once and follows the terminal to the end. See [drivers.CardTerminal] for what its errors mean for the money.
func (t *terminal) Sale(ctx context.Context, sale drivers.Sale) (drivers.Outcome, error) {
	command, err := t.payment(sale.Amount)
	if err != nil {
		return drivers.Outcome{}, err
	}
	return t.move(ctx, moves(paying, command, sale))
}

// Void sends 06 30 with the receipt number of the sale (BMP 87) and its amount. The terminal takes back only what fits both and was not settled.
func (t *terminal) Void(ctx context.Context, sale drivers.Sale, of drivers.Last) (drivers.Outcome, error) {
	command, err := t.reversal(sale.Amount, of)
	if err != nil {
		return drivers.Outcome{}, err
	}
	return t.move(ctx, moves(reversing, command, sale))
}

// Refund sends 06 31. The customer presents the card again; which sale it is for does not matter to the terminal.
func (t *terminal) Refund(ctx context.Context, sale drivers.Sale) (drivers.Outcome, error) {
	command, err := t.refund(sale.Amount)
	if err != nil {
		return drivers.Outcome{}, err
	}
	return t.move(ctx, moves(refunding, command, sale))
}

func (t *terminal) move(ctx context.Context, do task) (drivers.Outcome, error) {
	r, err := t.perform(ctx, do)
	if err != nil {
		return drivers.Outcome{}, err
	}
	receipts := r.receipts.all()
	if t.options.buildsSlips() && r.last.Code == approvedCode {
		receipts = append(receipts, slips(do.deed, r.said, *r.last)...)
	}
	return drivers.Outcome{Result: *r.last, Receipts: receipts}, nil
}

// payment builds 06 01 (PA00P015, authorisation).
func (t *terminal) payment(m pos.Money) (codec.APDU, error) {
	if err := t.payable(m); err != nil {
		return codec.APDU{}, err
	}
	b := codec.Build(0x06, 0x01).Number(codec.Amount, uint64(m.Amount)).
		Number(codec.CurrencyCode, uint64(m.Currency.Numeric())).Field(codec.PaymentType, t.options.paymentType)
	if t.options.resultTimeout > 0 {
		b.Field(codec.Timeout, t.options.resultTimeout)
	}
	if t.options.partialAllowed {
		b.TLV(codec.AppendTLV(nil, codec.TagPartialApproval, []byte{1}))
	}
	return b.APDU()
}

// reversal builds 06 30 (PA00P015, reversal): password, receipt number, amount, currency.
func (t *terminal) reversal(m pos.Money, of drivers.Last) (codec.APDU, error) {
	if err := t.payable(m); err != nil {
		return codec.APDU{}, err
	}
	receipt, ok := receiptNumber(of.ReceiptNo)
	if !ok {
		return codec.APDU{}, pos.NewError(notPossible, pos.Permanent, pos.NoneMoved,
			"The terminal takes a payment back by its receipt number, and told none for this one.", "Give the money back by a refund.")
	}
	return codec.Build(0x06, 0x30).Digits(t.options.password, 3).Number(codec.ReceiptNo, receipt).
		Number(codec.Amount, uint64(m.Amount)).Number(codec.CurrencyCode, uint64(m.Currency.Numeric())).APDU()
}

// refund builds 06 31 (PA00P015, refund): password, amount, currency.
func (t *terminal) refund(m pos.Money) (codec.APDU, error) {
	if err := t.payable(m); err != nil {
		return codec.APDU{}, err
	}
	return codec.Build(0x06, 0x31).Digits(t.options.password, 3).
		Number(codec.Amount, uint64(m.Amount)).Number(codec.CurrencyCode, uint64(m.Currency.Numeric())).APDU()
}

// payable makes the checks that need no terminal: amount 1 to 999999999999 minor units, our currency.
func (t *terminal) payable(m pos.Money) error {
	if m.Amount <= 0 || m.Amount > pos.MaxAmount {
		return pos.NewError(amountInvalid, pos.Permanent, pos.NoneMoved,
			"A card terminal takes amounts from 1 to 999999999999 minor units.", "Check the amount.")
	}
	if m.Currency != t.currency {
		return pos.NewError(amountInvalid, pos.Permanent, pos.NoneMoved,
			"The card terminal is set up for "+string(t.currency)+", not for "+string(m.Currency)+".", "Take the payment in the terminal's currency.")
	}
	return nil
}

// receiptNumber reads the four digits of a receipt number. 0000 is the number of no receipt.
func receiptNumber(s string) (uint64, bool) {
	if len(s) == 0 || len(s) > 4 {
		return 0, false
	}
	n := uint64(0)
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, n > 0
}
