package engine

import (
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/store/record"
)

// byJournalText is what a settlement says of a card terminal that cannot settle at the till's wish.
const byJournalText = "This card terminal closes its day by itself or at its own menu, and does not tell the till: compare its slip with the journal's sums."

// unattended begins the settlement of a card terminal that closes its day by itself and that nobody attends now: it is not needed for that, and an end of the
// day is not to wait for a cable. nil when the device has to be reserved like any other. The range ends with the last record now: a device that nobody
// attends has nothing under way, and what is sold when it is back lies behind that record.
func (e *Engine) unattended(step *record.Settlement) *settling {
	s := e.station(step.Device)
	if e.can(step.Device, drivers.Settling) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == Ready || s.state == Busy {
		return nil
	}
	head := e.journal.Head()
	step.Through = record.Place{Epoch: head.Epoch, Seq: head.Seq}
	return &settling{engine: e, device: step.Device, step: *step, ended: make(chan struct{})}
}

// byJournal ends the settlement of a card terminal that closes its day by itself: no command goes out, and the journal's sums stand alone. That is no
// difference, since nobody has said anything else.
func (p *settling) byJournal() error {
	p.failed = p.done(nil, byJournalText)
	return p.failed
}
