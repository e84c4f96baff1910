package api

import (
	"context"
	"slices"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

const (
	reconnect = 500 // milliseconds
	lookEvery = 250 * time.Millisecond
	beatEvery = 4 // looks: one second

	mostBuffered = 64 << 10 // bytes that wait before they are sent
)

// stream is one listener's view of the till. One goroutine owns it.
type stream struct {
	*server
	out   *eventWriter
	at    position                // up to here the listener knows the payments
	acked record.Head             // last told
	till  surroundings            // last told
	open  map[pos.PaymentID]shown // open payments, as last told
	shift record.Place            // of the shift's change that was told last
}

// surroundings are what a status event is sent for when it changes.
type surroundings struct {
	mode    string
	disk    journal.DiskState
	doubted bool
	devices []Device
}

// shown is the part of an open payment that changes without a record.
type shown struct {
	next    Words
	expires string
}

func (s *server) look() surroundings {
	return surroundings{mode: s.Sync.Mode().Name, disk: s.diskState(), doubted: s.Journal.ClockDoubted(), devices: s.devices()}
}

// begin tells the state of the till, then what a listener who comes back has missed. A listener who names no event gets what changes from now on; the
// id of its first event lets it resume even if nothing happens before it is cut off.
func (t *stream) begin(status Status, last string) error {
	t.at, t.acked, t.till, t.open = position{status.Epoch, status.Seq}, t.Journal.Acked(), t.look(), map[pos.PaymentID]shown{}
	id := ""
	if last == "" {
		id = t.at.String()
	}
	t.out.retry(reconnect)
	if err := t.out.event("status", id, status); err != nil {
		return err
	}
	t.shift = shiftPlace(t.Journal.Views().Till())
	if err := t.watchOpen(); err != nil || last == "" {
		return err
	}
	t.shift = record.Place{} // who comes back is told of the shift again: he may have missed its change
	if err := t.resume(last); err != nil {
		return err
	}
	return t.tellShift()
}

// resume goes back to the event that a listener has seen last. One that is not ours or too old is answered with an overview.
func (t *stream) resume(last string) error {
	seen, ok := parsePosition(last)
	n, here := behind(t.Journal, seen)
	if ok && here && n <= mostBehind {
		t.at = seen
		return t.payments()
	}
	return t.overview()
}

func (t *stream) overview() error {
	list, err := overview(t.Journal)
	if err != nil {
		return err
	}
	return t.tell(list)
}

// run tells what changes until ctx ends, the till closes or the listener is too slow.
func (t *stream) run(ctx context.Context, scans <-chan engine.Scan) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for looks := 1; ; {
		changed := t.Journal.Changed() // before the payments are read, so that nothing falls in between
		if err := t.payments(); err != nil {
			return err
		}
		if err := t.out.flush(); err != nil {
			return err
		}
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-t.Closing:
			return nil
		case scan, following := <-scans:
			if !following {
				return nil
			}
			err = t.out.event("scan", "", scanned(scan))
		case <-changed:
		case <-tick.C:
			if err = t.tick(); looks%beatEvery == 0 {
				t.out.beat()
			}
			looks++
		}
		if err != nil {
			return err
		}
	}
}

// payments tells the payments that have changed since the last time. Where the journal cannot be read, an overview takes their place.
func (t *stream) payments() error {
	head := headOf(t.Journal)
	if head == t.at {
		return nil
	}
	list, err := changes(t.Journal, t.at, head)
	t.at = head
	if err != nil {
		return t.overview()
	}
	if err := t.tell(list); err != nil {
		return err
	}
	return t.tellShift()
}

func (t *stream) tell(list []*view.Payment) error {
	for _, p := range list {
		out := t.payment(p)
		t.watch(&out)
		if err := t.out.event("payment", placeOf(p).String(), out); err != nil {
			return err
		}
		if err := t.out.flushAbove(mostBuffered); err != nil {
			return err
		}
	}
	return nil
}

// tick tells what changes without a record.
func (t *stream) tick() error {
	if err := t.tellSurroundings(); err != nil {
		return err
	}
	if acked := t.Journal.Acked(); acked != t.acked {
		t.acked = acked
		if err := t.out.event("ack", "", Ack{AckedSeq: t.ackedSeq(), Backlog: t.Sync.Backlog()}); err != nil {
			return err
		}
	}
	return t.tellOpen()
}

// tellSurroundings sends an event for each device that has changed, then the status, if anything about it has.
func (t *stream) tellSurroundings() error {
	before, now := t.till, t.look()
	t.till = now
	for _, d := range now.devices {
		if !slices.ContainsFunc(before.devices, d.same) {
			if err := t.out.event("device", "", d); err != nil {
				return err
			}
		}
	}
	if before.mode == now.mode && before.disk == now.disk && before.doubted == now.doubted && slices.EqualFunc(before.devices, now.devices, Device.same) {
		return nil
	}
	status, err := t.currentStatus()
	if err != nil {
		return err
	}
	return t.out.event("status", "", status)
}

// tellOpen sends an open payment, or one with an open operation, again, without an id, when what its customer does or has to do has changed.
func (t *stream) tellOpen() error {
	for id, before := range t.open {
		p, err := t.Journal.Views().Payment(id)
		if err != nil {
			return err
		}
		if p == nil || !p.Status.Open() && !p.Unfinished() {
			continue // its record tells
		}
		out := t.payment(p)
		if t.watch(&out); t.open[id] == before {
			continue
		}
		if err := t.out.event("payment", "", out); err != nil {
			return err
		}
	}
	return nil
}

// watchOpen notes the open payments as they are now.
func (t *stream) watchOpen() error {
	open, err := t.Journal.Views().Open()
	if err != nil {
		return err
	}
	unfinished, err := t.Journal.Views().Unfinished()
	for _, p := range append(open, unfinished...) {
		out := t.payment(p)
		t.watch(&out)
	}
	return err
}

func (t *stream) watch(p *Payment) {
	if !p.open() {
		delete(t.open, p.ID)
		return
	}
	now := shown{expires: p.ExpiresAt}
	if p.Next != nil {
		now.next = *p.Next
	}
	t.open[p.ID] = now
}
