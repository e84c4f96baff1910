package concert

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// Driver describes the driver for the list of drivers: name "concert", 9600 baud 7E1.
func Driver() drivers.Driver {
	return drivers.Driver{
		Name:            "concert",
		Kind:            drivers.KindCard,
		Doc:             "Concert (protocole caisse) card terminals (France), E+ serial, V3 serial or TCP port 8888",
		Line:            drivers.Line{Baud: 9600, DataBits: 7, Parity: drivers.EvenParity, StopBits: 1},
		NewCardTerminal: newTerminal,
		Lacks:           lacks,
	}
}

// lacks lists what a generation cannot do. No generation can be stopped by the till, tells totals, or closes a day with a word of what it
// came to.
func lacks(settings drivers.Settings) []drivers.Function {
	o, err := readOptions(settings.Options)
	list := []drivers.Function{drivers.Settling, drivers.Counting, drivers.Stopping, drivers.Reserving}
	if err != nil || o.generation != v3 {
		list = append(list, drivers.Reprinting, drivers.TellingAborts)
	}
	if err != nil || !o.asksStatus {
		list = append(list, drivers.RecoverSales, drivers.RecoverVoids, drivers.RecoverRefunds)
	}
	return list
}

// terminal is one card terminal on one wire. It is used by one goroutine and starts none.
type terminal struct {
	link     link
	options  options
	currency pos.Currency
	stream   bool
	late     []*answer // told when nobody asked, or for another command; the oldest first
	lostHere bool      // a command was given up on this wire
	owed     time.Time // until then the answer to a command that was given up may come
	asked    string    // the command that a recovery asks for on this wire
	since    time.Time // when it began
}

// tagged is a terminal of generation V3, which can do more.
type tagged struct{ *terminal }

func newTerminal(conn drivers.Conn, settings drivers.Settings) (drivers.CardTerminal, error) {
	o, err := readOptions(settings.Options)
	if err != nil {
		return nil, err
	}
	if !settings.Currency.Known() {
		return nil, fmt.Errorf("concert: %q is not an ISO 4217 currency", string(settings.Currency))
	}
	if settings.Stream && o.generation != v3 {
		return nil, errors.New("concert: over TCP terminals speak V3 only: set the option generation to v3")
	}
	t := &terminal{options: o, currency: settings.Currency, stream: settings.Stream}
	read := readEPlus
	if o.generation == v3 {
		read = readTags
	}
	if settings.Stream {
		t.link = newStreamLink(conn, read, t.keep)
	} else {
		t.link = newSerialLink(conn, read, o, t.keep)
	}
	if o.generation == v3 {
		return tagged{t}, nil
	}
	return t, nil
}

// mostLate bounds the answers that are kept for a recovery. A terminal repeats one, or sends another's: hardly ever more.
const mostLate = 4

// keep takes an answer to a command that does not run.
func (t *terminal) keep(a *answer) {
	if a.strange != nil {
		return
	}
	if t.late = append(t.late, a); len(t.late) > mostLate {
		t.late = t.late[1:]
	}
}

// Open waits until the terminal takes a session, and takes what it still had to say of an earlier command: that is evidence for Recover.
// The terminal does not tell its last transaction. Errors mean that no money was asked for.
func (t *terminal) Open(ctx context.Context) (drivers.Last, error) {
	state, err := t.link.probe(ctx, t.options.answerWait)
	if err != nil {
		return drivers.Last{}, t.unavailable(err)
	}
	if state == busy {
		return drivers.Last{}, t.unavailable(errBusy)
	}
	return drivers.Last{Untold: true}, nil
}

// Status begins a session and ends it at once. A terminal that is not ready to take one serves a customer, or a menu is open.
func (t *terminal) Status(ctx context.Context) (drivers.State, error) {
	state, err := t.link.probe(ctx, 0)
	switch {
	case err != nil:
		return drivers.State{}, t.unavailable(err)
	case state == busy:
		return drivers.State{Code: "nak", Text: "The card terminal is busy: end what it shows, or close its menu."}, nil
	}
	return drivers.State{Ready: true, Code: "ack"}, nil
}

// Alive says whether a terminal on TCP still holds its end, without writing to it: many hang up after each answer. A serial line has no end to lose.
func (t *terminal) Alive() error {
	if _, stream := t.link.(*streamLink); !stream {
		return nil
	}
	_, err := t.link.probe(context.Background(), 0)
	return err
}

// Close does nothing: the protocol has no log-off.
func (t *terminal) Close(context.Context) error { return nil }
