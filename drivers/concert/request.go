package concert

import (
	"fmt"
	"strconv"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/concert/codec"
	"github.com/tillproof/tillproof/pos"
)

// privateLength is the length of the till's own field in E+; V3 takes it too.
const privateLength = 10

// Actions of V3 (tag CD) that no option chooses.
const (
	actionDebit      = "0"
	actionDuplicate  = "3"
	actionCollection = "B"
	actionStatus     = "T"
)

// order is what a command wants, by which its answer is told from others.
type order struct {
	what     drivers.Transaction
	amount   pos.Money
	private  string // "" when none is sent
	kind     string // type of E+, action of V3
	register string
}

// order makes the order of a command. The same command has the same one whenever it is asked for.
func (t *terminal) order(what drivers.Transaction, amount pos.Money, ref string) order {
	o := order{what: what, amount: amount, kind: actionDebit, register: t.options.register}
	switch what {
	case drivers.VoidOf:
		o.kind = t.options.voidType
	case drivers.RefundOf:
		o.kind = t.options.refundType
	}
	if t.options.private {
		o.private = drivers.Ticket(ref, privateLength)
	}
	return o
}

// noun is how people call the command.
func (o order) noun() string {
	switch o.what {
	case drivers.VoidOf:
		return "cancellation"
	case drivers.RefundOf:
		return "refund"
	}
	return "sale"
}

// request puts an order on the wire.
func (t *terminal) request(o order) []byte {
	if t.options.generation == v3 {
		return t.tags(o)
	}
	return fmt.Appendf(nil, "%s%08d%s%s%s%03d%-10sA010%s", o.register, int64(o.amount.Amount), t.options.answer, t.options.means, o.kind,
		o.amount.Currency.Numeric(), o.private, t.options.authorise)
}

// head begins a V3 message: who asks, and whether it waits for the end (BA 0).
func (t *terminal) head(action string) []byte {
	b := codec.AppendTag(nil, "CZ", t.options.version)
	b = codec.AppendTag(b, "CJ", t.options.protocolID)
	b = codec.AppendTag(b, "CA", t.options.register)
	b = codec.AppendTag(b, "CE", fmt.Sprintf("%03d", t.currency.Numeric()))
	b = codec.AppendTag(b, "BA", "0")
	return codec.AppendTag(b, "CD", action)
}

// tags asks for money in V3. The amount comes last: on a stream, which has no check, a message that was cut behind a tag asks for nothing,
// and is no sale that nobody could find by its name.
func (t *terminal) tags(o order) []byte {
	b := t.named(t.head(o.kind), o)
	if t.options.application != "" {
		b = codec.AppendTag(b, "CC", t.options.application)
	}
	return codec.AppendTag(b, "CB", fmt.Sprintf("%02d", int64(o.amount.Amount)))
}

// named puts the till's own name of a command behind a message: CF, and CH where the terminal is asked by it.
func (t *terminal) named(b []byte, o order) []byte {
	if o.private == "" {
		return b
	}
	b = codec.AppendTag(b, "CF", o.private)
	if t.options.asksStatus {
		b = codec.AppendTag(b, "CH", o.private)
	}
	return b
}

// payable makes the checks that need no terminal: the amount that the message holds and the shop allows, our currency.
func (t *terminal) payable(m pos.Money) error {
	if m.Amount < t.options.least || m.Amount > t.options.most {
		return pos.NewError(amountInvalid, pos.Permanent, pos.NoneMoved,
			"The card terminal takes amounts from "+strconv.FormatInt(int64(t.options.least), 10)+" to "+strconv.FormatInt(int64(t.options.most), 10)+" minor units.",
			"Check the amount, or take it in another way.")
	}
	if m.Currency != t.currency {
		return pos.NewError(amountInvalid, pos.Permanent, pos.NoneMoved,
			"The card terminal is set up for "+string(t.currency)+", not for "+string(m.Currency)+".", "Take the payment in the terminal's currency.")
	}
	return nil
}
