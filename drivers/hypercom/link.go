package hypercom

import (
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/drivers/stx"
)

// Numbers and times that no paper gives.
const (
	sends      = 3                      // of one frame, in all
	asks       = 2                      // of one question whose answer does not come although it was acknowledged
	answerTime = 10 * time.Second       // for what the terminal knows by itself
	look       = 5 * time.Millisecond   // for more of what came before a command
	stillness  = 50 * time.Millisecond  // of a line that nothing is under way on; the longest that adapters hold bytes back
	glance     = 200 * time.Millisecond // longest wait without a look at the cashier's wish
	mostStray  = 1000                   // frames that nobody asked for, before one command
	mostLate   = 8                      // results that are kept as evidence
)

// errBusy says that the terminal talks of something else, again and again.
var errBusy = errors.New("the terminal is busy with something else")

// incoming is a terminal's answer. Its owner wipes it.
type incoming struct {
	event   stx.Event
	message codec.Message // its fields are parts of the event
	cut     error         // what could not be read of it, nil for nothing
}

// next waits for an answer of the family until the deadline. It is not acknowledged yet. Other frames are dropped: an echo of our own is no answer.
func (t *terminal) next(ctx context.Context, until time.Time) (*incoming, error) {
	for {
		e, err := t.line.Next(ctx, until)
		if err != nil {
			return nil, err
		}
		if e.Kind != stx.GotFrame {
			if e.Payload[0] == stx.ACK {
				t.acks++ // late or doubled
			}
			continue
		}
		m, err := t.options.profile.form.Parse(e.Payload)
		if errors.Is(err, codec.ErrHeader) || m.Direction != codec.Answer {
			e.Wipe()
			continue
		}
		t.frames++
		return &incoming{e, m, err}, nil
	}
}

// drain takes what came before. It waits until the line has been still for so long: an answer to an older command that is under way must not end in the
// middle of the next one.
func (t *terminal) drain(ctx context.Context, still time.Duration) error {
	for range mostStray {
		until := time.Now()
		if time.Since(t.line.Heard()) < still {
			until = until.Add(look)
		}
		if err := t.line.Alive(ctx); err != nil {
			return err
		}
		in, err := t.next(ctx, until)
		quiet := errors.Is(err, drivers.ErrQuiet)
		switch {
		case quiet && time.Since(t.line.Heard()) >= still:
			return nil
		case quiet, errors.Is(err, stx.ErrDamaged):
			continue
		case err == nil:
			err = t.stray(in)
		}
		if err != nil {
			return err
		}
	}
	return errBusy
}

// ask asks what moves no money, again when no answer comes or its fields cannot be read to the end (the check byte does not see each damage), and gives the
// answer, which is acknowledged; its owner wipes it.
func (t *terminal) ask(ctx context.Context, question codec.Message) (in *incoming, err error) {
	payload := t.options.profile.form.Payload(question)
	for n := range asks {
		if err := t.line.Send(ctx, payload, stx.Sending{Wait: t.options.ack, Sends: sends, Silent: sends}); err != nil {
			return nil, err
		}
		in, err = t.await(ctx, question.Code)
		switch {
		case err == nil && in.cut != nil && n < asks-1:
			in.event.Wipe()
		case err == nil, !errors.Is(err, drivers.ErrQuiet) && !errors.Is(err, stx.ErrDamaged):
			return in, err
		}
	}
	return in, err
}

// await waits for the answer to a question.
func (t *terminal) await(ctx context.Context, code string) (*incoming, error) {
	for until := time.Now().Add(answerTime); ; {
		in, err := t.next(ctx, until)
		if err != nil {
			return nil, err
		}
		if in.message.Code == code {
			return in, t.line.Accept(&in.event)
		}
		if err := t.stray(in); err != nil {
			return nil, err
		}
	}
}

// greet shows that the terminal listens, where its profile has a question for that, and takes what it had left to say of something older.
func (t *terminal) greet(ctx context.Context) error {
	if err := t.drain(ctx, stillness); err != nil || t.options.profile.ping.code == "" {
		return err
	}
	in, err := t.ask(ctx, t.options.request(t.options.profile.ping, wish{}))
	if err != nil {
		return err
	}
	in.event.Wipe() // whatever it says, it is there
	return t.drain(ctx, 0)
}

// patiently asks a terminal that may still serve a customer, and answers nothing meanwhile, again and again until it was silent for too long.
func (t *terminal) patiently(ctx context.Context, ask func() error) error {
	for begun := time.Now(); ; {
		err := ask()
		if err == nil || !passes(err) || t.stranger() != nil || time.Since(begun) > t.options.busy {
			return err
		}
		if err := t.pause(ctx); err != nil {
			return err
		}
	}
}

// pause lets a moment pass, and takes what comes.
func (t *terminal) pause(ctx context.Context) error {
	in, err := t.next(ctx, time.Now().Add(glance))
	switch {
	case err == nil:
		return t.stray(in)
	case errors.Is(err, drivers.ErrQuiet), errors.Is(err, stx.ErrDamaged):
		return nil
	}
	return err
}
