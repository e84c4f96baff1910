package ecr17

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/ecr17/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// Driver describes the driver for the list of drivers: name "ecr17", 9600 baud 8N1, or TCP at the port that was set on the terminal.
func Driver() drivers.Driver {
	return drivers.Driver{
		Name:            "ecr17",
		Kind:            drivers.KindCard,
		Doc:             "ECR17 card terminals (Protocollo 17, Italy), serial or TCP at the port set on the terminal",
		Line:            drivers.Line{Baud: 9600, DataBits: 8, Parity: drivers.NoParity, StopBits: 1},
		NewCardTerminal: newTerminal,
		Lacks:           lacks,
	}
}

// lacks is what the protocol has no message for. Customers' aborts come as refusals without a code of their own. A reply to P names no amount, so that
// G proves nothing.
func lacks(settings drivers.Settings) []drivers.Function {
	none := []drivers.Function{drivers.Refunding, drivers.RecoverRefunds, drivers.Stopping, drivers.TellingAborts, drivers.Reserving}
	if o, err := readOptions(settings.Options); err == nil && o.plain {
		none = append(none, drivers.RecoverSales)
	}
	return none
}

// streamGap is the longest pause between two bytes of a frame on TCP, where a lost packet costs a second.
const streamGap = 2 * time.Second

// terminal is one card terminal on one wire. It is used by one goroutine and starts none.
type terminal struct {
	line     *stx.Line
	options  options
	currency pos.Currency
	probed   bool // the scope of the check is known

	stan   string            // of the last result, "" when none was told
	paid   string            // STAN of the last payment that the terminal approved, "" when it is not known
	result [sha256.Size]byte // of the last result's payload that was acknowledged; a hash, because card data is in it
	given  [sha256.Size]byte // of the last approval's, which is given once: with its number and its time there is no second
	acked  time.Time         // when that was, the zero time when none was
	odd    [sha256.Size]byte // of the last message that was sent back because of its form
	own    form              // of messages that came so twice
	seen   sighting
	clock  time.Duration // by how much the terminal's clock is before ours
	timed  bool          // it has told its clock
}

func newTerminal(conn drivers.Conn, settings drivers.Settings) (drivers.CardTerminal, error) {
	o, err := readOptions(settings.Options)
	if err != nil {
		return nil, err
	}
	if !settings.Currency.Known() || settings.Currency.Exponent() != 2 {
		return nil, fmt.Errorf("ecr17: amounts are told in cents: %q has no two decimals", string(settings.Currency))
	}
	t := &terminal{line: stx.NewLine(conn, codec.Rules()), options: o, currency: settings.Currency}
	if settings.Stream {
		t.line.Gap, t.line.CheckGap = streamGap, streamGap
	}
	return t, nil
}

// Open finds out what the terminal's check bytes cover and reads its last result with G. A terminal that has none gives the zero value.
func (t *terminal) Open(ctx context.Context) (drivers.Last, error) {
	if err := t.probe(ctx); err != nil {
		return drivers.Last{}, t.unavailable(err)
	}
	last, err := t.lastResult(ctx)
	if err != nil {
		return drivers.Last{}, t.unavailable(err)
	}
	return last.last(), nil
}

// Status asks with s.
func (t *terminal) Status(ctx context.Context) (drivers.State, error) {
	code, err := t.status(ctx)
	if err != nil {
		return drivers.State{}, t.unavailable(err)
	}
	return stateOf(code), nil
}

// Alive says whether the wire is still there, without writing to it: terminals on TCP close their end when they like.
func (t *terminal) Alive() error { return t.line.Alive(context.Background()) }

// Close does nothing: the protocol has no log-off.
func (t *terminal) Close(context.Context) error { return nil }
