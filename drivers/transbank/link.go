package transbank

import (
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/drivers/transbank/codec"
)

// Times that no paper gives.
const (
	sends     = 3                      // of one frame, in all
	look      = 5 * time.Millisecond   // for what came before a command
	glance    = 200 * time.Millisecond // longest wait without a look at the cashier's wish
	listed    = 30 * time.Second       // for a line of the list of sales, which the terminal knows by itself
	mostStray = 1000                   // frames that nobody asked for, before one command
)

// errBusy says that the terminal talks of something else, again and again.
var errBusy = errors.New("the terminal is busy with something else")

// incoming is a frame of the terminal. It is acknowledged by accept, or forgotten.
type incoming struct {
	event stx.Event
	codec.Message
}

// results are the replies to what moves money or closes the day. Nobody but their command's own wait acknowledges them.
func results() func(codec.Message) bool { return isReply("0210", "0271", "1210", "0510") }

// step says whether a frame is a word of progress. A result with a code of progress is none yet.
func (in *incoming) step() bool {
	return in.Command() == "0900" || results()(in.Message) && progressText(text(in.Field(1))) != ""
}

// next waits for a frame until the deadline. Progress and what is not wanted are dealt with; what it returns is not acknowledged.
func (t *terminal) next(ctx context.Context, until time.Time, progress func(drivers.Progress), wanted func(codec.Message) bool) (*incoming, error) {
	for {
		e, err := t.line.Next(ctx, until)
		if err != nil {
			return nil, err
		}
		if e.Kind != stx.GotFrame {
			continue // an ACK that is late or doubled
		}
		in := t.read(e)
		if !in.step() && wanted(in.Message) {
			return in, nil
		}
		if err := t.stray(in, progress); err != nil {
			return nil, err
		}
	}
}

// read parses a frame and notes that the terminal lives.
func (t *terminal) read(e stx.Event) *incoming {
	in := &incoming{e, parse(t.options.layout(), e.Payload)}
	if in.spoken() {
		t.spoke, t.frames = time.Now(), t.frames+1
	}
	return in
}

// spoken says whether a frame is of this family, by a command that is known or by its looks.
func (in *incoming) spoken() bool {
	name, _ := name(in.Command())
	return name != "" || drivers.Guess(in.event.Raw) == drivers.GuessTransbank
}

// stray deals with a frame that nobody waits for. A result of a money command is kept as evidence and not acknowledged, because nobody
// makes it durable.
func (t *terminal) stray(in *incoming, progress func(drivers.Progress)) error {
	defer in.event.Wipe()
	switch {
	case in.step():
		if progress != nil {
			progress(step(text(in.Field(1))))
		}
		return t.line.Put(stx.ACK) // not remembered: the same step told again is another word of the terminal
	case results()(in.Message):
		t.late = append(t.late[max(0, len(t.late)-7):], in.Message)
		return nil
	case !in.spoken():
		t.foreign = foreign(in.event.Raw)
		return nil
	}
	return t.line.Accept(&in.event)
}

// accept acknowledges a frame and wipes it.
func (t *terminal) accept(in *incoming) error {
	defer in.event.Wipe()
	return t.line.Accept(&in.event)
}

// unwanted is for who only looks at what is there.
func unwanted(codec.Message) bool { return false }

// drain takes what came before.
func (t *terminal) drain(ctx context.Context) error {
	for before := t.frames; ; {
		_, err := t.next(ctx, time.Now().Add(look), nil, unwanted)
		switch {
		case errors.Is(err, drivers.ErrQuiet):
			return nil
		case err != nil && !errors.Is(err, stx.ErrDamaged):
			return err
		case t.frames > before+mostStray:
			return errBusy
		}
	}
}

// poll sends 0100. Without an error the terminal has said ACK, and nothing else: what it said of something older shows that it is not
// free yet.
func (t *terminal) poll(ctx context.Context, silent int) error {
	before := t.frames
	if err := t.line.Send(ctx, poll(), stx.Sending{Wait: t.options.ack, Sends: sends, Silent: silent}); err != nil {
		return err
	}
	if err := t.drain(ctx); err != nil {
		return err
	}
	if other := t.foreignTongue(); t.frames != before || other != "" && other != drivers.GuessText { // a line of text is noise beside an ACK
		return errBusy
	}
	return nil
}

// ready polls a terminal that should be free.
func (t *terminal) ready(ctx context.Context) (err error) {
	for range sends {
		if err = t.poll(ctx, sends); !errors.Is(err, errBusy) {
			return err
		}
	}
	return err
}

// wake polls a terminal that may still serve a customer, and answers nothing meanwhile, until it is free or was silent for too long.
func (t *terminal) wake(ctx context.Context) error {
	for begun := time.Now(); ; {
		err := t.poll(ctx, 1)
		if err == nil || !patient(err) || t.foreignTongue() != "" {
			return err
		}
		since := begun
		if t.spoke.After(since) {
			since = t.spoke
		}
		if time.Since(since) > t.options.busy {
			return err
		}
		if err := t.pause(ctx); err != nil {
			return err
		}
	}
}

// patient says whether a poll that failed so may do better later on the same wire.
func patient(err error) bool {
	return errors.Is(err, errBusy) || errors.Is(err, stx.ErrSilent) || errors.Is(err, stx.ErrNAK) || errors.Is(err, stx.ErrDamaged)
}

// pause lets a moment pass, and takes what comes.
func (t *terminal) pause(ctx context.Context) error {
	_, err := t.next(ctx, time.Now().Add(glance), nil, unwanted)
	if errors.Is(err, drivers.ErrQuiet) || errors.Is(err, stx.ErrDamaged) {
		return nil
	}
	return err
}

// ask sends a command that moves no money, again after silence too, and returns its reply, which is acknowledged. The terminal may print
// first, or wait for paper.
func (t *terminal) ask(ctx context.Context, request []byte, progress func(drivers.Progress), replies ...string) (codec.Message, error) {
	if err := t.hand(ctx, request); err != nil {
		return nil, err
	}
	return t.await(ctx, t.options.reply, progress, replies...)
}

// hand sends a command that moves no money.
func (t *terminal) hand(ctx context.Context, request []byte) error {
	if err := t.drain(ctx); err != nil {
		return err
	}
	return t.line.Send(ctx, request, stx.Sending{Wait: t.options.ack, Sends: sends, Silent: sends})
}

// await waits for one of the replies and acknowledges it.
func (t *terminal) await(ctx context.Context, wait time.Duration, progress func(drivers.Progress), replies ...string) (codec.Message, error) {
	in, err := t.next(ctx, time.Now().Add(wait), progress, isReply(replies...))
	if err != nil {
		return nil, err
	}
	return in.Message, t.accept(in)
}
