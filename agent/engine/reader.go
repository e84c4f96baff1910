package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wire"
)

// Sealer closes what a reader has encrypted for the platform alone. It is safe for concurrent use.
type Sealer interface {
	// Ready says whether the till knows what to seal to.
	Ready() bool
	// Seal closes a swipe for a payment of this till. It keeps nothing of it.
	Seal(s *wire.Swipe, payment pos.PaymentID) ([]byte, error)
}

// swipeTime is how long a sale waits for its card. After that somebody has forgotten it, and the next customer's card must not pay for it.
const swipeTime = 2 * time.Minute

// reader is the place of one encrypting card reader. It sends a card whenever one is swiped: only the sale that waits for it may take it.
type reader struct {
	name pos.DeviceName

	mu    sync.Mutex
	state DeviceState
	text  string
	lease int           // counts the times that the wire was given up
	armed *waiter       // the sale that waits for a card; nil for none
	armer drivers.Armer // the reader, where it wants to be told of each sale; nil else
}

// waiter is a sale that waits for a card to be swiped.
type waiter struct {
	payment pos.PaymentID
	order   pos.OrderRef
	amount  pos.Money
	since   time.Time
	text    string // for the cashier
}

func newReader(name pos.DeviceName) *reader {
	return &reader{name: name, state: Opening, text: "not opened yet"}
}

// reader finds a card reader. Without a name it is the first one, where the till has no card terminal.
func (e *Engine) reader(name pos.DeviceName) *reader {
	for _, r := range e.readers {
		if r.name == name || name == "" && len(e.stations) == 0 {
			return r
		}
	}
	return nil
}

// AttendReader serves a card reader that was just opened. It waits for cards all the time, so that one which no sale waits for is wiped and not left to the
// next sale. It uses the caller's goroutine and returns nil when ctx ends, or an error when the wire has to be opened anew.
func (e *Engine) AttendReader(ctx context.Context, name pos.DeviceName, device drivers.CardReader, info drivers.ReaderInfo) error {
	r := e.reader(name)
	if r == nil {
		return fmt.Errorf("no reader %s", name)
	}
	r.attended(device)
	r.set(Ready, info.Notice)
	why := reason{"device_unavailable", "The card reader was given up before a card was read; nothing was taken."}
	defer func() { e.abandonReader(r, why) }()
	for {
		swipe, err := device.Read(ctx, func(p drivers.Progress) { r.show(p.Text) })
		switch {
		case err == nil:
			e.swiped(r, &swipe)
			swipe.Wipe()
		case ctx.Err() != nil:
			return nil
		case !e.badSwipe(r, err):
			why = whyLost(err)
			return err
		}
	}
}

// badSwipe tells of a card that could not be taken, and says whether the wire stays usable. A reader that has sent a card in clear is not trusted with the
// sale that waits.
func (e *Engine) badSwipe(r *reader, err error) (usable bool) {
	var known *pos.Error
	if !errors.As(err, &known) {
		return false
	}
	text := known.Text + " " + known.Next
	switch known.Code {
	case "card_unreadable", "use_chip":
		r.say(text)
		return true
	case "reader_replay":
		e.log.Error("a card reader has sent what it had sent before; it was refused and wiped", "device", r.name, "error", err)
		r.say(text)
		return true
	case "reader_in_clear":
		e.log.Error("a card reader has sent a card in clear; it was refused and wiped", "device", r.name, "error", err)
		e.endSwipe(r.disarm(), reason{string(known.Code), known.Text})
		r.set(Ready, text)
		return true
	}
	return false
}

// whyLost is why a reader has to be opened anew, for the sale that waited at it.
func whyLost(err error) reason {
	why := reason{"device_unavailable", "The wire of the card reader failed before a card was read; nothing was taken."}
	var known *pos.Error
	if errors.As(err, &known) {
		why = reason{string(known.Code), known.Text}
	}
	return why
}

// abandonReader closes the place. A sale that waits for a card ends: nothing was read for it.
func (e *Engine) abandonReader(r *reader, why reason) {
	r.mu.Lock()
	r.lease++
	r.state, r.text = Opening, "the wire is being opened"
	r.mu.Unlock()
	e.endSwipe(r.disarm(), why)
	r.attended(nil)
}

