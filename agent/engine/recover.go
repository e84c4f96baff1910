package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/view"
)

// settle asks the terminal for every task that it left open. The device takes no other before all are answered (law 3: the next sale would erase the
// evidence). What the terminal cannot decide stays unknown and keeps the device blocked, until it is asked again or a person decides.
func (e *Engine) settle(ctx context.Context, s *station, terminal drivers.CardTerminal) error {
	open, err := e.openOn(s)
	if err != nil {
		return err
	}
	for _, t := range open {
		decided, err := e.settleOne(ctx, s, terminal, t)
		if err != nil {
			return err
		}
		if !decided {
			break
		}
	}
	return e.reconsider(s, true)
}

// settleOne asks for one task.
func (e *Engine) settleOne(ctx context.Context, s *station, terminal drivers.CardTerminal, t task) (decided bool, err error) {
	pending := t.pending()
	pending.Quiet = s.ask(t.payment())
	found, err := terminal.Recover(ctx, pending)
	if err != nil {
		return false, fmt.Errorf("ask for payment %s: %w", t.payment(), err)
	}
	e.log.Info("recovered", "payment", t.payment(), "operation", t.operation(), "device", s.name, "verdict", found.Verdict, "text", found.Text)
	s.setLast(found.Last)
	if found.Verdict == drivers.Undecided {
		s.answered(found)
		return false, nil
	}
	defer e.orders.lock(t.order())()
	p, err := e.Payment(t.payment())
	if err != nil || !t.unknown(p) {
		return err == nil, err // a person has decided meanwhile
	}
	_, err = e.journal.Append(t.proven(found))
	return true, err
}

// reconsider looks at what a device has to answer for now, and lets it sell again when there is nothing. Only who attends the device may free it from
// what it was doing; anybody may free one that waits for a person.
func (e *Engine) reconsider(s *station, attending bool) error {
	s.deciding.Lock()
	defer s.deciding.Unlock()
	open, err := e.openOn(s)
	if err != nil {
		return err
	}
	var first pos.PaymentID
	if len(open) > 0 {
		first = open[0].payment()
	}
	s.freeFor(first, attending)
	return nil
}

// openOn lists the tasks that this device has to answer for, oldest first. What a supervisor gave up is not asked for: later sales have hidden it.
func (e *Engine) openOn(s *station) ([]task, error) {
	type begun struct {
		at int64
		task
	}
	var own []begun
	add := func(p *view.Payment, at int64, t task) {
		if t.unknown(p) {
			own = append(own, begun{at, t})
		}
	}
	open, err := e.loose()
	for _, p := range open {
		if p.Intent.Device == s.name {
			add(p, p.Created, saleOf(p))
		}
		for i := range p.Operations {
			if o := &p.Operations[i]; o.Request.Device == s.name {
				add(p, o.Created, givingOf(p, o))
			}
		}
	}
	slices.SortStableFunc(own, func(a, b begun) int { return int(a.at - b.at) })
	list := make([]task, len(own))
	for i := range own {
		list[i] = own[i].task
	}
	return list, err
}

// loose lists the payments that have an end missing, their own or that of an operation, each once.
func (e *Engine) loose() ([]*view.Payment, error) {
	list, err := e.journal.Views().Open()
	if err != nil {
		return nil, err
	}
	more, err := e.journal.Views().Unfinished()
	for _, p := range more {
		if !p.Status.Open() {
			list = append(list, p)
		}
	}
	return list, err
}

// Doubt is how far the question has come that a card terminal is asked about an unknown payment, or about an operation on it.
type Doubt struct {
	Answer  string        // what the terminal said last, "" when it has not answered yet
	Again   time.Duration // after which it is asked again by itself, 0 for no such time
	AgainAt int64         // the same by the till's wall clock, milliseconds since 1970-01-01 UTC
	Stuck   bool          // it has answered and cannot tell: a person has to decide
}

// Doubt tells how far the question about a payment has come; the zero Doubt when its device is still to be asked, or is none of ours.
func (e *Engine) Doubt(id pos.PaymentID) Doubt {
	for _, s := range e.stations {
		if d, asked := s.doubtOf(id); asked {
			return d
		}
	}
	return Doubt{}
}
