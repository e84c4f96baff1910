package engine_test

import (
	"fmt"
	"slices"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/wire"
)

func (m *model) complain(format string, args ...any) {
	m.complaints = append(m.complaints, fmt.Sprintf(format, args...))
}

// check looks at what may never be untrue, at any moment.
func (m *model) check() {
	synctest.Wait()
	sums := map[pos.OrderRef]pos.Minor{}
	for _, id := range m.ids {
		p := m.payment(id)
		m.goesOn(p)
		m.isTrue(p)
		m.returned(p)
		if p.Status.Taken() && !p.Unwanted {
			sums[p.Intent.Order] += p.Taken().Amount
		}
	}
	for order, sum := range sums {
		if most := m.costs(order); sum > most {
			m.complain("%s costs %d and %d were taken", order, most, sum)
		}
	}
	if m.open {
		if s, err := m.engine.CurrentShift(); err != nil || s.Expected != m.float+m.drawer {
			m.complain("the drawer holds %d, the report says %d, %v", m.float+m.drawer, s.Expected, err)
		}
	}
}

func (m *model) costs(order pos.OrderRef) pos.Minor {
	for i := range 3 {
		if order == pos.OrderRef(fmt.Sprintf("order-%d", i)) {
			return orderAmount(i)
		}
	}
	return 0
}

// goesOn says whether a payment that had ended has changed in a way that the table of states allows.
func (m *model) goesOn(p *view.Payment) {
	if p.Status.Open() {
		if before, told := m.seen[p.Intent.Payment]; told {
			m.complain("a payment was %s and is %s", before, p.Status)
		}
		return
	}
	before, told := m.seen[p.Intent.Payment]
	if told && !leads(before, p.Status) {
		m.complain("a payment was %s and is %s", before, p.Status)
	}
	m.seen[p.Intent.Payment] = p.Status
}

// leads says whether one state comes from another in any number of steps.
func leads(from, to pos.Status) bool {
	seen, next := map[pos.Status]bool{}, []pos.Status{from}
	for len(next) > 0 {
		s := next[0]
		next = next[1:]
		if s == to {
			return true
		}
		if seen[s] {
			continue
		}
		seen[s] = true
		for _, t := range statuses() {
			if s.Can(t) {
				next = append(next, t)
			}
		}
	}
	return false
}

func statuses() []pos.Status {
	return []pos.Status{pos.Pending, pos.Approved, pos.ApprovedOffline, pos.Declined, pos.Cancelled, pos.Expired, pos.Unknown, pos.Captured,
		pos.ForwardDeclined, pos.WrittenOff, pos.Voided, pos.PartlyRefunded, pos.Refunded, pos.RefundDue}
}

// isTrue holds a payment that has ended against the one who has the money.
func (m *model) isTrue(p *view.Payment) {
	if p.Status.Open() || p.Unfinished() {
		return
	}
	switch p.Intent.Tender {
	case pos.Card:
		m.isTrueAtTheTerminal(p)
	case pos.Code, pos.QR:
		m.centre.mu.Lock()
		known := m.centre.payments[p.Intent.Payment]
		m.centre.mu.Unlock()
		if has := known != nil && known.Status == pos.Approved; p.Status.Taken() && !has || p.Status.Uncharged() && p.Status != pos.Refunded && has && !m.on(p) {
			m.complain("a payment by %s is %s and %+v at the platform", p.Intent.Tender, p.Status, known)
		}
	}
}

// on says whether the platform still has something to tell of a payment.
func (m *model) on(p *view.Payment) bool {
	m.centre.mu.Lock()
	defer m.centre.mu.Unlock()
	known := m.centre.payments[p.Intent.Payment]
	return known != nil && known.N > p.N
}

// isTrueAtTheTerminal finds the transaction that a payment names.
func (m *model) isTrueAtTheTerminal(p *view.Payment) {
	counts := false
	for _, tx := range m.c.pt.Memory().Transactions {
		if p.Decision != nil && fmt.Sprintf("%06d", tx.Trace) == p.Decision.Trace {
			counts = tx.Counts() && tx.Amount == p.Decision.Amount
		}
	}
	if taken := p.Status.Taken() || p.Status == pos.Refunded; taken != counts {
		m.complain("a payment by card is %s (%+v), and the terminal has %+v", p.Status, p.Decision, m.c.pt.Memory().Transactions)
	}
}

