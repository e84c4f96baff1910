package zvt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// Driver describes the driver for the list of drivers: name "zvt", 9600 baud 8N2.
func Driver() drivers.Driver {
	return drivers.Driver{
		Name:            "zvt",
		Kind:            drivers.KindCard,
		Doc:             "ZVT card terminals (Germany, Austria, Switzerland), serial or TCP port 20007",
		Line:            drivers.Line{Baud: 9600, DataBits: 8, Parity: drivers.NoParity, StopBits: 2},
		NewCardTerminal: newTerminal,
	}
}

// terminal is one card terminal on one wire. It is used by one goroutine and starts none.
type terminal struct {
	link       link
	ids        *numbered // that link
	options    options
	currency   pos.Currency
	registered bool
	charset    codec.Charset // agreed at the registration
	wants      byte          // status byte of the registration: what the terminal needs before it sells
	seen       sighting
	spoke      time.Time // when the terminal was heard last
}

func newTerminal(conn drivers.Conn, settings drivers.Settings) (drivers.CardTerminal, error) {
	o, err := readOptions(settings.Options)
	if err != nil {
		return nil, err
	}
	if !settings.Currency.Known() {
		return nil, fmt.Errorf("zvt: %q is not an ISO 4217 currency", string(settings.Currency))
	}
	t := &terminal{options: o, currency: settings.Currency}
	t.ids = &numbered{off: o.numbersOff}
	if settings.Stream {
		t.ids.link = &streamLink{wire: newWire(conn), stall: o.t3}
	} else {
		t.ids.link = &serialLink{wire: newWire(conn)}
	}
	t.link = t.ids
	return t, nil
}

// Open waits until the terminal is free, registers, and reads its last transaction. A terminal that has none gives the
// zero value. Errors mean that no money was asked for; what an earlier sale left behind is for
// Recover to say.
func (t *terminal) Open(ctx context.Context) (drivers.Last, error) {
	if err := t.makeReady(ctx); err != nil {
		return drivers.Last{}, unavailable(t.link.doubt(err))
	}
	found, err := t.lastTransaction(ctx)
	if err != nil {
		return drivers.Last{}, unavailable(err)
	}
	return found.last(), nil
}

// Status asks with 05 01. Not ready are also terminals that said at registration that they need initialisation or diagnosis.
func (t *terminal) Status(ctx context.Context) (drivers.State, error) {
	status, err := t.enquire(ctx)
	if err != nil {
		return drivers.State{}, unavailable(err)
	}
	if text, needed := wanted(t.wants); status == 0 && needed {
		return drivers.State{Code: "00", Text: text}, nil
	}
	return state(status), nil
}

// Close logs off with 06 02. The terminal keeps its last registration or falls back to its own, so nothing depends on success.
func (t *terminal) Close(ctx context.Context) error {
	t.registered = false
	err := t.command(ctx, codec.APDU{Class: 0x06, Instr: 0x02})
	if t.ids.forget(); err != nil {
		return unavailable(err)
	}
	return nil
}

// poll is the time between two questions whether a busy terminal is free (PA00P015, status enquiry).
const poll = 2 * time.Second

// makeReady waits for the end of whatever the terminal still does, perhaps a sale that lost its till, and registers.
func (t *terminal) makeReady(ctx context.Context) error {
	for {
		status, err := t.enquire(ctx)
		if err != nil && !errors.Is(err, errCollision) {
			return err
		}
		if err == nil && status != busy {
			return t.register(ctx)
		}
		if err := t.idle(ctx, poll); err != nil {
			return err
		}
	}
}

var (
	_ drivers.CardTerminal = (*terminal)(nil)
	_ drivers.Counter      = (*terminal)(nil)
	_ drivers.Reprinter    = (*terminal)(nil)
	_ drivers.Servicer     = (*terminal)(nil)
	_ drivers.Reserver     = (*terminal)(nil)
)
