package idtech

import (
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/idtech/codec"
)

// Times of the line.
const (
	gap        = 500 * time.Millisecond // silence inside a frame that gives it up
	glance     = 250 * time.Millisecond // how often a wait looks whether its context has ended
	replyTime  = time.Second            // the reader's for an answer
	sends      = 3                      // of a question, which moves nothing
	writeLimit = 2 * time.Second        // of one write; longer means that the wire is stuck
)

// What ends a question.
var (
	errSilent  = errors.New("the reader does not answer")
	errRefused = errors.New("the reader refuses")
)

// listen takes one byte, or what silence means: an event, mostly nothing. [drivers.ErrQuiet] says that nothing came until the deadline or for a glance.
func (r *reader) listen(until time.Time) (codec.Event, error) {
	b, quiet, err := r.hear(&r.decoder, until)
	switch {
	case err != nil:
		return codec.Event{}, err
	case quiet:
		return r.decoder.Quiet(), nil
	}
	skipped := r.decoder.Skipped
	ev := r.decoder.Feed(b)
	r.foreign = r.foreign || r.decoder.Skipped > skipped
	return ev, nil
}

// gathering is what comes of a frame and is not whole yet.
type gathering interface {
	Partial() bool
	Wipe()
}

// hear takes one byte, or says that it was quiet inside a frame for too long. [drivers.ErrQuiet] says that nothing came until the deadline or for a glance.
func (h *head) hear(d gathering, until time.Time) (b byte, quiet bool, err error) {
	b, err = h.wire.Next(h.patience(d, until))
	switch {
	case err == nil:
		return b, false, nil
	case !errors.Is(err, drivers.ErrQuiet):
		d.Wipe()
	case d.Partial() && time.Since(h.wire.Heard()) >= gap:
		return 0, true, nil
	}
	return 0, false, err
}

// patience is when a wait must look around.
func (h *head) patience(d gathering, until time.Time) time.Time {
	if look := time.Now().Add(glance); look.Before(until) {
		until = look
	}
	if over := h.wire.Heard().Add(gap); d.Partial() && over.Before(until) {
		until = over
	}
	return until
}

// write puts a request on the line.
func (h *head) write(request []byte) error {
	if err := h.conn.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	_, err := h.conn.Write(request)
	return err
}

// ask reviews a setting. The value is the caller's. The error is errRefused, errSilent, that of ctx or of the wire, or that of a reader in clear.
func (r *reader) ask(ctx context.Context, function byte) ([]byte, error) {
	for range sends {
		value, err := r.askOnce(ctx, function)
		if !errors.Is(err, errSilent) {
			return value, err
		}
	}
	return nil, errSilent
}

func (r *reader) askOnce(ctx context.Context, function byte) (value []byte, err error) {
	r.decoder.Asked = true
	defer func() { r.decoder.Asked = false }()
	err = r.exchange(ctx, codec.RequestFrame(codec.Review, function), func(f *codec.Frame) bool {
		if f.Kind != codec.Reply {
			return false
		}
		settings := codec.Settings(f.Data)
		if len(settings) != 1 || settings[0].Function != function {
			return false
		}
		value = append(value, settings[0].Value...)
		return true
	})
	return value, err
}

// set changes a setting that the reader keeps.
func (r *reader) set(ctx context.Context, function byte, value ...byte) error {
	return r.exchange(ctx, codec.SetFrame(function, value...), func(f *codec.Frame) bool { return f.Kind == codec.Done })
}

// exchange sends a request and waits for its answer. A swipe that comes meanwhile is dropped: nobody waits for a card.
func (r *reader) exchange(ctx context.Context, request []byte, answers func(*codec.Frame) bool) error {
	if err := r.write(request); err != nil {
		return err
	}
	until := time.Now().Add(replyTime)
	for time.Now().Before(until) {
		if err := ctx.Err(); err != nil {
			return err
		}
		ev, err := r.listen(until)
		switch {
		case err != nil && !errors.Is(err, drivers.ErrQuiet):
			return err
		case ev.Kind == codec.InClear:
			return inClear("The card reader sends cards in clear.")
		case ev.Kind == codec.Refusal:
			return errRefused
		case ev.Kind != 0 && answers(&ev.Frame):
			return nil
		}
	}
	return errSilent
}
