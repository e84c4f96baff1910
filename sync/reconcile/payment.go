package reconcile

import (
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// PaymentOf is a payment as the columns want it, from what records fold into.
func PaymentOf(p *view.Payment) Payment {
	out := Payment{ID: p.Intent.Payment, Order: p.Intent.Order, Attempt: p.Intent.Attempt, Tender: p.Intent.Tender, Status: p.Status,
		GivenUp: p.Evidence == record.Abandoned, Money: p.Asked(), OrderAmount: p.Intent.OrderAmount, Device: p.Intent.Device, Epoch: p.Epoch, Seq: p.Seq,
		Created: p.Created, Decided: p.Updated, Scheme: p.Intent.Scheme}
	if p.Status.Taken() {
		out.Money = p.Taken()
	}
	if p.Presented != nil {
		out.Scheme, out.Reference = p.Presented.Scheme, p.Presented.Reference
	}
	if d := p.Decision; d != nil {
		out.TerminalID, out.Trace, out.ReceiptNo, out.MerchantID, out.Brand = d.TerminalID, d.Trace, d.ReceiptNo, d.MerchantID, d.Brand
		if p.Status.Taken() || p.Returned > 0 || p.Status == pos.ForwardDeclined || p.Status == pos.WrittenOff {
			out.Booked, out.Returned = d.Amount, p.Returned
		}
	}
	for i := range p.Operations {
		out.Returns = append(out.Returns, returnOf(&p.Operations[i])...)
	}
	return out
}

// returnOf is what an operation means for the columns: nothing unless it is a refund that is done, or anything that has no outcome yet.
func returnOf(o *view.Operation) []Return {
	if o.Request.What == pos.Capture || !o.Open() && (o.State != pos.OperationDone || o.Request.What != pos.Refund) {
		return nil
	}
	r := Return{Operation: o.Request.Key, Tender: o.Request.Tender, Open: o.Open(), GivenUp: o.Evidence == record.Abandoned, Amount: o.Request.Amount,
		Device: o.Request.Device, Day: dayOf(o.Updated, time.UTC)}
	if o.Decision != nil {
		r.TerminalID, r.Trace = o.Decision.TerminalID, o.Decision.Trace
	}
	return []Return{r}
}

// dayOf is the day of a moment in a zone, "" for no moment.
func dayOf(ms int64, zone *time.Location) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).In(zone).Format(time.DateOnly)
}

// stepOf is what a record says of the order of steps.
func stepOf(r *record.Record, body record.Subject) Step {
	s := Step{Kind: body.Kind(), At: r.Times.Wall, Epoch: r.Epoch, Seq: r.Seq}
	switch b := body.(type) {
	case *record.Result:
		s.Status = b.Decision.Status
	case *record.Resolution:
		s.Status = b.Status
	case *record.Operation:
		s.Operation, s.What = b.Key, b.What
	case *record.OperationResult:
		s.Operation = b.Key
	case *record.OperationEnd:
		s.Operation, s.State = b.Key, b.State
	case *record.PlatformResult:
		s.Operation = b.Operation
		if b.Decision != nil {
			s.Status = b.Decision.Status
		}
		if s.Operation != "" && b.Decision != nil {
			s.State = pos.OperationRefused
			if s.Status == pos.Refunded || s.Status == pos.Voided || s.Status == pos.Captured {
				s.State = pos.OperationDone
			}
		}
	}
	return s
}
