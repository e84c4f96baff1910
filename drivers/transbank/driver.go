package transbank

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/drivers/transbank/codec"
	"github.com/tillproof/tillproof/pos"
)

// currency is the only one of these terminals: it has no decimals.
const currency pos.Currency = "CLP"

// Driver describes the driver for the list of drivers: name "transbank", 115200 baud 8N1. Autoservicio on RS-232 is set to 19200 in the
// configuration.
func Driver() drivers.Driver {
	return drivers.Driver{
		Name:            "transbank",
		Kind:            drivers.KindCard,
		Doc:             "Transbank card terminals (Chile), POS Integrado and Autoservicio, serial or USB",
		Line:            drivers.Line{Baud: 115200, DataBits: 8, Parity: drivers.NoParity, StopBits: 1},
		NewCardTerminal: newTerminal,
		Lacks:           lacks,
	}
}

// lacks lists what the family cannot do. Settings that are not understood lack as much as the defaults: such a device is never opened.
func lacks(settings drivers.Settings) []drivers.Function {
	o, _ := readOptions(settings.Options)
	list := []drivers.Function{drivers.Refunding, drivers.Stopping, drivers.RecoverRefunds, drivers.Reserving}
	if !o.proveVoid {
		list = append(list, drivers.RecoverVoids)
	}
	if o.kiosk {
		list = append(list, drivers.Settling, drivers.Counting)
	}
	return list
}

// terminal is one card terminal on one wire. It is used by one goroutine and starts none.
type terminal struct {
	line    *stx.Line
	options options
	spoke   time.Time       // when a frame of the family came last
	frames  int             // of the family, in all
	late    []codec.Message // results that nobody waited for, since the last command that moves money went out; never acknowledged
	foreign string          // the protocol that the terminal seems to speak instead
}

// counting is a terminal that tells its totals.
type counting struct{ *terminal }

var (
	_ drivers.Counter      = counting{}
	_ drivers.Reprinter    = (*terminal)(nil)
	_ drivers.Servicer     = (*terminal)(nil)
	_ drivers.CardTerminal = (*terminal)(nil)
)

func newTerminal(conn drivers.Conn, settings drivers.Settings) (drivers.CardTerminal, error) {
	o, err := readOptions(settings.Options)
	if err != nil {
		return nil, err
	}
	if settings.Currency != currency {
		return nil, fmt.Errorf("transbank: these terminals sell in CLP, not in %q", string(settings.Currency))
	}
	t := &terminal{line: stx.NewLine(conn, codec.Rules()), options: o}
	if o.kiosk {
		return t, nil
	}
	return counting{t}, nil
}

// Open polls until the terminal is free and reads its last sale. What an older command left behind is for Recover to say. Errors mean
// that no money was asked for.
func (t *terminal) Open(ctx context.Context) (drivers.Last, error) {
	if err := t.wake(ctx); err != nil {
		return drivers.Last{}, t.unavailable(err)
	}
	last, err := t.readBaseline(ctx)
	if err != nil {
		return drivers.Last{}, t.unavailable(err)
	}
	return last, nil
}

// readBaseline reads the last sale. A terminal that refuses to tell it, or takes the question and tells nothing, leaves it untold: a ticket
// finds its sale without a base line too.
func (t *terminal) readBaseline(ctx context.Context) (drivers.Last, error) {
	var last told
	var err error
	switch t.options.baseline {
	case fromDetail:
		var all []told
		all, err = t.list(ctx)
		last = newest(all)
	case fromLast:
		last, err = t.lastSale(ctx, false)
	default:
		return drivers.Last{Untold: true}, nil
	}
	switch {
	case errors.Is(err, drivers.ErrQuiet):
		return drivers.Last{Untold: true}, t.ready(ctx)
	case refused(err):
		return drivers.Last{Untold: true}, nil
	}
	return last.last(), err
}

// Status polls. The terminal tells no more of itself than that it listens.
func (t *terminal) Status(ctx context.Context) (drivers.State, error) {
	if err := t.ready(ctx); err != nil {
		return drivers.State{}, t.unavailable(err)
	}
	return drivers.State{Ready: true}, nil
}

// Close sends nothing: to end the integrated mode (0300) would open the terminal's own menu to cashiers.
func (t *terminal) Close(context.Context) error { return nil }
