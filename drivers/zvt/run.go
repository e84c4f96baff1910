package zvt

import (
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// A command that is given up still listens for its end: so long for a first word of the terminal, which makes it known to be dead 2 s after T4, and
// for one that speaks again as long behind each word, but no longer than windDown in all.
const (
	grace     = 1800 * time.Millisecond
	abortTime = time.Second // of the grace, for the acknowledgement of 06 B0
)

// windDown is how long the terminal may be silent while it takes back what could not be stored here.
const windDown = 10 * time.Second

// maxAborts bounds how often 06 B0 is tried when the terminal's own commands cross it.
const maxAborts = 5

// run is one accepted command while the terminal is master.
type run struct {
	t        *terminal
	task     task
	receipts receipts

	t4    time.Duration
	until time.Time // end of T4, or of the grace

	last      *drivers.Result // of the last 04 0F, durable
	said      report          // that 04 0F
	uncoded   bool            // the last 04 0F had no result code
	answered  bool            // our 80 00 to it went out
	confirmed bool            // the terminal is known to have that 80 00
	end       *codec.APDU     // 06 0F or 06 1E
	commit    error           // a result could not be made durable
	fault     error           // what ended the wait before the end
	aborts    int             // tries to send 06 B0
	stopped   bool            // 06 B0 was delivered, or is not tried any more
	givingUp  bool            // the grace runs
	latest    time.Time       // end of the grace, whatever the terminal says
}

func newRun(t *terminal, do task) *run {
	r := &run{t: t, task: do, t4: t.options.t4, receipts: receipts{charset: t.charset}}
	r.rearm()
	return r
}

// follow answers the terminal until it ends the command, falls silent, or the wire or ctx ends.
func (r *run) follow(ctx context.Context) {
	for r.end == nil && r.fault == nil {
		m, err := r.t.receive(earlier(r.until, time.Now().Add(glance)))
		switch {
		case errors.Is(err, drivers.ErrQuiet):
			r.look(ctx)
		case err != nil:
			r.fault = err
		default:
			r.handle(m)
		}
		r.watch(ctx)
	}
}

// look uses a pause of the terminal to pass on the cashier's wish to stop.
func (r *run) look(ctx context.Context) {
	if closed(r.task.cancel) && !r.stopped {
		r.abort(ctx)
	}
}

// watch gives up when T4 or ctx has ended: it asks the terminal to stop and listens a little longer, then ends the run.
func (r *run) watch(ctx context.Context) {
	late := !time.Now().Before(r.until)
	switch {
	case r.end != nil || r.fault != nil || ctx.Err() == nil && !late:
		return
	case r.givingUp && late:
		r.fault = errLate
	case !r.givingUp:
		r.givingUp, r.latest = true, time.Now().Add(windDown)
		r.until = time.Now().Add(grace)
		brief, done := context.WithTimeout(context.WithoutCancel(ctx), abortTime)
		r.abort(brief)
		done()
	}
}

// abort sends 06 B0 as a command of our own between the terminal's messages. Whether it is heeded shows in the result:
// the reply to it is not waited for.
func (r *run) abort(ctx context.Context) {
	r.aborts++
	_, err := r.t.link.send(ctx, codec.APDU{Class: 0x06, Instr: 0xB0})
	r.stopped = !errors.Is(err, errCollision) || r.aborts >= maxAborts
}

// rearm starts T4 anew, or the grace.
func (r *run) rearm() {
	r.until = time.Now().Add(r.t4)
	if r.givingUp {
		r.until = earlier(r.latest, time.Now().Add(grace))
	}
}

func (r *run) handle(m codec.APDU) {
	if m.Reply() { // to 06 B0, or doubled
		if r.givingUp {
			r.rearm()
		}
		return
	}
	if r.answered {
		r.confirmed = true // it has gone on, so it has our answer
	}
	r.rearm()
	switch {
	case m.Is(0x04, 0xFF):
		r.progress(m)
	case m.Is(0x04, 0x0F):
		r.result(m)
	case m.Is(0x06, 0xD1):
		r.receipts.line(m.Data)
		r.reply(accepted())
	case m.Is(0x06, 0xD3):
		r.receipts.block(m.Data)
		r.reply(accepted())
	case m.Is(0x06, 0x0F), m.Is(0x06, 0x1E):
		r.finish(m)
	default:
		r.note(r.t.stray(m))
	}
}

// progress tells the cashier what happens, and takes over the T4 that the terminal asks for.
func (r *run) progress(m codec.APDU) {
	step, ok := parseIntermediate(r.t.charset, m.Data)
	if ok {
		if step.minutes > 0 {
			r.t4 = time.Duration(step.minutes) * time.Minute
			r.rearm()
		}
		r.task.progress(step.progress())
	}
	r.reply(accepted())
}

// result makes a 04 0F durable and only then acknowledges it. One that could not be stored is refused, so that the
// terminal takes back what it did; one without a result code decides nothing and is acknowledged as the papers want, and
// Recover asks.
func (r *run) result(m codec.APDU) {
	fields, _, _ := codec.ParseFields(m.Data)
	said := r.t.report(fields)
	result, coded := r.task.read(said)
	if code, _ := said.fields.Byte(codec.ResultCode); meaningOf(code).money == moneyAsked {
		coded = false
	}
	r.last, r.uncoded = nil, !coded
	if coded && !r.store(said, result) {
		r.reply(refused(notStored))
		r.t4 = windDown
		r.rearm()
		return
	}
	confirmed, err := r.t.link.send(context.Background(), accepted())
	r.answered, r.confirmed = err == nil, confirmed
	r.note(err)
}

// store makes a result durable. A failure sticks: whatever the terminal says later, the outcome must be asked for.
func (r *run) store(said report, result drivers.Result) bool {
	if err := r.task.keep(said, result); err != nil {
		r.commit = err
		return false
	}
	r.last, r.said = &result, said
	return true
}

// finish takes the end. A failure without any result before it is a result too, and durable before it is acknowledged.
func (r *run) finish(m codec.APDU) {
	r.end = &m
	if m.Is(0x06, 0x1E) && r.last == nil && !r.uncoded && r.commit == nil && !r.store(report{}, r.failed(m)) {
		r.reply(refused(notStored))
		return
	}
	_ = r.t.reply(accepted()) // the end was seen; that the terminal knows so changes nothing
}

func (r *run) reply(a codec.APDU) { r.note(r.t.reply(a)) }

func (r *run) note(err error) {
	if r.fault == nil {
		r.fault = err
	}
}