// endSwipe cancels a sale that no card was taken for; nothing has left the till for it. nil ends nothing.
func (e *Engine) endSwipe(w *waiter, why reason) {
	if w == nil {
		return
	}
	defer e.orders.lock(w.order)()
	p, err := e.Payment(w.payment)
	if err == nil && waitsForSwipe(p) {
		_, err = e.journal.Append(&record.Resolution{Payment: w.payment, Status: pos.Cancelled, Evidence: record.ByNotSent, Reason: why.code, Text: why.text})
	}
	if err != nil {
		e.log.Warn("a sale that waited for a card was not ended", "payment", w.payment, "error", err)
	}
}

// forgotten ends the sales that have waited too long for a card.
func (e *Engine) forgotten() {
	for _, r := range e.readers {
		e.endSwipe(r.overdue(time.Now()), reason{"no_card", "No card was swiped in time; nothing was taken."})
	}
}

// reserve takes a ready reader for a sale, as [Engine.reserve] takes a card terminal.
func (r *reader) reserve() (lease int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.state == Busy:
		return 0, errDevice(r.name, "it is busy with another sale.")
	case r.state != Ready:
		return 0, errDevice(r.name, fmt.Sprintf("it is %s (%s).", r.state, r.text))
	}
	r.state, r.text = Busy, "a sale is running"
	return r.lease, nil
}

// arm lets a sale take the next card, unless the wire was given up since the reader was reserved.
func (r *reader) arm(w *waiter, lease int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lease != lease {
		return false
	}
	r.tell(w.amount) // before since: what was read for another sale is then either dropped by the reader, or older
	w.since, w.text = time.Now(), "Swipe the card."
	r.armed = w
	return true
}

// attended notes who tells of cards, nil for nobody any more, and tells a reader that wants to know that no sale waits.
func (r *reader) attended(device drivers.CardReader) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.armer, _ = device.(drivers.Armer)
	r.tell(pos.Money{})
}

// tell says what the next card pays to a reader that wants to know. The caller holds mu.
func (r *reader) tell(amount pos.Money) {
	if r.armer != nil {
		r.armer.Arm(amount)
	}
}

// disarm takes the waiting sale away, nil when there is none, and makes the reader ready again.
func (r *reader) disarm() *waiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.armed
	r.armed = nil
	r.tell(pos.Money{})
	r.free()
	return w
}

// disarmFor is disarm for one payment: another one goes on waiting.
func (r *reader) disarmFor(payment pos.PaymentID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.armed != nil && r.armed.payment == payment {
		r.armed = nil
		r.tell(pos.Money{})
		r.free()
	}
}

// overdue is disarm for a sale that has waited too long.
func (r *reader) overdue(now time.Time) *waiter {
	r.mu.Lock()
	w := r.armed
	r.mu.Unlock()
	if w == nil || now.Sub(w.since) < swipeTime {
		return nil
	}
	r.disarmFor(w.payment)
	return w
}

// taker is the sale that a card is for which was read at a moment, nil when none waited then.
func (r *reader) taker(at time.Time) *waiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.armed == nil || !at.IsZero() && at.Before(r.armed.since) {
		return nil
	}
	return r.armed
}

// free makes a busy reader ready. The caller holds mu.
func (r *reader) free() {
	if r.state == Busy {
		r.state, r.text = Ready, ""
	}
}

func (r *reader) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free()
}

func (r *reader) set(state DeviceState, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state, r.text = state, text
}

// show tells the cashier what the reader does for the sale that waits. Without one there is nothing to tell: it would stand beside the device for good.
func (r *reader) show(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.armed != nil {
		r.armed.text = text
	}
}

// say tells the cashier something: of the sale that waits, or of the reader.
func (r *reader) say(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.armed != nil {
		r.armed.text = text
		return
	}
	r.text = text
}

// progressOf is what the cashier is told about a sale that waits for its card, "" for none.
func (e *Engine) progressOf(id pos.PaymentID) string {
	for _, r := range e.readers {
		r.mu.Lock()
		w := r.armed
		text := ""
		if w != nil && w.payment == id {
			text = w.text
		}
		r.mu.Unlock()
		if text != "" {
			return text
		}
	}
	return ""
}

// readerDevices are the states of all readers, for people.
func (e *Engine) readerDevices() (list []Device) {
	for _, r := range e.readers {
		r.mu.Lock()
		list = append(list, Device{Name: r.name, State: r.state, Text: r.text})
		r.mu.Unlock()
	}
	return list
}

// setReader lets the supervisor tell why a reader is not attended. It is false for what is no reader.
func (e *Engine) setReader(name pos.DeviceName, state DeviceState, text string) bool {
	i := slices.IndexFunc(e.readers, func(r *reader) bool { return r.name == name })
	if i >= 0 {
		e.readers[i].set(state, text)
	}
	return i >= 0
}
