package zvt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// errLate says that the terminal took a command and did not reply within T3, or fell silent for T4.
var errLate = errors.New("the terminal does not answer")

// refusal is a negative reply 84 xx to a command, or its end with 06 1E xx.
type refusal struct {
	code  byte
	data  []byte // behind the code of 06 1E
	early bool   // 84: the command was not begun
	twice bool   // the command went out again after silence, so this may refuse the repetition of one that was begun
}

func (r *refusal) Error() string {
	return fmt.Sprintf("refused with %02x: %s", r.code, resultText(r.code))
}

// accepted is the positive reply.
func accepted() codec.APDU { return codec.APDU{Class: 0x80} }

// refused is a negative reply with the given code.
func refused(code byte) codec.APDU { return codec.APDU{Class: 0x84, Instr: code} }

// Codes that we answer with (PA00P015, error codes).
const (
	notSupported byte = 0x83 // a command that we did not say we support
	notStored    byte = 0xFF // system error: makes the terminal take a payment back
)

// wrongCurrencyCode is followed by the terminal's own currency, in 06 1E and in 84 1E.
const wrongCurrencyCode byte = 0x6F

// How long a command looks for what came before it: a late result, a reply that was doubled. Nothing older may pass for its reply. On a new wire, and while the
// terminal has just spoken, that takes its time. Where it has been silent for a while, all that it said lies ready: a wire that tells that there is nothing
// is not waited for, and on another a peek finds it.
const (
	settle = 5 * time.Millisecond
	peek   = 500 * time.Microsecond
)

// command sends one command and waits for its positive reply. A negative one is a *refusal.
func (t *terminal) command(ctx context.Context, a codec.APDU) error {
	if err := t.clear(ctx); err != nil {
		return &sendError{notSent, err}
	}
	if _, err := t.link.send(ctx, a); err != nil {
		return err
	}
	until := time.Now().Add(t.options.t3)
	var ended *refusal
	var told bool // a result came without a reply: then an end proves nothing
	for {
		m, err := t.await(ctx, until)
		switch {
		case errors.Is(err, errLate) && ended != nil:
			return ended
		case err != nil:
			t.link.abandon(err)
			return err
		case m.Accepts():
			return nil
		case m.Refuses():
			return &refusal{code: refusalCode(m), early: true, twice: t.link.repeated()}
		case m.Is(0x04, 0x0F):
			told, ended = true, nil
		case m.Is(0x06, 0x1E) && !told:
			ended = t.notBegun(m)
		}
		if err := t.stray(m); err != nil {
			return err
		}
	}
}

// notBegun is what 06 1E says where a reply is due: a terminal that is locked ends a command so without a reply. The end of something older looks the same,
// so it counts only when no reply follows within T3.
func (t *terminal) notBegun(m codec.APDU) *refusal {
	return &refusal{code: failure(m).code, early: true, twice: t.link.repeated()}
}

// refusalCode is the code of 84 xx. A registration in another currency is refused with 84 1E and the code 6F behind it.
func refusalCode(m codec.APDU) byte {
	if m.Instr == 0x1E && len(m.Data) > 0 {
		return m.Data[0]
	}
	return m.Instr
}

// failure reads 06 1E: the code, and behind it perhaps what belongs to it.
func failure(m codec.APDU) *refusal {
	if len(m.Data) == 0 {
		return &refusal{code: notStored}
	}
	return &refusal{code: m.Data[0], data: m.Data[1:]}
}

// await waits for the next APDU until the deadline or the end of ctx.
func (t *terminal) await(ctx context.Context, until time.Time) (codec.APDU, error) {
	for {
		if err := waiting(ctx, until, errLate); err != nil {
			return codec.APDU{}, err
		}
		m, err := t.receive(earlier(until, time.Now().Add(glance)))
		if !errors.Is(err, drivers.ErrQuiet) {
			return m, err
		}
	}
}

// receive waits for the next APDU and notes when the terminal spoke last.
func (t *terminal) receive(until time.Time) (codec.APDU, error) {
	m, err := t.link.receive(until)
	if !errors.Is(err, drivers.ErrQuiet) {
		t.spoke = time.Now()
	}
	return m, err
}

// clear answers what is left of an earlier exchange, until the terminal is silent.
func (t *terminal) clear(ctx context.Context) error {
	switch {
	case t.spoke.IsZero() || time.Since(t.spoke) < glance:
		return t.idle(ctx, settle)
	case !t.link.waiting():
		return ctx.Err()
	}
	for range 2 { // a machine that is busy may let the first one pass before it looks
		if err := t.idle(ctx, peek); err != nil {
			return err
		}
	}
	if time.Since(t.spoke) < glance { // something was there, so more may follow
		return t.idle(ctx, settle)
	}
	return nil
}

// idle lets time pass while it answers what the terminal still wants.
func (t *terminal) idle(ctx context.Context, d time.Duration) error {
	until := time.Now().Add(d)
	for {
		m, err := t.await(ctx, until)
		switch {
		case errors.Is(err, errLate):
			return nil
		case err != nil:
			return err
		}
		if err := t.stray(m); err != nil {
			return err
		}
	}
}

// reply answers the terminal's command. It does not end with the caller's context: an answer that is begun is worth its
// few seconds, since the terminal decides by it. The link bounds it.
func (t *terminal) reply(a codec.APDU) error {
	_, err := t.link.send(context.Background(), a)
	return err
}

// stray answers a message that belongs to nothing that we wait for. A payment that nobody stored is not acknowledged:
// the terminal takes it back, or keeps it and tells Recover so.
func (t *terminal) stray(m codec.APDU) error {
	switch {
	case m.Reply():
		return nil
	case m.Is(0x04, 0x0F):
		fields, _, _ := codec.ParseFields(m.Data)
		if code, ok := fields.Byte(codec.ResultCode); ok && code == 0 {
			return t.reply(refused(notStored))
		}
		return t.reply(accepted())
	case m.Class == 0x04 && (m.Instr == 0xFF || m.Instr == 0x01),
		m.Class == 0x06 && (m.Instr == 0xD1 || m.Instr == 0xD3 || m.Instr == 0x0F || m.Instr == 0x1E):
		return t.reply(accepted())
	}
	return t.reply(refused(notSupported))
}
