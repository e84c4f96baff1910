package transbank

import (
	"context"
	"fmt"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/transbank/codec"
	"github.com/tillproof/tillproof/pos"
)

// ticketLength is the longest ticket that the terminal takes.
const ticketLength = 6

// mostPesos is the largest amount of nine digits.
const mostPesos pos.Minor = 999_999_999

// Sale sends 0200 (0270 for a sub-merchant) once and waits for its result. See [drivers.CardTerminal] for what its errors mean for the
// money.
func (t *terminal) Sale(ctx context.Context, sale drivers.Sale) (drivers.Outcome, error) {
	if err := t.payable(sale.Amount, t.options.least); err != nil {
		return drivers.Outcome{}, err
	}
	ticket := drivers.Ticket(sale.Ref, ticketLength)
	l := t.options.layout()
	in, err := t.perform(ctx, task{deed: paying, request: t.options.sale(sale.Amount.Amount, ticket), cancel: sale.Cancel, progress: sale.Progress,
		ours: func(m codec.Message) bool {
			return isReply("0210", "0271")(m) && ofTicket(l.read(m), ticket, sale.Amount.Amount)
		}})
	if err != nil {
		return drivers.Outcome{}, err
	}
	s := l.read(in.Message)
	result := s.result(sale.Amount.Amount)
	result.ReceiptNo = ticket
	return t.conclude(paying, in, result, s.slip(), sale.Commit)
}

// ofTicket says whether a result is that of our sale. Refusals stop before the ticket; an approval has it, or at least our amount.
func ofTicket(s told, ticket string, asked pos.Minor) bool {
	switch {
	case s.ticket != "":
		return s.ticket == ticket
	case s.code == approved:
		return s.fits(asked)
	}
	return true
}

// conclude makes a result durable and then acknowledges it. The terminal keeps what it said whether or not the acknowledgement arrives,
// so that its loss changes nothing; without one the terminal repeats the result twice and nothing comes of it.
func (t *terminal) conclude(d deed, in *incoming, result drivers.Result, slip []drivers.Receipt, commit func(drivers.Result) error) (drivers.Outcome, error) {
	if !isCode(result.Code) {
		in.event.Wipe()
		return drivers.Outcome{}, unknown(d, "The card terminal answered the "+string(d)+" without a response code.", nil)
	}
	if err := commit(result); err != nil {
		in.event.Wipe()
		return drivers.Outcome{}, unknown(d, "The result of the "+string(d)+" could not be stored, and was not acknowledged to the card terminal.", err)
	}
	_ = t.accept(in)
	return drivers.Outcome{Result: result, Receipts: slip}, nil
}

// payable makes the checks that need no terminal: our currency, whole pesos, nine digits.
func (t *terminal) payable(m pos.Money, least pos.Minor) error {
	if m.Currency != currency {
		return pos.NewError(amountInvalid, pos.Permanent, pos.NoneMoved,
			"The card terminal sells in CLP, not in "+string(m.Currency)+".", "Take the payment in CLP.")
	}
	if m.Amount < least || m.Amount > mostPesos {
		return pos.NewError(amountInvalid, pos.Permanent, pos.NoneMoved,
			fmt.Sprintf("The card terminal takes amounts from %d to %d pesos.", least, mostPesos), "Check the amount, or take it in another way.")
	}
	return nil
}

// Void sends 1200 with the operation number of the sale, after a look whether the terminal still means that sale by it. Only credit
// cards, and only what is still in the terminal's memory.
func (t *terminal) Void(ctx context.Context, command drivers.Sale, of drivers.Last) (drivers.Outcome, error) {
	if err := t.payable(command.Amount, 1); err != nil {
		return drivers.Outcome{}, err
	}
	if _, ok := number(of.Trace); !ok {
		return drivers.Outcome{}, pos.NewError(notSupported, pos.Permanent, pos.NoneMoved,
			"The terminal takes a sale back by its operation number, and told none for this one.", "Give the money back in another way.")
	}
	if err := t.checkVoid(ctx, command.Amount.Amount, of); err != nil {
		return drivers.Outcome{}, err
	}
	in, err := t.perform(ctx, task{deed: voiding, request: t.options.void(of.Trace), cancel: command.Cancel, progress: command.Progress,
		ours: func(m codec.Message) bool { return m.Command() == "1210" && ofOperation(m, of.Trace) }})
	if err != nil {
		return drivers.Outcome{}, err
	}
	return t.conclude(voiding, in, voidResult(in.Message, command.Amount, of), nil, command.Commit)
}

// ofOperation says whether a void's result is of our sale. Refusals may stop before the number.
func ofOperation(m codec.Message, operation string) bool {
	told := text(m.Field(5))
	return told == "" || sameNumber(told, operation)
}

// voidResult is what 1210 says: no amount, so it is the whole sale's.
func voidResult(m codec.Message, amount pos.Money, of drivers.Last) drivers.Result {
	code := text(m.Field(1))
	r := drivers.Result{Decision: decision(code), Amount: amount, Code: code, Text: reason(code), MerchantID: text(m.Field(2)),
		TerminalID: text(m.Field(3)), AuthCode: text(m.Field(4)), Trace: of.Trace}
	return r
}

// checkVoid looks whether the operation number still names the sale: after a closed batch another one may have it.
func (t *terminal) checkVoid(ctx context.Context, amount pos.Minor, of drivers.Last) error {
	var err error
	var held []told
	switch {
	case t.options.kiosk:
		var last told
		if last, err = t.lastSale(ctx, false); last.operation != "" {
			held = []told{last}
		}
	case t.options.checkVoid:
		held, err = t.list(ctx)
	default:
		return nil
	}
	if err != nil {
		return t.uncheckedVoid(err)
	}
	for _, s := range held {
		if sameNumber(s.operation, of.Trace) && (of.ReceiptNo == "" || s.ticket == of.ReceiptNo) && (s.amount == amount || s.amount+s.tip == amount) {
			return nil
		}
	}
	return pos.NewError(terminalRefused, pos.Permanent, pos.NoneMoved, "The card terminal does not hold this sale any more, or cannot take it back.",
		"Give the money back in another way.")
}

// uncheckedVoid is the error of a void whose sale could not be looked up.
func (t *terminal) uncheckedVoid(err error) error {
	if !refused(err) || t.options.kiosk {
		return t.unavailable(err)
	}
	return pos.NewError(notSupported, pos.Permanent, pos.NoneMoved,
		"The card terminal does not tell its sales, so it cannot be seen whether the operation number still means this one.",
		"Take it back at the terminal itself, or let a technician set void_check to none.").Because(err)
}

// Refund is not supported: the terminal gives money back only by a void.
func (t *terminal) Refund(context.Context, drivers.Sale) (drivers.Outcome, error) {
	return drivers.Outcome{}, pos.NewError(notSupported, pos.Permanent, pos.NoneMoved, "Transbank's terminals give no money back on a card at the till's wish.",
		"Void the whole sale before the end of the day, or give the money back in cash or by transfer.")
}
