package engine

import (
	"cmp"
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// mostNamed is how many unknown payments a report names: it has to fit into one record.
const mostNamed = 200

// report counts what the records behind one place have done to the money, up to the last record now. A period is a range of records and not of time:
// whatever the clock does, each record is in exactly one report.
func (e *Engine) report(after record.Place) (record.DayReport, error) {
	head := e.journal.Head()
	r := record.DayReport{After: after, Through: record.Place{Epoch: head.Epoch, Seq: head.Seq}}
	touched := map[pos.PaymentID]bool{}
	err := e.walk(after, r.Through, func(_ *record.Record, body record.Body) {
		if s, is := body.(record.Subject); is && !s.PaymentID().IsZero() {
			touched[s.PaymentID()] = true
		}
		r.Records++
	})
	if err != nil {
		return r, err
	}
	t := tally{}
	for id := range touched {
		p, err := e.journal.Views().Payment(id)
		if err == nil && p != nil {
			err = t.payment(p, after, r.Through)
		}
		if err != nil {
			return r, err
		}
	}
	if err := e.notSure(&r, t); err != nil {
		return r, err
	}
	r.Sums = t.rows()
	return r, nil
}

// notSure counts apart what nobody can be sure of now, whenever it began (law 7).
func (e *Engine) notSure(r *record.DayReport, t tally) error {
	loose, err := e.loose()
	for _, p := range loose {
		switch {
		case err != nil:
		case p.Status == pos.Unknown || unknownOperation(p):
			if r.Open++; len(r.Unknown) < mostNamed {
				r.Unknown = append(r.Unknown, p.Intent.Payment)
			}
			err = t.add(record.SumUnknown, p.Intent.Tender, p.Asked(), 1)
		case p.Status == pos.Pending && p.Intent.Tender == pos.QR && p.Presented != nil:
			err = t.add(record.SumPresented, p.Intent.Tender, p.Asked(), 1)
		}
	}
	return err
}

// unknownOperation says whether nobody knows what became of an operation on the payment.
func unknownOperation(p *view.Payment) bool {
	return slices.ContainsFunc(p.Operations, func(o view.Operation) bool { return o.State == pos.OperationUnknown })
}

// tally adds sums up as they come.
type tally map[tallyKey]record.DaySum

type tallyKey struct {
	what     record.SumOf
	tender   pos.Tender
	currency pos.Currency
}

// add counts an amount. It fails when a sum leaves int64.
func (t tally) add(what record.SumOf, tender pos.Tender, m pos.Money, count int) error {
	key := tallyKey{what, tender, m.Currency}
	sum := t[key]
	total, err := pos.Money{Amount: sum.Amount, Currency: m.Currency}.Add(m)
	t[key] = record.DaySum{What: what, Tender: tender, Currency: m.Currency, Count: sum.Count + count, Amount: total.Amount}
	return err
}

// some is add for what is only worth a line when there is any.
func (t tally) some(what record.SumOf, tender pos.Tender, m pos.Money, count int) error {
	if m.Amount == 0 {
		return nil
	}
	return t.add(what, tender, m, count)
}

// rows are the sums in a fixed order.
func (t tally) rows() []record.DaySum {
	var list []record.DaySum
	for _, sum := range t {
		list = append(list, sum)
	}
	slices.SortFunc(list, func(a, b record.DaySum) int {
		return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Tender, b.Tender), cmp.Compare(a.Currency, b.Currency))
	})
	return list
}

// payment counts the bookings of a payment that lie in a range of records.
func (t tally) payment(p *view.Payment, after, through record.Place) error {
	var before *view.Booking
	for i := range p.Bookings {
		b := &p.Bookings[i]
		if b.Place.Compare(after) > 0 && b.Place.Compare(through) <= 0 {
			if err := t.booking(p, b, before); err != nil {
				return err
			}
		}
		before = b
	}
	return nil
}

// booking counts one. Taken changes by what the payment holds; the other sums say why.
func (t tally) booking(p *view.Payment, b, before *view.Booking) error {
	if err := t.add(record.SumTaken, p.Intent.Tender, money(p, b.Amount), b.Count(before)); err != nil {
		return err
	}
	switch {
	case b.Operation != "" && p.Intent.Reserve && b.Amount > 0:
		return t.sale(p, b) // a booking
	case b.Operation != "" && p.Intent.Reserve && b.Amount == 0:
		return nil // a release
	case b.Operation != "":
		return t.operation(p, p.Operation(b.Operation))
	case b.Status == pos.ForwardDeclined:
		return t.add(record.SumLost, p.Intent.Tender, money(p, -b.Amount), 1)
	case b.Status == pos.Voided:
		return t.add(record.SumVoids, p.Intent.Tender, money(p, -b.Amount), 1)
	case b.Amount < 0:
		return t.add(record.SumRefunds, p.Intent.Tender, money(p, -b.Amount), 1)
	case b.Status.Taken():
		return t.sale(p, b)
	}
	return nil
}

func (t tally) sale(p *view.Payment, b *view.Booking) error {
	err := t.add(record.SumSales, p.Intent.Tender, money(p, b.Amount), 1)
	if err == nil && b.Status == pos.ApprovedOffline {
		err = t.add(record.SumApprovedOffline, p.Intent.Tender, money(p, b.Amount), 1)
	}
	if d := p.Decision; err == nil && d != nil {
		if err = t.some(record.SumTips, p.Intent.Tender, money(p, d.Tip), 1); err == nil {
			err = t.some(record.SumRounding, p.Intent.Tender, money(p, d.Rounding), 1)
		}
	}
	return err
}

// operation counts money that went back, at the tender by which it went: the drawer gives cash for what was paid by card, too.
func (t tally) operation(p *view.Payment, o *view.Operation) error {
	what, back := record.SumRefunds, o.Request.Amount
	switch o.Request.What {
	case pos.Capture:
		return nil
	case pos.Void, pos.Reversal:
		what = record.SumVoids
	}
	if d := o.Decision; d != nil && o.Request.Tender == pos.Cash {
		back = d.Amount // as coins allow
		if err := t.some(record.SumRounding, pos.Cash, money(p, -d.Rounding), 1); err != nil {
			return err
		}
	}
	return t.add(what, o.Request.Tender, money(p, back), 1)
}

func money(p *view.Payment, amount pos.Minor) pos.Money {
	return pos.Money{Amount: amount, Currency: p.Intent.Currency}
}

// inDrawer is the cash that lies in the drawer by the records: the float and the cash that came, less what was handed back.
func inDrawer(s *record.ShiftOpened, r *record.DayReport) (pos.Minor, error) {
	cash := pos.Money{Amount: s.Float, Currency: s.Currency}
	var err error
	for _, sum := range r.Sums {
		if sum.Tender != pos.Cash || sum.Currency != s.Currency || err != nil {
			continue
		}
		switch m := (pos.Money{Amount: sum.Amount, Currency: sum.Currency}); sum.What {
		case record.SumSales:
			cash, err = cash.Add(m)
		case record.SumRefunds, record.SumVoids:
			cash, err = cash.Sub(m)
		}
	}
	return cash.Amount, err
}