// returned holds the operations of a payment against what they gave back.
func (m *model) returned(p *view.Payment) {
	var sum pos.Minor
	for i := range p.Operations {
		o := &p.Operations[i]
		if before, told := m.ended[o.Request.Key]; told && before != o.State && before != pos.OperationUnknown {
			m.complain("operation %s was %s and is %s", o.Request.Key, before, o.State)
		}
		if o.State != pos.OperationRequested {
			m.ended[o.Request.Key] = o.State
		}
		if o.State == pos.OperationDone {
			sum += o.Request.Amount
		}
	}
	if p.Decision != nil && sum > p.Decision.Amount {
		m.complain("%d went back of a payment of %d", sum, p.Decision.Amount)
	}
}

// conclude mends everything, lets everybody act, and compares when all is settled.
func (m *model) conclude() {
	m.centre.set(func() { m.centre.away, m.centre.deaf, m.centre.dumb = false, false, false })
	m.c.pt.Observe(nil)
	<-time.After(3 * time.Minute)
	for range 3600 {
		<-time.After(time.Second)
		m.mend()
		if m.settledAll() {
			m.check()
			m.compareTotals()
			return
		}
		if len(m.complaints) > 0 {
			return
		}
	}
	m.complain("an hour later something is still open: %s", m.openOnes())
}

// settledAll tells the platform what it learns from the journal, lets a supervisor look where the terminal cannot tell, and says whether all is settled.
func (m *model) settledAll() bool {
	done := true
	for _, id := range m.ids {
		p := m.payment(id)
		if p.Intent.Tender == pos.Code && p.Presented == nil && p.Status == pos.Pending {
			_, _ = m.engine.Cancel(id)
		}
		m.centre.mu.Lock()
		known := m.centre.payments[id]
		phone := p.Intent.Tender == pos.Code || p.Intent.Tender == pos.QR
		if phone && p.Unwanted && (known == nil || known.Status == pos.Pending || known.Status == pos.Approved) {
			m.centre.take(&wire.Call{Op: wire.OpCancel, Payment: id, Unwanted: true})
		} else if p.Intent.Source == record.FromTill && known == nil {
			m.centre.settle(id, wire.Outcome{Status: pos.Expired})
		}
		m.centre.mu.Unlock()
		stuck := m.engine.Doubt(id).Stuck
		open := p.Status.Open() || p.Unfinished()
		done = done && (!open || m.abandoned[id] || stuck) && p.Status != pos.RefundDue && (!p.Unwanted || !p.Status.Taken() || !phone)
	}
	return done
}

func (m *model) openOnes() (list []string) {
	for _, id := range m.ids {
		if p := m.payment(id); p.Status.Open() || p.Unfinished() || p.Status == pos.RefundDue {
			list = append(list, fmt.Sprintf("%s of %s %+v %+v", p.Status, p.Intent.Tender, p.Reason, p.Operations))
		}
	}
	return list
}

// compareTotals holds the terminal against the journal. What a supervisor gave up, or has to decide, may be either way.
func (m *model) compareTotals() {
	believed, doubtful := pos.Minor(7), []pos.Minor{0}
	either := func(by pos.Minor) {
		for _, sum := range slices.Clone(doubtful) {
			doubtful = append(doubtful, sum+by)
		}
	}
	for _, id := range m.ids {
		p := m.payment(id)
		if p.Intent.Tender != pos.Card {
			continue
		}
		believed += p.Taken().Amount
		if p.Status.Open() {
			either(p.Intent.Amount)
		}
		for i := range p.Operations {
			if o := &p.Operations[i]; o.Request.Tender == pos.Cash && o.State == pos.OperationDone {
				believed += o.Request.Amount // it came out of the drawer, not out of the terminal
			} else if o.Open() && o.Request.Tender == pos.Card {
				either(-o.Request.Amount)
			}
		}
	}
	if held := m.c.held(); !slices.Contains(doubtful, held-believed) {
		m.complain("the terminal holds %d, the journal believes in %d", held, believed)
	}
}
