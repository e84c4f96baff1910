package api

import (
	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/agent/webhook"
	"github.com/tillproof/tillproof/store/record"
)

// Build implements [webhook.Source]. A payment is shown as it is now; when that is not what the event named, a later record has its own event.
func (n *Notices) Build(ref webhook.Ref) (*webhook.Event, error) {
	if ref.Payment.IsZero() {
		return n.buildDay(ref)
	}
	p, err := n.Journal.Views().Payment(ref.Payment)
	if err != nil || p == nil || placeOf(p).String() != ref.ID {
		return nil, err
	}
	return &webhook.Event{Ref: ref, At: p.Updated, Data: n.payment(p)}, nil
}

// buildDay makes an event of the shop's day from its record; nil when retention has taken that.
func (n *Notices) buildDay(ref webhook.Ref) (*webhook.Event, error) {
	at, _ := parsePosition(ref.ID)
	list, err := n.Journal.Read(at.epoch, at.seq, 1)
	if err != nil || len(list) == 0 || list[0].Key != at.seq {
		return nil, err
	}
	rec, _, err := n.Journal.Codec().Decode(list[0].Raw)
	if err != nil {
		return nil, err
	}
	return &webhook.Event{Ref: ref, At: rec.Times.Wall, Data: n.day(&rec)}, nil
}

// day shows a record of the shop's day as the API shows what it made: a shift as it was opened or closed, the settlement of one device.
func (n *Notices) day(rec *record.Record) any {
	switch b := n.body(rec.Raw).(type) {
	case *record.ShiftOpened:
		return n.shift(&engine.Shift{Opened: *b, OpenedAt: rec.Times.Wall, Expected: b.Float, Report: record.DayReport{Through: rec.Place()}})
	case *record.ShiftClosed:
		return n.shift(&engine.Shift{Opened: b.Opened, OpenedAt: b.OpenedAt, Closed: b, ClosedAt: rec.Times.Wall, Report: b.Report, Expected: b.Expected})
	case *record.Settlement:
		return settlement(&engine.Settlement{ID: b.ID, Parts: []record.Settlement{*b}, At: rec.Times.Wall})
	}
	return nil
}

// body reads what a record says, nil for what this version cannot read.
func (n *Notices) body(raw []byte) record.Body {
	rec, _, err := n.Journal.Codec().Decode(raw)
	if err != nil {
		return nil
	}
	body, err := n.Journal.Codec().Body(&rec)
	if err != nil {
		return nil
	}
	return body
}

// dayType is the event that a record of the shop's day makes.
func dayType(body record.Body) (what webhook.Type, ok bool) {
	switch b := body.(type) {
	case *record.ShiftOpened:
		return webhook.ShiftOpened, true
	case *record.ShiftClosed:
		return webhook.ShiftClosed, true
	case *record.Settlement:
		ended := b.State == record.SettlementDone || b.State == record.SettlementUnknown || b.State == record.SettlementAbandoned
		return webhook.SettlementDone, ended
	}
	return "", false
}
