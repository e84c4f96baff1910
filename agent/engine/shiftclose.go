package engine

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/agent/people"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// ShiftClose asks for the shift to be closed.
type ShiftClose struct {
	ID      pos.UUID     // of the shift that is meant; zero takes the one that is open, or was closed last
	Cashier pos.PersonID // who closes: "" is the shift's own; another one has to be a supervisor
	PIN     string       // looked at only where people are set up
	Counted pos.Minor    // cash found in the drawer
}

// CloseShift ends the shift with its report (Z). The same again gives the same report. A payment that is pending keeps the shift open, one that is
// unknown is named in the report. Errors, all without money moved: shift_closed, shift_pending with member payments, amount_invalid, those of [People]
// and of the journal.
func (e *Engine) CloseShift(r ShiftClose) (Shift, error) {
	if err := e.checkDrawer(r.Counted); err != nil {
		return Shift{}, err
	}
	e.day.Lock()
	defer e.day.Unlock()
	till := e.journal.Views().Till()
	if till.Shift == nil || r.ID != (pos.UUID{}) && r.ID != till.Shift.Opened.ID {
		return e.closedBefore(&r)
	}
	own := till.Shift.Opened.Cashier
	if err := e.mayClose(&r, own); err != nil {
		return Shift{}, err
	}
	if err := e.idle(); err != nil {
		return Shift{}, err
	}
	s, err := e.soFar(till.Shift)
	if err != nil {
		return Shift{}, err
	}
	closed := &record.ShiftClosed{ID: s.Opened.ID, Cashier: r.Cashier, Counted: r.Counted, Expected: s.Expected, Report: s.Report, Before: till.Closed,
		Opened: s.Opened, OpenedAt: s.OpenedAt}
	written, err := e.journal.Append(closed)
	if err != nil {
		return Shift{}, err
	}
	return closedShift(closed, &written[0]), nil
}

// mayClose fills in who closes and checks the PIN: of the shift's own cashier, or of a supervisor.
func (e *Engine) mayClose(r *ShiftClose, own pos.PersonID) error {
	need := people.Cashier
	switch {
	case r.Cashier == "":
		r.Cashier = own
	case r.Cashier != own:
		need = people.Supervisor
	}
	if _, err := pos.ParsePersonID(string(r.Cashier)); err != nil {
		return errRequest("The cashier is not an id of 1 to 32 characters of a-z, 0-9 and -.", "Correct it. The shift is as it was.")
	}
	return e.vouch(r.Cashier, r.PIN, need)
}

// closedBefore answers who asks again: with the shift that was closed with the same count. Anything else has nothing to close.
func (e *Engine) closedBefore(r *ShiftClose) (Shift, error) {
	last, err := e.Shifts(1)
	if r.ID != (pos.UUID{}) && err == nil {
		var s Shift
		if s, err = e.Shift(r.ID); err == nil {
			last = []Shift{s}
		}
	}
	if err != nil {
		return Shift{}, err
	}
	if len(last) == 0 || last[0].Closed.Counted != r.Counted {
		return Shift{}, errShiftClosed()
	}
	return last[0], e.mayClose(r, last[0].Closed.Cashier)
}

// idle fails with the payments that keep a shift open: those that somebody waits for. A QR that was shown offline may stay open for days; it is counted
// apart instead.
func (e *Engine) idle() error {
	loose, err := e.loose()
	if err != nil {
		return err
	}
	list := []pos.PaymentID{}
	for _, p := range loose {
		if p.Status == pos.Pending && !e.unseen(p) || requested(p) {
			list = append(list, p.Intent.Payment)
		}
	}
	if len(list) > 0 {
		return errShiftPending(list)
	}
	return nil
}

// unseen says whether a QR of the till's own was shown and nobody can see now whether it is paid.
func (e *Engine) unseen(p *view.Payment) bool {
	return p.Intent.Source == record.FromTill && p.Presented != nil && (e.mode() != pos.Online || p.Presented.ExpiresAt < time.Now().UnixMilli())
}

// requested says whether a card terminal or the drawer is busy with an operation on the payment.
func requested(p *view.Payment) bool {
	for i := range p.Operations {
		if o := &p.Operations[i]; o.State == pos.OperationRequested && !throughPlatform(p, o) {
			return true
		}
	}
	return false
}

// Shifts lists closed shifts, the last one first. It ends where the records do.
func (e *Engine) Shifts(limit int) ([]Shift, error) {
	list := []Shift{}
	err := e.closedShifts(func(s Shift) bool {
		list = append(list, s)
		return len(list) < limit
	})
	return list, err
}

// Shift finds a shift, open or closed; not_found when there is none, or when its records are gone.
func (e *Engine) Shift(id pos.UUID) (Shift, error) {
	if open := e.journal.Views().Till().Shift; open != nil && open.Opened.ID == id {
		return e.soFar(open)
	}
	var found *Shift
	err := e.closedShifts(func(s Shift) bool {
		if s.Opened.ID == id {
			found = &s
		}
		return found == nil
	})
	if err == nil && found == nil {
		err = pos.NewError("not_found", pos.Permanent, pos.NoneMoved, fmt.Sprintf("There is no shift %s on this till.", id), "Check the id.")
	}
	if err != nil {
		return Shift{}, err
	}
	return *found, nil
}

// closedShifts walks back along the closed shifts while more wants them: each record names the one before.
func (e *Engine) closedShifts(more func(Shift) bool) error {
	for at := e.journal.Views().Till().Closed; !at.IsZero(); {
		rec, body, err := e.recordAt(at)
		if errors.Is(err, journal.ErrNotFound) {
			return nil // retention has taken it
		}
		closed, is := body.(*record.ShiftClosed)
		if err != nil || !is {
			return cmp.Or(err, errChain(at, body))
		}
		if !more(closedShift(closed, rec)) {
			return nil
		}
		at = closed.Before
	}
	return nil
}

// closedShift is a shift as the record of its end tells it.
func closedShift(b *record.ShiftClosed, r *record.Record) Shift {
	return Shift{Opened: b.Opened, OpenedAt: b.OpenedAt, Closed: b, ClosedAt: r.Times.Wall, Report: b.Report, Expected: b.Expected}
}
