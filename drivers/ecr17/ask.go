package ecr17

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/ecr17/codec"
	"github.com/tillproof/tillproof/drivers/stx"
)

// sends is how often a frame is sent in all that is answered with NAK, or, if it moves no money, not at all.
const sends = 3

// asks is how often a question is asked whose answer does not come although it was acknowledged.
const asks = 2

// lastResults are the codes of what G tells, which is asked for until it is told twice: damage shows by that.
const lastResults = "EVeicv"

// answerTime is how long the terminal may take for the answer to a question. Nobody gives a time; it asks no host for it.
const answerTime = 10 * time.Second

// request is a message of ours with the register's id, where it has one.
func (t *terminal) request(code byte, length int) codec.Message {
	m := codec.New(code, t.options.terminalID, length)
	m.Number(11, 18, t.options.register)
	return m
}

// enquire asks what moves no money and gives the first answer with one of the codes; its owner wipes it. A question may be repeated.
func (t *terminal) enquire(ctx context.Context, question codec.Message, answers string) (e stx.Event, err error) {
	for range asks {
		e, err = t.exchange(ctx, question, answers, stx.Sending{Wait: t.options.ack, Sends: sends, Silent: sends, Asks: true})
		if err == nil || !errors.Is(err, drivers.ErrQuiet) && !errors.Is(err, stx.ErrDamaged) {
			return e, err
		}
	}
	return e, err
}

// exchange asks once.
func (t *terminal) exchange(ctx context.Context, question codec.Message, answers string, rules stx.Sending) (stx.Event, error) {
	if err := t.line.Send(ctx, question, rules); err != nil {
		return stx.Event{}, err
	}
	for until := time.Now().Add(answerTime); ; {
		e, err := t.line.Next(ctx, until)
		switch {
		case err != nil:
			return stx.Event{}, err
		case e.Kind == stx.GotProgress:
			t.busy()
		case e.Kind == stx.GotFrame && replies(e.Payload, answers) && answers != lastResults && t.doubtful(&e, 0):
			err = t.line.Refuse()
		case e.Kind == stx.GotFrame && replies(e.Payload, answers):
			return e, t.line.Accept(&e)
		case e.Kind == stx.GotFrame && (t.known(&e) || t.line.Repeated(&e) || replies(e.Payload, "S")):
			err = t.line.Accept(&e) // said again, or the text of a receipt that came too late
		}
		// A result that nobody waits for any more is not acknowledged: it is not durable. G tells it again.
		if e.Wipe(); err != nil {
			return stx.Event{}, err
		}
	}
}

// replies says whether a payload is a terminal's message with one of the codes.
func replies(payload []byte, codes string) bool {
	m := codec.Message(payload)
	if !m.Whole() || bytes.IndexByte([]byte(codes), m.Code()) < 0 {
		return false
	}
	_, reply := name(m)
	return reply
}

// known says whether a frame repeats the last result that was acknowledged.
func (t *terminal) known(e *stx.Event) bool {
	return !t.acked.IsZero() && sha256.Sum256(e.Payload) == t.result
}

// acknowledge lets the terminal forget a result.
func (t *terminal) acknowledge(e *stx.Event) error {
	t.heard(sha256.Sum256(e.Payload), approvedAs(e.Payload))
	return t.line.Accept(e)
}

// heard notes a result, of which a repetition may follow.
func (t *terminal) heard(sum [sha256.Size]byte, approval bool) {
	if t.result, t.acked = sum, time.Now(); approval {
		t.given = sum
	}
}

// status asks for the terminal's state, and compares its clock.
func (t *terminal) status(ctx context.Context) (state byte, err error) {
	e, err := t.enquire(ctx, codec.New('s', t.options.terminalID, 10), "s")
	if err != nil {
		return 0, err
	}
	defer e.Wipe()
	return t.readStatus(codec.Message(e.Payload)), nil
}

func (t *terminal) readStatus(m codec.Message) (state byte) {
	now := time.Now()
	if at, err := time.ParseInLocation("0201061504", m.At(21, 30), time.Local); err == nil {
		t.clock, t.timed = at.Sub(now), true
	}
	if state := m.At(31, 31); state != "" {
		return state[0]
	}
	return 0
}

// repeats is how long after an acknowledgement the terminal may send the same result again, because the acknowledgement was lost.
func (t *terminal) repeats() time.Duration { return (sends + 1) * t.options.ack }

// check shows, before a command that moves money, that the terminal listens, and that what it says from now on is not the repetition of an older
// result: it answers questions only when it has no answer of ours to wait for.
func (t *terminal) check(ctx context.Context) error {
	if !t.probed {
		return t.probe(ctx)
	}
	if !t.options.checkAlways && (t.acked.IsZero() || time.Since(t.acked) > t.repeats()) {
		return nil
	}
	_, err := t.status(ctx)
	return err
}
