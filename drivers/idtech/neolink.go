package idtech

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/idtech/neo2"
)

// listen takes one byte, or what silence means, as that of a stripe reader does.
func (r *neo) listen(until time.Time) (neo2.Event, error) {
	b, quiet, err := r.hear(&r.decoder, until)
	switch {
	case err != nil:
		return neo2.Event{}, err
	case quiet:
		return r.decoder.Quiet(), nil
	}
	skipped := r.decoder.Skipped
	ev := r.decoder.Feed(b)
	r.foreign = r.foreign || r.decoder.Skipped > skipped
	return ev, nil
}

// answer is a reply to a question. Its data are the caller's.
type answer struct {
	status byte
	data   []byte
}

// ask sends a question that moves nothing, again where nothing came or the reader has read it damaged. The error is errSilent, that of ctx or of the wire,
// or that of a reader that was tampered with.
func (r *neo) ask(ctx context.Context, command, sub byte, data ...byte) (answer, error) {
	for range sends {
		a, err := r.askOnce(ctx, command, sub, data)
		switch {
		case err == nil && a.status == neo2.Tampered:
			return answer{}, tampered()
		case err == nil && a.status != neo2.DamagedCRC:
			return a, nil
		case err != nil && !errors.Is(err, errSilent):
			return answer{}, err
		}
	}
	return answer{}, errSilent
}

// askOnce sends a question and waits for its answer. What comes of a card meanwhile is dropped and wiped: nobody waits for one.
func (r *neo) askOnce(ctx context.Context, command, sub byte, data []byte) (answer, error) {
	if err := r.write(neo2.RequestFrame(command, sub, data...)); err != nil {
		return answer{}, err
	}
	until := time.Now().Add(replyTime)
	for time.Now().Before(until) {
		if err := ctx.Err(); err != nil {
			return answer{}, err
		}
		ev, err := r.listen(until)
		if err != nil && !errors.Is(err, drivers.ErrQuiet) {
			return answer{}, err
		}
		r.spoke = r.spoke || ev.Kind == neo2.Whole && !ev.Request
		if ev.Kind == neo2.Whole && !ev.Request && ev.Command == command {
			a := answer{ev.Status, nil}
			if command != neo2.Poll { // which may have a card in clear
				a.data = bytes.Clone(ev.Data)
			}
			r.decoder.Wipe()
			return a, nil
		}
	}
	return answer{}, errSilent
}

// speaks says whether the reader answers a ping, or with the end of what it was doing. Silence is no error.
func (r *neo) speaks(ctx context.Context) (bool, error) {
	r.spoke = false
	_, err := r.askOnce(ctx, neo2.Ping, neo2.PingSub, nil)
	r.decoder.Wipe()
	if errors.Is(err, errSilent) {
		err = nil
	}
	return r.spoke, err
}
