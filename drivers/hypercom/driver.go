package hypercom

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// Driver describes the driver for the list of drivers: name "hypercom", 9600 baud 8N1, or TCP at the port that was set on the terminal.
func Driver() drivers.Driver {
	return drivers.Driver{
		Name:            "hypercom",
		Kind:            drivers.KindCard,
		Doc:             "Hypercom / LinkPOS card terminals (Malaysia, Thailand, Ecuador), serial or TCP at the port set on the terminal",
		Line:            drivers.Line{Baud: 9600, DataBits: 8, Parity: drivers.NoParity, StopBits: 1},
		NewCardTerminal: newTerminal,
		Lacks:           lacks,
	}
}

// lacks lists what the profile has no code for. Settings that are not understood lack as much as the defaults: such a device is never opened.
func lacks(settings drivers.Settings) []drivers.Function {
	o, err := readOptions(settings.Options)
	if err != nil {
		o = defaults(razer())
	}
	p := o.profile
	list := []drivers.Function{drivers.Counting, drivers.Reprinting, drivers.Reserving}
	lacking := func(lacks bool, functions ...drivers.Function) {
		if lacks {
			list = append(list, functions...)
		}
	}
	lacking(p.void.code == "", drivers.Voiding)
	lacking(p.refund.code == "", drivers.Refunding)
	lacking(p.settlement.code == "", drivers.Settling)
	lacking(p.cancel == "", drivers.Stopping)
	lacking(len(p.aborted) == 0, drivers.TellingAborts)
	lacking(p.byID.code == "", drivers.RecoverSales, drivers.RecoverVoids, drivers.RecoverRefunds)
	return list
}

// streamGap is the longest pause between two bytes of a frame on TCP, where a lost packet costs a second.
const streamGap = 2 * time.Second

// terminal is one card terminal on one wire. It is used by one goroutine and starts none.
type terminal struct {
	line     *stx.Line
	options  options
	currency pos.Currency
	frames   int // of the family, heard in all

	acks   int               // heard outside of the sending of a frame
	late   []lateReply       // results of money commands that nobody waited for; never acknowledged
	taken  [sha256.Size]byte // of the last result's payload that was acknowledged; a hash, because card data is in it
	acked  bool              // there was one
	told   time.Time         // when a result was heard last
	last   reply             // the last approval that was acknowledged
	clear  bool              // the last command came to its end on this wire: nothing older is left to be told
	absent sighting
}

func newTerminal(conn drivers.Conn, settings drivers.Settings) (drivers.CardTerminal, error) {
	o, err := readOptions(settings.Options)
	if err != nil {
		return nil, err
	}
	if !settings.Currency.Known() {
		return nil, fmt.Errorf("hypercom: unknown currency %q", string(settings.Currency))
	}
	t := &terminal{line: stx.NewLine(conn, o.profile.form.Rules()), options: o, currency: settings.Currency}
	if settings.Stream {
		t.line.Gap, t.line.CheckGap = streamGap, streamGap
	}
	return t, nil
}

// Open asks whether the terminal is there, where its profile has a question for that, and waits for one that still serves a customer. The last
// transaction stays untold: a command is found by its own name, or by the number that its answer told.
func (t *terminal) Open(ctx context.Context) (drivers.Last, error) {
	if err := t.patiently(ctx, func() error { return t.greet(ctx) }); err != nil {
		return drivers.Last{}, t.unavailable(err)
	}
	return drivers.Last{Untold: true}, nil
}

// Status asks whether the terminal listens; it tells no more of itself. One whose profile has no question for that passes for ready while its wire is there.
func (t *terminal) Status(ctx context.Context) (drivers.State, error) {
	if err := t.greet(ctx); err != nil {
		return drivers.State{}, t.unavailable(err)
	}
	return drivers.State{Ready: true}, nil
}

// Alive says whether the wire is still there, without writing to it.
func (t *terminal) Alive() error { return t.line.Alive(context.Background()) }

// Close does nothing: the protocol has no log-off.
func (t *terminal) Close(context.Context) error { return nil }

var (
	_ drivers.CardTerminal = (*terminal)(nil)
	_ drivers.Watcher      = (*terminal)(nil)
)
