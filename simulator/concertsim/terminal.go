package concertsim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/chassis"
)

// Generation is the form of the messages that a terminal speaks.
type Generation string

// The generations. The zero value is E+.
const (
	EPlus Generation = "e_plus"
	V3    Generation = "v3"
)

// Options of a terminal.
type Options struct {
	Path       string        // file of the memory, in a folder that exists; "" keeps it no longer than the Terminal
	Generation Generation    // EPlus when empty
	Currency   pos.Currency  // EUR when empty
	Stream     bool          // bare tags instead of sessions; V3 only
	PayXpert   bool          // V3: tells what became of a transaction (CD=T)
	NoTicket   bool          // V3: sends no text of its ticket along
	NoEcho     bool          // never tells the private field again
	Persistent bool          // calls the till with an answer until it is delivered, every half minute and on each new wire
	BusyMute   bool          // does not answer ENQ while a customer is busy; otherwise says NAK
	CardAfter  time.Duration // how long a customer takes whose Card does not say it; 300 ms when 0
}

// Terminal is a simulated card terminal. Its methods may be called from any goroutine; one Serve runs at a time.
type Terminal struct {
	options Options

	serving sync.Mutex // held while Serve runs
	ctx     context.Context
	cancel  context.CancelFunc
	wake    chan struct{} // told when the customer is done

	mu       sync.Mutex
	memory   Memory
	cards    []Card
	usual    Card
	occupied bool
	enquired int     // ENQ of the till since the last card was put into the queue
	course   *course // the command that runs, or whose answer is still to be told
	plugged  bool
	observer func(Event)
	timers   sync.WaitGroup // of a customer
}

// ErrClosed is returned by Serve after Close.
var ErrClosed = errors.New("the simulated terminal is switched off")

// New switches a terminal on.
func New(o Options) (*Terminal, error) {
	if o.Currency == "" {
		o.Currency = "EUR"
	}
	if o.Generation == "" {
		o.Generation = EPlus
	}
	if o.CardAfter == 0 {
		o.CardAfter = 300 * time.Millisecond
	}
	if o.Stream && o.Generation != V3 {
		return nil, errors.New("a simulated terminal of generation E+ has no network")
	}
	m, err := loadOrNew(o)
	if err != nil {
		return nil, err
	}
	if !m.Currency.Known() {
		return nil, fmt.Errorf("currency %q of the simulated terminal is invalid", m.Currency)
	}
	t := &Terminal{options: o, memory: m, wake: make(chan struct{}, 1)}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t, t.change(func(*Memory) {})
}

// Next puts a card into the queue.
func (t *Terminal) Next(c Card) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cards, t.enquired = append(t.cards, c), 0
}

// Usually sets the card that comes when the queue is empty; the zero value is approved.
func (t *Terminal) Usually(c Card) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.usual = c
}

// Occupy opens a menu on the terminal, or closes it: meanwhile it takes no command. On a stream it answers AE 01 with AF 12.
func (t *Terminal) Occupy(occupied bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.occupied = occupied
}

// Observe sets who is told of events; nil for nobody.
func (t *Terminal) Observe(f func(Event)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.observer = f
}

// Memory is a copy of what the terminal holds now.
func (t *Terminal) Memory() Memory {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.memory.clone()
}

// Serve plays the terminal on a wire until the wire or ctx ends or Close is called, and closes the wire. It returns why it ended, never
// nil; it may be called again with a new wire.
func (t *Terminal) Serve(ctx context.Context, wire io.ReadWriteCloser) error {
	t.serving.Lock()
	defer t.serving.Unlock()
	if t.ctx.Err() != nil {
		_ = wire.Close()
		return ErrClosed
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(t.ctx, cancel)()
	t.plug(true)
	defer t.plug(false)
	s := newSession(ctx, t, wire)
	defer s.intake.Close()
	if t.options.Stream {
		return s.streams()
	}
	return s.run()
}

// Run serves one wire after the other, as next plugs them in, until ctx ends or next fails. A lost wire is followed by a second of rest.
func (t *Terminal) Run(ctx context.Context, next func(context.Context) (io.ReadWriteCloser, error)) error {
	return chassis.Life{On: t.ctx, Closed: ErrClosed, Rest: time.Second, Serve: t.Serve}.Run(ctx, next)
}

// Close switches the terminal off and waits for Serve to end. A customer who has not come to an end is not charged.
func (t *Terminal) Close() error {
	t.cancel()
	t.serving.Lock()
	defer t.serving.Unlock()
	t.mu.Lock()
	if c := t.course; c != nil && c.timer != nil && c.timer.Stop() {
		t.timers.Done()
	}
	t.mu.Unlock()
	t.timers.Wait()
	return nil
}

// Rest waits until no customer is busy at the terminal.
func (t *Terminal) Rest() { t.timers.Wait() }

// plug notes whether there is a wire. An answer that nobody could be called with while there was none is forgotten, unless the terminal is
// persistent.
func (t *Terminal) plug(in bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.plugged = in
	if !in && t.course != nil && t.course.decided && !t.options.Persistent {
		t.course = nil
	}
}

// tell reports an event.
func (t *Terminal) tell(e Event) {
	t.mu.Lock()
	f := t.observer
	t.mu.Unlock()
	if f != nil {
		f(e)
	}
}

// change alters the memory and makes that durable before anything is promised by it.
func (t *Terminal) change(alter func(*Memory)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	alter(&t.memory)
	return chassis.Save(t.options.Path, &t.memory)
}
