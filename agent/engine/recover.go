package engine

import (
	"context"
	"fmt"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// settle asks the terminal for every payment that it left open. The device takes no sale before all are answered (law 3: the next sale would
// erase the evidence). What the terminal cannot decide stays unknown and keeps the device blocked.
func (e *Engine) settle(ctx context.Context, s *station, terminal drivers.CardTerminal) error {
	open, err := e.openOn(s)
	if err != nil {
		return err
	}
	s.setUnresolved(pos.PaymentID{})
	for _, p := range open {
		s.setUnresolved(p.Intent.Payment)
		s.set(Busy, "it is asked what became of the last payment")
		found, err := terminal.Recover(ctx, pending(p))
		if err != nil {
			return fmt.Errorf("ask for payment %s: %w", p.Intent.Payment, err)
		}
		e.log.Info("recovered", "payment", p.Intent.Payment, "device", s.name, "verdict", found.Verdict, "text", found.Text)
		s.setLast(found.Last)
		if found.Verdict == drivers.Undecided {
			return nil // still unresolved: a person decides
		}
		if _, err := e.journal.Append(resolution(p, found)); err != nil {
			return err
		}
		s.setUnresolved(pos.PaymentID{})
	}
	return nil
}

// openOn lists the payments that this device has to answer for, oldest first.
func (e *Engine) openOn(s *station) ([]*view.Payment, error) {
	open, err := e.journal.Views().Open()
	if err != nil {
		return nil, err
	}
	var own []*view.Payment
	for _, p := range open {
		if p.Status == pos.Unknown && p.Intent.Device == s.name {
			own = append(own, p)
		}
	}
	return own, nil
}

func pending(p *view.Payment) drivers.Pending {
	q := drivers.Pending{Amount: p.Asked()}
	if b := p.Intent.Before; b != nil {
		q.Before = drivers.Last{Trace: b.Trace, ReceiptNo: b.ReceiptNo, Untold: b.Untold}
	}
	if d := p.Decision; d != nil {
		r := result(*d)
		q.Stored = &r
	}
	return q
}

// resolution turns a verdict into a record. A payment that is proven not to be charged ends as the terminal had declined it, or as cancelled.
func resolution(p *view.Payment, found drivers.Recovery) *record.Resolution {
	r := &record.Resolution{Payment: p.Intent.Payment, Evidence: record.ByTerminal, Text: found.Text}
	if found.Verdict == drivers.Charged {
		d := decision(found.Result)
		r.Status, r.Found = d.Status, &d
		return r
	}
	r.Status, r.Reason = pos.Cancelled, "not_charged"
	if d := p.Decision; d != nil && d.Status.Uncharged() {
		r.Status, r.Reason, r.Text = d.Status, d.Code, d.Text
	}
	return r
}
