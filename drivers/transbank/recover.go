package transbank

import (
	"context"
	"fmt"

	"github.com/tillproof/tillproof/drivers"
)

// Recover polls until the terminal is free, asks for what it holds and judges that. It sends nothing that moves money; the question for
// the last sale prints a copy of its voucher. An error means that the terminal could not be asked: the outcome stays unknown.
func (t *terminal) Recover(ctx context.Context, p drivers.Pending) (drivers.Recovery, error) {
	switch p.What {
	case drivers.RefundOf:
		return t.verdict(p, drivers.NotCharged, "Refunds are never sent to this terminal."), nil
	case drivers.VoidOf:
		return t.recoverVoid(ctx, p)
	}
	if err := t.wake(ctx); err != nil {
		return drivers.Recovery{}, unaskable(paying, err)
	}
	last, err := t.lastSale(ctx, false)
	if err != nil && !refused(err) {
		return drivers.Recovery{}, unaskable(paying, err)
	}
	q := question{p: p, ticket: drivers.Ticket(p.Ref, ticketLength), last: last, untold: err != nil, late: t.lateSale(p)}
	if r, decided := q.judge(); decided {
		return r, nil
	}
	all, err := t.list(ctx)
	if err != nil && !refused(err) {
		return drivers.Recovery{}, unaskable(paying, err)
	}
	return q.search(all, err == nil), nil
}

func unaskable(d deed, err error) error {
	return unknown(d, "The terminal could not be asked for the outcome.", err)
}

// lateSale is the result of the sale in question, if the terminal told it on this wire when nobody waited for it; nil otherwise.
func (t *terminal) lateSale(p drivers.Pending) *told {
	for _, m := range t.late {
		s := t.options.layout().read(m)
		if isReply("0210", "0271")(m) && isCode(s.code) && s.ticket == drivers.Ticket(p.Ref, ticketLength) {
			return &s
		}
	}
	return nil
}

// recoverVoid judges a void. The terminal tells sales, not voids: what it said of the void itself when nobody waited decides, or the list
// of sales where the shop knows that voided ones leave it.
func (t *terminal) recoverVoid(ctx context.Context, p drivers.Pending) (drivers.Recovery, error) {
	if r, told := t.storedVoid(p); told {
		return r, nil
	}
	if err := t.wake(ctx); err != nil {
		return drivers.Recovery{}, unaskable(voiding, err)
	}
	for _, m := range t.late {
		code := text(m.Field(1))
		if m.Command() != "1210" || !isCode(code) || !sameNumber(text(m.Field(5)), p.Of.Trace) {
			continue
		}
		r := t.verdict(p, drivers.NotCharged, "The terminal repeats that it did not void operation %s: %s.", p.Of.Trace, meaningOf(code).text)
		if code == approved {
			r = t.verdict(p, drivers.Charged, "The terminal repeats that it voided operation %s.", p.Of.Trace)
			r.Result = voidResult(m, p.Amount, p.Of)
		}
		return r, nil
	}
	if !t.options.proveVoid {
		return t.verdict(p, drivers.Undecided, "The terminal does not tell whether it voided a sale. %s", voidSteps(p)), nil
	}
	all, err := t.list(ctx)
	if err != nil && !refused(err) {
		return drivers.Recovery{}, unaskable(voiding, err)
	}
	return t.searchVoid(p, all, err == nil), nil
}

// storedVoid judges a void whose result is durable: the terminal does what it has told, whether or not it is acknowledged.
func (t *terminal) storedVoid(p drivers.Pending) (r drivers.Recovery, told bool) {
	switch {
	case p.Stored == nil:
		return r, false
	case claims(p.Stored):
		r = t.verdict(p, drivers.Charged, "The terminal had told that it voided operation %s.", p.Of.Trace)
		r.Result = *p.Stored
		return r, true
	}
	return t.verdict(p, drivers.NotCharged, "The terminal had told that it did not void operation %s (code %s).", p.Of.Trace, p.Stored.Code), true
}

// searchVoid looks for the sale that the void takes back. Missing, it was voided, if the list still holds an older sale: then no end of
// day emptied it.
func (t *terminal) searchVoid(p drivers.Pending, all []told, listed bool) drivers.Recovery {
	older := false
	for _, s := range all {
		if sameNumber(s.operation, p.Of.Trace) {
			if p.Of.ReceiptNo != "" && s.ticket != p.Of.ReceiptNo {
				return t.verdict(p, drivers.Undecided, "Operation %s is another sale now, ticket %s. %s", p.Of.Trace, s.ticket, voidSteps(p))
			}
			return t.verdict(p, drivers.NotCharged, "The terminal's list still holds operation %s, ticket %s.", s.operation, s.ticket)
		}
		older = older || before(s.operation, p.Of.Trace)
	}
	switch {
	case !listed:
		return t.verdict(p, drivers.Undecided, "The terminal does not tell its sales. %s", voidSteps(p))
	case !older:
		return t.verdict(p, drivers.Undecided, "The terminal's list of %d sales does not reach back to operation %s. %s", len(all), p.Of.Trace, voidSteps(p))
	}
	r := t.verdict(p, drivers.Charged, "The terminal's list reaches back behind operation %s and does not hold it any more.", p.Of.Trace)
	r.Result = drivers.Result{Decision: drivers.Approved, Amount: p.Amount, Code: approved, Text: "voided, as the list of sales shows", Trace: p.Of.Trace}
	return r
}

// verdict says what was found; the last sale is still the one of before.
func (t *terminal) verdict(p drivers.Pending, v drivers.Verdict, format string, args ...any) drivers.Recovery {
	return drivers.Recovery{Verdict: v, Last: p.Before, Text: fmt.Sprintf(format, args...)}
}

// voidSteps is what a person does about a void that cannot be asked for.
func voidSteps(p drivers.Pending) string {
	return fmt.Sprintf("Look for the terminal's void slip, or print its list of sales (detalle de ventas) at the terminal: is the sale with operation %s, "+
		"ticket %s, over %d pesos voided there? Then decide at the till: taken back if it is, not taken back if it still stands.",
		p.Of.Trace, p.Of.ReceiptNo, p.Amount.Amount)
}
