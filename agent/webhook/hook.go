package webhook

import (
	"context"
	"log/slog"
	"time"
)

// hook delivers the events of one target. One goroutine runs it; the memory is shared with who asks, under the book's lock.
type hook struct {
	target Target
	source Source
	sender *sender
	book   *book
	memory *memory
	log    *slog.Logger
	wake   chan struct{} // room for one: something was made due by a person

	queue   []Ref     // read from the journal and not tried yet
	reached string    // the place behind them
	unsaved int       // changes of the memory that the file does not have
	saved   time.Time // when it was last written
	deaf    bool      // the journal could not be read the last time, so that the log says so once
	full    bool      // the same of the file of the places
}

// run delivers until ctx ends.
func (h *hook) run(ctx context.Context) {
	for ctx.Err() == nil {
		changed := h.source.Changed() // before the journal is read, so that nothing falls in between
		ref, wait := h.choose()
		if ref != nil {
			h.try(ctx, *ref)
		} else {
			h.rest(ctx, changed, wait)
		}
		if time.Since(h.saved) >= saveEvery || h.unsaved >= saveAbove {
			h.save()
		}
	}
	h.save()
}

// choose finds what to send now: what is due again, else the next event of the journal. Without either it says how long to wait, 0 for ever.
func (h *hook) choose() (ref *Ref, wait time.Duration) {
	due, wait, blocked := h.look()
	if due != nil || blocked {
		return due, wait
	}
	for len(h.queue) == 0 {
		more, err := h.refill()
		if err != nil {
			return nil, rereadTime
		}
		if !more {
			return nil, wait
		}
	}
	return &h.queue[0], 0
}

// look tells what is due again, or how long it is until then, and whether new events have to wait.
func (h *hook) look() (due *Ref, wait time.Duration, blocked bool) {
	h.book.mu.Lock()
	defer h.book.mu.Unlock()
	if h.memory.Disabled {
		return nil, 0, true
	}
	first, wait := h.memory.next(time.Now())
	if first != nil && wait == 0 {
		ref := first.Ref
		return &ref, 0, false
	}
	return nil, wait, h.memory.blocked()
}

// refill reads on in the journal. more is false at its end.
func (h *hook) refill() (more bool, err error) {
	place := h.place()
	events, reached, err := h.source.Next(place)
	if err != nil {
		if !h.deaf {
			h.log.Error("the journal cannot be read for this webhook; it is tried again each minute", "error", err)
		}
		h.deaf = true
		return false, err
	}
	h.deaf = false
	h.queue, h.reached = h.queue[:0], reached
	for _, ref := range events {
		if h.target.wants(ref.Type) {
			h.queue = append(h.queue, ref)
		}
	}
	if len(h.queue) == 0 && reached != place {
		h.goOn(reached)
	}
	return reached != place, nil
}

func (h *hook) place() string {
	h.book.mu.Lock()
	defer h.book.mu.Unlock()
	return h.memory.Place
}

func (h *hook) goOn(place string) {
	h.book.mu.Lock()
	defer h.book.mu.Unlock()
	h.memory.Place = place
	h.unsaved++
}

// try sends an event once and notes what became of it. One that the end of the till has cut off is sent again after the start.
func (h *hook) try(ctx context.Context, ref Ref) {
	event, err := h.source.Build(ref)
	o := outcome{reason: "the till could not read the event from its own journal", answered: true}
	if err == nil && event != nil {
		o = h.sender.send(ctx, &h.target, event)
	}
	if ctx.Err() != nil && o.reason != "" {
		return
	}
	h.book.mu.Lock()
	defer h.book.mu.Unlock()
	switch {
	case err == nil && event == nil:
		h.memory.drop(Ref{ID: ref.ID})
	case o.reason == "":
		h.tellWell()
		h.memory.delivered(ref)
	default:
		h.tellFailure(h.memory.failed(ref, o, time.Now()))
	}
	h.leave(ref)
}

// leave moves past an event that came from the journal. Called with the book's lock held.
func (h *hook) leave(ref Ref) {
	h.unsaved++
	if len(h.queue) == 0 || h.queue[0].ID != ref.ID {
		return
	}
	h.memory.Place = ref.ID
	if h.queue = h.queue[1:]; len(h.queue) == 0 {
		h.memory.Place = h.reached
	}
}

func (h *hook) tellWell() {
	if h.memory.Failing > 0 {
		h.log.Info("webhook delivers again", "since", time.UnixMilli(h.memory.Failing).UTC())
	}
}

// tellFailure logs the first failure and the last one of an event; those in between tell nothing new.
func (h *hook) tellFailure(x held) {
	switch {
	case h.memory.Disabled:
		h.log.Error("webhook disabled by its receiver; nothing is lost, and it goes on when a person retries it", "event", x.ID, "error", x.Error)
	case !x.waits():
		h.log.Error("webhook event set aside after its last try; a person may retry it", "event", x.ID, "tries", x.Tries, "error", x.Error)
	case x.Tries == 1:
		h.log.Warn("webhook event not delivered; it is tried again", "event", x.ID, "error", x.Error)
	}
}

// rest waits until there may be something to do.
func (h *hook) rest(ctx context.Context, changed <-chan struct{}, wait time.Duration) {
	if h.unsaved > 0 && (wait == 0 || wait > saveEvery) {
		wait = saveEvery
	}
	var timer <-chan time.Time
	if wait > 0 {
		timer = time.After(wait)
	}
	select {
	case <-ctx.Done():
	case <-changed:
	case <-h.wake:
	case <-timer:
	}
}

// save makes the memory durable. A disk that is full costs repetitions after a crash, nothing else.
func (h *hook) save() {
	if h.unsaved == 0 {
		return
	}
	h.saved = time.Now()
	err := h.book.save()
	if err != nil && !h.full {
		h.log.Error("the places of the webhooks could not be written; events may come twice after a crash", "error", err)
	}
	if h.full = err != nil; err == nil {
		h.unsaved = 0
	}
}
