package zvt

import (
	"context"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// Reserve sends 06 22 once and follows the terminal to the end, as [terminal.Sale] does.
func (t *terminal) Reserve(ctx context.Context, sale drivers.Sale) (drivers.Outcome, error) {
	command, err := t.reservation(sale.Amount)
	if err != nil {
		return drivers.Outcome{}, err
	}
	return t.move(ctx, moves(holding, command, sale))
}

// Book sends 06 24 with the receipt number of the reservation (BMP 87) and the amount used, or 06 23 with the amount that was not used where the shop's
// terminal books so. Either frees what is left.
func (t *terminal) Book(ctx context.Context, sale drivers.Sale, of drivers.Last) (drivers.Outcome, error) {
	command, err := t.booking(sale.Amount, of)
	if err != nil {
		return drivers.Outcome{}, err
	}
	do := moves(booking, command, sale)
	do.read = func(r report) (drivers.Result, bool) {
		result, coded := r.result(sale.Amount)
		result.Amount = t.booked(result.Amount, sale.Amount, of)
		return result, coded
	}
	return t.move(ctx, do)
}

// Release sends 06 25 with the receipt number of the reservation and what it holds.
func (t *terminal) Release(ctx context.Context, sale drivers.Sale, of drivers.Last) (drivers.Outcome, error) {
	command, err := t.release(sale.Amount, of)
	if err != nil {
		return drivers.Outcome{}, err
	}
	return t.move(ctx, moves(releasing, command, sale))
}

// reservation builds 06 22 (PA00P015, pre-authorisation): the fields of a payment, without a time for our answer.
func (t *terminal) reservation(m pos.Money) (codec.APDU, error) {
	if err := t.payable(m); err != nil {
		return codec.APDU{}, err
	}
	return codec.Build(0x06, 0x22).Number(codec.Amount, uint64(m.Amount)).
		Number(codec.CurrencyCode, uint64(m.Currency.Numeric())).Field(codec.PaymentType, t.options.paymentType).APDU()
}

// booking builds 06 24 (PA00P015, book total) or 06 23 (partial reversal of a pre-authorisation).
func (t *terminal) booking(m pos.Money, of drivers.Last) (codec.APDU, error) {
	receipt, err := t.reserved(m, of)
	if err != nil {
		return codec.APDU{}, err
	}
	if of.Held > 0 && m.Amount > of.Held {
		return codec.APDU{}, pos.NewError(amountInvalid, pos.Permanent, pos.NoneMoved, "The reservation holds less than what is to be booked.",
			"Book at most what is held, and take the rest by a payment.")
	}
	instr, amount := byte(0x24), m.Amount
	if t.options.tellsUnused {
		if of.Held == 0 {
			return codec.APDU{}, pos.NewError(notPossible, pos.Permanent, pos.NoneMoved,
				"The terminal books a reservation by what is left of it, and nobody knows here what it holds.", "Book it at the terminal itself.")
		}
		instr, amount = 0x23, of.Held-m.Amount
	}
	return codec.Build(0x06, instr).Number(codec.ReceiptNo, receipt).
		Number(codec.Amount, uint64(amount)).Number(codec.CurrencyCode, uint64(m.Currency.Numeric())).APDU()
}

// release builds 06 25 (PA00P015, reversal of a pre-authorisation).
func (t *terminal) release(m pos.Money, of drivers.Last) (codec.APDU, error) {
	receipt, err := t.reserved(m, of)
	if err != nil {
		return codec.APDU{}, err
	}
	return codec.Build(0x06, 0x25).Number(codec.ReceiptNo, receipt).
		Number(codec.Amount, uint64(m.Amount)).Number(codec.CurrencyCode, uint64(m.Currency.Numeric())).APDU()
}

// reserved is the receipt number of a reservation, by which alone a terminal knows it.
func (t *terminal) reserved(m pos.Money, of drivers.Last) (uint64, error) {
	if err := t.payable(m); err != nil {
		return 0, err
	}
	receipt, ok := receiptNumber(of.ReceiptNo)
	if !ok {
		return 0, pos.NewError(notPossible, pos.Permanent, pos.NoneMoved,
			"The terminal knows a reservation by its receipt number, and told none for this one.", "Book or free it at the terminal itself.")
	}
	return receipt, nil
}

// booked is what a booking took, of what the terminal tells: it is uncertain whether the result of 06 23 tells the amount that was taken or the one that was
// freed, as it was in the command. What is neither is believed.
func (t *terminal) booked(told, asked pos.Money, of drivers.Last) pos.Money {
	if t.options.tellsUnused && of.Held >= asked.Amount && told.Amount == of.Held-asked.Amount {
		told.Amount = asked.Amount
	}
	return told
}
