package engine

import (
	"context"
	"errors"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// closing is one call for settlement on its way.
type closing struct {
	engine  *Engine
	id      pos.UUID
	date    string
	cashier pos.PersonID
	own     bool // with what the till takes by itself
	parts   []*settling
	alone   *record.Settlement // the part without a device, nil when it is not asked for
}

// settling is the settlement of one device. Between hand and ended it belongs to the device's goroutine.
type settling struct {
	engine  *Engine
	device  pos.DeviceName
	step    record.Settlement // the last step that is durable
	through record.Place      // the end of its range: the step that began it
	station *station          // nil for one that is not needed: it settles by itself, and nobody attends it now
	lease   int
	ended   chan struct{} // closed when the last step is durable, or cannot be made so
	failed  error         // why it cannot
}

// begin reserves the devices, all or none, and makes the first step of each durable (law 1).
func (c *closing) begin(devices []pos.DeviceName) error {
	e := c.engine
	e.day.Lock()
	defer e.day.Unlock()
	till := e.journal.Views().Till()
	for _, device := range devices {
		part, err := c.reserve(device, till.Devices[device])
		if err != nil {
			c.release()
			return err
		}
		c.parts = append(c.parts, part)
	}
	if err := c.write(till); err != nil {
		c.release()
		return err
	}
	return nil
}

// reserve takes a device that has nothing to answer for.
func (c *closing) reserve(device pos.DeviceName, day view.DeviceDay) (*settling, error) {
	e := c.engine
	switch {
	case device == "" || e.station(device) == nil:
		return nil, errRequest("There is no card terminal "+string(device)+" at this till.", "Correct devices, or leave them out for all. Nothing was settled.")
	case day.Open != nil:
		return nil, errSettlementRunning(device)
	}
	if err := e.unblocked(device); err != nil {
		return nil, err
	}
	step := record.Settlement{ID: c.id, Device: device, State: record.SettlementBegun, Date: c.date, After: day.Settled, Cashier: c.cashier}
	if part := e.unattended(&step); part != nil {
		return part, nil
	}
	s, lease, err := e.reserve(device)
	if err != nil {
		return nil, err
	}
	s.set(Busy, "its end of day is running")
	return &settling{engine: e, device: device, step: step, station: s, lease: lease, ended: make(chan struct{})}, nil
}

// release lets the devices go that were reserved, unless their wires were given up meanwhile.
func (c *closing) release() {
	for _, p := range c.parts {
		if p.station == nil {
			continue
		}
		p.station.mu.Lock()
		if p.station.lease == p.lease {
			p.station.free()
		}
		p.station.mu.Unlock()
	}
}

// write makes the first steps durable, and the only one of what the till takes by itself.
func (c *closing) write(till view.Till) error {
	var bodies []record.Body
	for _, p := range c.parts {
		bodies = append(bodies, &p.step)
	}
	if c.own {
		alone, err := c.engine.ownPart(c, till)
		if err != nil {
			return err
		}
		c.alone, bodies = alone, append(bodies, alone)
	}
	written, err := c.engine.journal.Append(bodies...)
	if err != nil {
		return err
	}
	for i, p := range c.parts {
		if p.through = p.step.Through; p.through.IsZero() {
			p.through = written[i].Place()
		}
	}
	return nil
}

// hand gives the commands to the devices' goroutines.
func (c *closing) hand() {
	for _, p := range c.parts {
		if p.station == nil {
			_ = p.unsent(nil, nil) // an error of the journal is told by result
			continue
		}
		j := &job{run: p.run, unsent: p.unsent, cancel: make(chan struct{})}
		if !p.station.submit(j, p.lease) {
			_ = p.unsent(j, errDevice(p.device, "its wire failed.")) // if the journal has stopped, the next start finds the step open
		}
	}
}

// result is what is known when the wait ends. Its error is the journal's, when a last step could not be made durable.
func (c *closing) result() (s Settlement, err error) {
	s = Settlement{ID: c.id}
	if c.alone != nil {
		s.Parts = append(s.Parts, *c.alone)
	}
	for _, p := range c.parts {
		select {
		case <-p.ended:
			s.Parts, err = append(s.Parts, p.step), errors.Join(err, p.failed)
		default:
			s.Parts = append(s.Parts, record.Settlement{ID: c.id, Device: p.device, State: record.SettlementBegun, Date: c.date})
		}
	}
	s.sort()
	return s, err
}

// run carries the settlement through the terminal. The totals are durable before they are acknowledged (law 2); the command is never repeated (law 3).
func (p *settling) run(ctx context.Context, s *station, terminal drivers.CardTerminal, _ *job) error {
	defer close(p.ended)
	if !p.engine.can(p.device, drivers.Settling) {
		s.release()
		return p.byJournal()
	}
	longer, cancel := lasting(ctx)
	defer cancel()
	totals, err := terminal.Settle(longer, func(w drivers.Progress) { s.set(Busy, "its end of day is running: "+w.Text) }, p.told)
	var refused *pos.Error
	switch {
	case p.step.State == record.SettlementTold && err == nil:
		if totals.Emptied {
			s.setLast(drivers.Last{})
		}
		s.release()
		return p.done(withReceipts(p.step.Terminal, totals.Receipts), "")
	case p.step.State == record.SettlementTold:
		return errors.Join(err, p.done(p.step.Terminal, "The terminal told its totals, and then: "+words(err)))
	case errors.As(err, &refused) && refused.Retry != pos.OutcomeUnknown && refused.Money == pos.NoneMoved:
		s.release()
		if err := p.abandon(err); err != nil || refused.Retry == pos.Permanent {
			return err
		}
		return look(ctx, terminal)
	}
	p.engine.log.Warn("totals of a settlement are lost", "device", p.device, "error", err)
	if err == nil {
		s.release()
	}
	return errors.Join(err, p.lost("The terminal did not tell its totals: "+words(err)))
}

// unsent ends what never reached the terminal.
func (p *settling) unsent(_ *job, cause error) error {
	defer close(p.ended)
	if !p.engine.can(p.device, drivers.Settling) {
		return p.byJournal()
	}
	return p.abandon(cause)
}

// told makes the terminal's totals durable.
func (p *settling) told(t drivers.Totals) error {
	step := p.step
	step.State, step.Terminal = record.SettlementTold, terminalTotals(&t)
	if _, err := p.engine.journal.Append(&step); err != nil {
		return err
	}
	p.step = step
	return nil
}

// done compares the terminal's totals with the journal's and ends the settlement.
func (p *settling) done(terminal *record.TerminalTotals, text string) error {
	step := p.step
	step.State, step.Terminal, step.Text = record.SettlementDone, terminal, text
	if err := p.compare(&step); err != nil {
		return err
	}
	return p.end(&step)
}

// lost ends a settlement that may have been carried out without its totals being known. It blocks nothing: the range is closed.
func (p *settling) lost(text string) error {
	step := p.step
	own, err := p.engine.slipsOf(p.device, step.After, p.through)
	if err != nil {
		return err
	}
	step.State, step.Text, step.Journal = record.SettlementUnknown, text, own.sums()
	step.Differences = []record.DayDifference{{Code: "totals_lost", Cause: "The totals of card terminal " + string(p.device) + " are lost. " + text,
		Next: "Compare the slip of its end of day with the journal's totals. Selling goes on, and the next settlement begins a new range."}}
	return p.end(&step)
}

// abandon ends a settlement that the terminal has not carried out: its range stays open.
func (p *settling) abandon(cause error) error {
	step := p.step
	step.State, step.Text = record.SettlementAbandoned, words(cause)
	step.Differences = append(p.openReservations(cause), record.DayDifference{Code: "not_settled", Cause: "Card terminal " + string(p.device) + " has settled nothing: " + words(cause),
		Next: "Settle again when the card terminal is ready. Nothing is lost; the next settlement covers this range too."})
	return p.end(&step)
}

// end writes the last step; it names the settlement that ended before, so that they can be listed.
func (p *settling) end(step *record.Settlement) error {
	e := p.engine
	e.day.Lock()
	defer e.day.Unlock()
	step.Before = e.journal.Views().Till().Settled
	_, err := e.journal.Append(step)
	if err != nil {
		p.failed = err
		return err
	}
	p.step = *step
	return nil
}
