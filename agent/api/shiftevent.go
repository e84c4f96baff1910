package api

import (
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// ShiftChange is the event `shift`: a shift was opened or closed. Its report is asked for by its id.
type ShiftChange struct {
	ID           pos.UUID     `json:"id" format:"uuid"`
	Number       uint64       `json:"number"`
	State        string       `json:"state" enum:"open,closed"`
	Cashier      pos.PersonID `json:"cashier"`
	BusinessDate string       `json:"business_date"`
	OpenedAt     string       `json:"opened_at"`
	ClosedAt     string       `json:"closed_at,omitempty"`
}

// shiftPlace is the record that changed the till's shift last, the zero Place when there was never one.
func shiftPlace(till view.Till) record.Place {
	if till.Shift != nil {
		return till.Shift.Place
	}
	return till.Closed
}

// tellShift sends an event when a shift was opened or closed since the last time.
func (t *stream) tellShift() error {
	till := t.Journal.Views().Till()
	now := shiftPlace(till)
	if now == t.shift {
		return nil
	}
	change, err := t.shiftChange(till)
	if err != nil {
		return err
	}
	if t.shift = now; change.ID == (pos.UUID{}) {
		return nil // retention has taken its record
	}
	return t.out.event("shift", "", change)
}

func (t *stream) shiftChange(till view.Till) (ShiftChange, error) {
	if s := till.Shift; s != nil {
		return ShiftChange{ID: s.Opened.ID, Number: s.Opened.Number, State: "open", Cashier: s.Opened.Cashier, BusinessDate: s.Opened.Date,
			OpenedAt: Timestamp(s.At)}, nil
	}
	last, err := t.Engine.Shifts(1)
	if err != nil || len(last) == 0 {
		return ShiftChange{}, err
	}
	s := &last[0]
	return ShiftChange{ID: s.Opened.ID, Number: s.Opened.Number, State: "closed", Cashier: s.Opened.Cashier, BusinessDate: s.Opened.Date,
		OpenedAt: Timestamp(s.OpenedAt), ClosedAt: Timestamp(s.ClosedAt)}, nil
}
