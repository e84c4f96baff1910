package reconcile

import (
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// interpret folds one record again. What the ledger has set aside must be what cannot be folded, and the other way round.
func (c *Custody) interpret(s *Stored, r *record.Record, fork bool) {
	body, err := c.codec.Body(r)
	told := r
	switch b := body.(type) {
	case *record.KeyChange:
		c.named(s.Till, b.Public)
	case *record.Hole:
		if len(b.Raw) > 0 && err == nil {
			told, body, err = c.brought(s.Till, b)
		}
	}
	subject, speaks := body.(record.Subject)
	var id pos.PaymentID
	if speaks && err == nil {
		id = subject.PaymentID()
	}
	if id != s.Payment && err == nil {
		c.wrong(s.Payment, "Record %d of epoch %s of till %s speaks of another payment than its row.", s.Seq, s.Epoch, s.Till)
	}
	c.setAside(s, c.fold(s, told, body, id, err, fork))
	if body != nil && err == nil && s.Held == "" {
		c.foldTill(s.Till, told, body)
	}
}

// fold applies a record that speaks of a payment and gives the reason why it does not fit.
func (c *Custody) fold(s *Stored, told *record.Record, body record.Body, id pos.PaymentID, err error, fork bool) error {
	if err != nil || id.IsZero() {
		return err
	}
	subject := body.(record.Subject)
	if told.Epoch != s.Epoch && c.holds(s.Till, told) {
		return nil // it came twice: in its own epoch and by a hole
	}
	own := c.pages[id]
	if fork && own != nil && !own.fork {
		return errors.New("the payment is known from another branch")
	}
	undo := c.keep(foreignKey{id, s.Till})
	p, err := c.apply(s.Till, told, subject, fork)
	if err == nil && s.Held != "" {
		undo() // the ledger did without it
		return nil
	}
	c.note(s, told, subject, p, err)
	return err
}

// keep remembers the pages of a payment as they are.
func (c *Custody) keep(k foreignKey) (undo func()) {
	own, foreign := c.pages[k.payment], c.foreign[k]
	was := map[*page]view.Payment{}
	for _, p := range []*page{own, foreign} {
		if p != nil {
			was[p] = *p.payment
		}
	}
	return func() {
		for p, payment := range was {
			*p.payment = payment
		}
		if c.pages[k.payment] = own; own == nil {
			delete(c.pages, k.payment)
		}
		if c.foreign[k] = foreign; foreign == nil {
			delete(c.foreign, k)
		}
	}
}

// holds says whether a record that a hole brings is in custody in its own epoch.
func (c *Custody) holds(till pos.TillID, told *record.Record) bool {
	m := c.marks[epochOf{till, told.Epoch}]
	return m != nil && m.head.Seq >= told.Seq
}

// apply is the ledger's fold: a page of the till's own, or of what it has given back of another till's payment.
func (c *Custody) apply(till pos.TillID, r *record.Record, body record.Subject, fork bool) (*page, error) {
	id := body.PaymentID()
	key := foreignKey{id, till}
	own := c.pages[id]
	if intent, begins := body.(*record.Intent); begins && own == nil {
		c.pages[id] = &page{till: till, payment: view.Begin(r, intent), fork: fork, day: dayOf(r.Times.Wall, c.zone(till)), business: c.business(till, r)}
		return c.pages[id], nil
	}
	if c.foreign[key] == nil && (own == nil || own.till != till) && view.Foreign(r, body) {
		p := &page{till: till, payment: view.BeginForeign(r, body.(*record.Operation)), fork: fork}
		if err := p.payment.Apply(r, body); err != nil {
			return nil, err
		}
		c.foreign[key] = p
		return p, nil
	}
	if f := c.foreign[key]; f != nil {
		own = f
	}
	switch {
	case own == nil:
		return nil, fmt.Errorf("%w: %s", view.ErrNoIntent, body.Kind())
	case own.till != till:
		return nil, fmt.Errorf("the payment belongs to till %s", own.till)
	}
	return own, own.payment.Apply(r, body)
}

// note keeps the steps of a payment, those too that did not fit.
func (c *Custody) note(s *Stored, told *record.Record, body record.Subject, p *page, failed error) {
	if p != nil && failed == nil {
		p.delivered = s.ReceivedAt
	}
	if p == nil {
		p = c.pages[body.PaymentID()]
	}
	if p != nil && p.till == s.Till {
		p.steps = append(p.steps, stepOf(told, body))
		return
	}
	k := foreignKey{body.PaymentID(), s.Till}
	if c.orphans[k] == nil {
		c.orphans[k] = &Payment{ID: k.payment, Till: k.till, Folded: true}
	}
	c.orphans[k].Steps = append(c.orphans[k].Steps, stepOf(told, body))
}

// setAside compares why the ledger has set a record aside with why it does not fit.
func (c *Custody) setAside(s *Stored, why error) {
	switch {
	case why != nil && s.Held == "":
		c.wrong(s.Payment, "Record %d of epoch %s of till %s was folded into the ledger and does not fit: %v.", s.Seq, s.Epoch, s.Till, why)
	case why == nil && s.Held != "":
		c.wrong(s.Payment, "Record %d of epoch %s of till %s is set aside (%s), and this version finds nothing wrong with it.", s.Seq, s.Epoch, s.Till, s.Held)
	}
}

// named learns a key that a till's own record names.
func (c *Custody) named(till pos.TillID, public []byte) {
	c.learn(till, cose.PublicKey(public))
	if c.learned[till] == nil {
		c.learned[till] = map[string]bool{}
	}
	c.learned[till][string(public)] = false
}

// brought is the record that a hole brings.
func (c *Custody) brought(till pos.TillID, hole *record.Hole) (*record.Record, record.Body, error) {
	r, rest, err := c.codec.Decode(hole.Raw)
	if err != nil || len(rest) > 0 || r.Till != till || r.Epoch != hole.Epoch || r.Seq != hole.From {
		return &r, nil, errors.New("it brings something else than the record that it names")
	}
	body, err := c.codec.Body(&r)
	return &r, body, err
}

// foldTill follows the till's shifts, for business days, and its settlements.
func (c *Custody) foldTill(till pos.TillID, r *record.Record, body record.Body) {
	if c.tills[till] == nil {
		c.tills[till] = &view.Till{}
	}
	if next, err := view.FoldTill(*c.tills[till], r, body); err == nil {
		*c.tills[till] = next
	}
	b, settles := body.(*record.Settlement)
	if !settles || b.Device == "" || b.State != record.SettlementDone && b.State != record.SettlementUnknown {
		return
	}
	if b.State == record.SettlementDone && b.Terminal == nil {
		return // it closes its day by itself and told nobody: there is nothing to hold against, and nothing is lost
	}
	for currency, own := range cardSums(b.Journal) {
		t := TerminalTotal{Till: till, Device: b.Device, Day: b.Date, Currency: currency, Journal: own, Lost: b.Terminal == nil}
		if b.Terminal != nil && b.Terminal.Currency == currency {
			t.Terminal = b.Terminal.Amount
		}
		c.totals = append(c.totals, t)
	}
}

// cardSums adds up what a till had counted for its card terminal.
func cardSums(sums []record.BrandSum) map[pos.Currency]pos.Minor {
	total := map[pos.Currency]pos.Minor{}
	for _, s := range sums {
		if s.Tender == pos.Card {
			total[s.Currency] += s.Amount
		}
	}
	return total
}

// business is the business date of a record: that of the open shift, else that of its clock.
func (c *Custody) business(till pos.TillID, r *record.Record) string {
	if t := c.tills[till]; t != nil && t.Shift != nil {
		return t.Shift.Opened.Date
	}
	return dayOf(r.Times.Wall, c.zone(till))
}
