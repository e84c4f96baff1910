package engine

import (
	"errors"
	"time"

	"github.com/tillproof/tillproof/agent/people"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// People says who somebody is; *people.People is one. It is safe for concurrent use.
type People interface {
	// Verify checks id and PIN, and that the person's role is enough. Its errors are *pos.Error and mean that no money moved: pin_wrong, pin_locked,
	// not_permitted, and no_people where nobody is set up.
	Verify(id pos.PersonID, pin string, need people.Role) (people.Person, error)
}

// Shift is a cashier's shift: open, with a report of what it holds so far (X), or closed, with the report that was made then (Z).
type Shift struct {
	Opened   record.ShiftOpened
	OpenedAt int64               // milliseconds since 1970-01-01 UTC
	Closed   *record.ShiftClosed // nil while it is open
	ClosedAt int64               // milliseconds since 1970-01-01 UTC, 0 while it is open
	Report   record.DayReport
	Expected pos.Minor // cash that lies in the drawer by the records, minor units of Opened.Currency
}

// ShiftRequest asks for a shift to be opened.
type ShiftRequest struct {
	Cashier pos.PersonID
	PIN     string    // looked at only where people are set up
	Float   pos.Minor // cash in the drawer, minor units of the shop's currency
	Date    string    // YYYY-MM-DD; "" takes today's in the shop's zone
}

// cashier is who sells now: the cashier of the open shift, "" when none is open.
func (e *Engine) cashier() pos.PersonID {
	if s := e.journal.Views().Till().Shift; s != nil {
		return s.Opened.Cashier
	}
	return ""
}

// OpenShift begins a shift and fixes its business date (law 11). created is false when the same cashier had opened it with the same float before.
// Errors, all without money moved: shift_open, request_invalid, amount_invalid, those of [People] and of the journal.
func (e *Engine) OpenShift(r ShiftRequest) (s Shift, created bool, err error) {
	if err := e.checkOpening(&r); err != nil {
		return Shift{}, false, err
	}
	if err := e.vouch(r.Cashier, r.PIN, people.Cashier); err != nil {
		return Shift{}, false, err
	}
	e.day.Lock()
	defer e.day.Unlock()
	till := e.journal.Views().Till()
	if open := till.Shift; open != nil && (open.Opened.Cashier != r.Cashier || open.Opened.Float != r.Float) {
		return Shift{}, false, errShiftOpen(&open.Opened)
	} else if open != nil {
		s, err = e.soFar(open)
		return s, false, err
	}
	_, err = e.journal.Append(&record.ShiftOpened{ID: pos.NewUUID(time.Now()), Cashier: r.Cashier, Date: r.Date, Float: r.Float,
		Currency: e.opts.Currency, Number: till.Shifts + 1, After: till.Through})
	if err != nil {
		return Shift{}, false, err
	}
	s, err = e.CurrentShift()
	return s, true, err
}

// checkOpening refuses what could never be a shift, and fills the date in.
func (e *Engine) checkOpening(r *ShiftRequest) error {
	if _, err := pos.ParsePersonID(string(r.Cashier)); err != nil {
		return errRequest("A shift needs its cashier: 1 to 32 characters of a-z, 0-9 and -.", "Send the cashier's id. Nothing was opened.")
	}
	if err := e.checkDrawer(r.Float); err != nil {
		return err
	}
	date, err := e.businessDate(r.Date)
	r.Date = date
	return err
}

// checkDrawer says whether a sum can lie in a drawer.
func (e *Engine) checkDrawer(sum pos.Minor) error {
	return pos.Money{Amount: sum, Currency: e.opts.Currency}.CheckPayable()
}

// businessDate is the date that is asked for, or else today's in the shop's zone.
func (e *Engine) businessDate(asked string) (string, error) {
	if asked == "" {
		return dateIn(e.opts.Zone, time.Now()), nil
	}
	if _, err := time.Parse(time.DateOnly, asked); err != nil {
		return "", errRequest("business_date is not a date such as 2026-03-29.", "Correct the date, or leave it out for today's.")
	}
	return asked, nil
}

// dateIn is the date of a moment in a zone; nil is UTC.
func dateIn(zone *time.Location, at time.Time) string {
	if zone == nil {
		zone = time.UTC
	}
	return at.In(zone).Format(time.DateOnly)
}

// vouch checks a PIN where people are set up. Where nobody is, the name is taken as given: the till must be able to sell on its first day.
func (e *Engine) vouch(id pos.PersonID, pin string, need people.Role) error {
	if e.opts.People == nil {
		return nil
	}
	_, err := e.opts.People.Verify(id, pin, need)
	var known *pos.Error
	if errors.As(err, &known) && known.Code == "no_people" {
		return nil
	}
	return err
}

// CurrentShift tells the open shift with what it holds so far (X report); not_found when none is open.
func (e *Engine) CurrentShift() (Shift, error) {
	open := e.journal.Views().Till().Shift
	if open == nil {
		return Shift{}, pos.NewError("not_found", pos.Permanent, pos.NoneMoved, "No shift is open.", "Open one; what was sold meanwhile counts in it.")
	}
	return e.soFar(open)
}

// soFar is the X report of the open shift.
func (e *Engine) soFar(open *view.Shift) (Shift, error) {
	report, err := e.report(open.Opened.After)
	if err != nil {
		return Shift{}, err
	}
	expected, err := inDrawer(&open.Opened, &report)
	return Shift{Opened: open.Opened, OpenedAt: open.At, Report: report, Expected: expected}, err
}
