package view

import (
	"fmt"
	"maps"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// Till is what the records say of the till itself: its shifts and its settlements. The zero value is a till without a record. It is a value: folding
// gives a new one and changes nothing that others hold.
type Till struct {
	Shifts  uint64       `cbor:"1,keyasint,omitempty"` // opened so far
	Shift   *Shift       `cbor:"2,keyasint,omitempty"` // the one that is open, nil when none is
	Closed  record.Place `cbor:"3,keyasint,omitzero"`  // the last shift_closed, which names the one before
	Through record.Place `cbor:"4,keyasint,omitzero"`  // the end of the last shift's report: the next one begins behind it

	Devices map[pos.DeviceName]DeviceDay `cbor:"5,keyasint,omitempty"` // "" is what the till takes without a card terminal
	Settled record.Place                 `cbor:"6,keyasint,omitzero"`  // the end of the settlement that ended last, which names the one before

	Policy *record.Policy `cbor:"15,keyasint,omitempty"` // the last one; it is in force in the epoch that it names
	Config uint64         `cbor:"16,keyasint,omitempty"` // version of the platform's configuration that was put in force last, 0 for none
}

// Shift is the shift that is open.
type Shift struct {
	Opened record.ShiftOpened `cbor:"1,keyasint"`
	At     int64              `cbor:"2,keyasint"` // milliseconds since 1970-01-01 UTC of the till's wall clock
	Place  record.Place       `cbor:"3,keyasint"`
}

// DeviceDay is how far one device is settled.
type DeviceDay struct {
	Settled record.Place       `cbor:"1,keyasint,omitzero"`  // the range that was settled last ends with this record
	Lost    *record.Place      `cbor:"2,keyasint,omitempty"` // ranges from behind this record on ended without the terminal's totals, nil for none
	Open    *record.Settlement `cbor:"3,keyasint,omitempty"` // the last step of a settlement that has not ended
	Began   record.Place       `cbor:"4,keyasint,omitzero"`  // the end of its range
}

// SpeaksOfTill says whether records of a kind change the [Till].
func SpeaksOfTill(k record.Kind) bool {
	return k == record.KindShiftOpened || k == record.KindShiftClosed || k == record.KindSettlement || k == record.KindPolicy || k == record.KindConfig
}

// FoldTill applies one record. Records that speak of other things change nothing. An error says that the record does not fit what came before it; the
// till is unchanged then.
func FoldTill(t Till, r *record.Record, body record.Body) (Till, error) {
	var err error
	next := t
	switch b := body.(type) {
	case *record.Policy:
		err = next.policy(r, b)
	case *record.Config:
		if b.Version <= next.Config {
			err = fmt.Errorf("configuration %d does not follow configuration %d", b.Version, next.Config)
		}
		next.Config = b.Version
	case *record.ShiftOpened:
		err = next.opened(r, b)
	case *record.ShiftClosed:
		err = next.closed(r, b)
	case *record.Settlement:
		err = next.settlement(r, b)
	}
	if err != nil {
		return t, err
	}
	return next, nil
}

// policy takes a later version, or any of a new life of the journal.
func (t *Till) policy(r *record.Record, b *record.Policy) error {
	if b.Epoch != r.Epoch || t.Policy != nil && t.Policy.Epoch == b.Epoch && t.Policy.Version >= b.Version {
		return fmt.Errorf("policy %d of epoch %s does not follow", b.Version, b.Epoch)
	}
	t.Policy = b
	return nil
}

func (t *Till) opened(r *record.Record, b *record.ShiftOpened) error {
	switch {
	case t.Shift != nil:
		return fmt.Errorf("shift %s opened while %s is open", b.ID, t.Shift.Opened.ID)
	case b.Number != t.Shifts+1:
		return fmt.Errorf("shift %s has number %d after %d", b.ID, b.Number, t.Shifts)
	}
	t.Shifts, t.Shift = b.Number, &Shift{Opened: *b, At: r.Times.Wall, Place: r.Place()}
	return nil
}

func (t *Till) closed(r *record.Record, b *record.ShiftClosed) error {
	if t.Shift == nil || t.Shift.Opened.ID != b.ID {
		return fmt.Errorf("shift %s closed, which is not open", b.ID)
	}
	t.Shift, t.Closed, t.Through = nil, r.Place(), b.Report.Through
	return nil
}

// settlement takes one step. One that needs no terminal is done in a single step.
func (t *Till) settlement(r *record.Record, b *record.Settlement) error {
	day := t.Devices[b.Device]
	begins := b.State == record.SettlementBegun || b.Device == "" && b.State == record.SettlementDone
	switch {
	case begins && day.Open != nil:
		return fmt.Errorf("settlement %s of %q begun while %s is open", b.ID, b.Device, day.Open.ID)
	case !begins && (day.Open == nil || day.Open.ID != b.ID):
		return fmt.Errorf("settlement %s of %q is %s and was not begun", b.ID, b.Device, b.State)
	case !known(b.State):
		return fmt.Errorf("settlement %s of %q is %q", b.ID, b.Device, b.State)
	case b.State == record.SettlementTold && day.Open.State != record.SettlementBegun:
		return fmt.Errorf("settlement %s of %q was told twice", b.ID, b.Device)
	}
	if begins {
		day.Began = r.Place()
	}
	if !b.Through.IsZero() {
		day.Began = b.Through
	}
	step := *b
	if day.Open = &step; day.step(b) {
		t.Settled = r.Place()
	}
	t.Devices = maps.Clone(t.Devices)
	if t.Devices == nil {
		t.Devices = map[pos.DeviceName]DeviceDay{}
	}
	t.Devices[b.Device] = day
	return nil
}

func known(s record.SettlementState) bool {
	switch s {
	case record.SettlementBegun, record.SettlementTold, record.SettlementDone, record.SettlementUnknown, record.SettlementAbandoned:
		return true
	}
	return false
}

// step moves the end of the range on and says whether the settlement has ended. Only one that is abandoned leaves the range open.
func (d *DeviceDay) step(b *record.Settlement) (ended bool) {
	switch b.State {
	case record.SettlementDone:
		d.Settled, d.Lost = d.Began, nil
	case record.SettlementUnknown:
		if d.Lost == nil {
			lost := d.Settled
			d.Lost = &lost
		}
		d.Settled = d.Began
	case record.SettlementAbandoned:
	default:
		return false
	}
	d.Open, d.Began = nil, record.Place{}
	return true
}
