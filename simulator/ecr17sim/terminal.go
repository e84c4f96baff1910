package ecr17sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/chassis"
)

// Options of a terminal.
type Options struct {
	Path       string       // file of the memory, whose folder must exist; "" for one that is forgotten with the terminal
	TerminalID string       // eight digits; 30500017 when empty
	Currency   pos.Currency // EUR when empty
	FirstStan  int          // the last STAN of a terminal without a memory
	Scope      stx.Scope    // of its check bytes
	State      byte         // that s tells; '2', operative, when 0

	NoLink       bool // its link to cash registers is not configured: it answers nothing
	NoExtended   bool // does not know X
	Numberless   bool // a refusal that never reached the host has the STAN 000000; otherwise that of the one before
	Short        bool // leaves reserved ends of replies out
	LeapDays     bool // counts 29 February in every year
	Unmasked     bool // sends card numbers in full
	AnswersBusy  bool // answers s, G and T while a customer is at it, from what it held before
	CloseAfter   bool // closes the wire after each transaction
	HostDiffers  pos.Minor
	CardAfter    time.Duration // how long a customer takes whose Card does not say it; 300 ms when 0
	ReceiptPause time.Duration // before each frame of a receipt
	Receipt      string        // what is printed, with the protocol's marks but for that of its end; a long one when empty
}

// Terminal is a simulated card terminal. Its methods may be called from any goroutine; one Serve runs at a time.
type Terminal struct {
	options Options

	serving sync.Mutex // held while Serve runs
	ctx     context.Context
	cancel  context.CancelFunc

	mu       sync.Mutex
	memory   Memory
	cards    []Card
	days     []Card // of the closings to come
	observer func(Event)
	toECR    bool // receipts of the next procedure go to the till
}

// ErrClosed is returned by Serve after Close.
var ErrClosed = errors.New("the simulated terminal is switched off")

// New switches a terminal on.
func New(o Options) (*Terminal, error) {
	if o.TerminalID == "" {
		o.TerminalID = "30500017"
	}
	if o.Currency == "" {
		o.Currency = "EUR"
	}
	if o.State == 0 {
		o.State = '2'
	}
	m, err := loadOrNew(o)
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Sscanf(m.TerminalID, "%8d", new(int)); err != nil || len(m.TerminalID) != 8 || m.Currency.Exponent() != 2 {
		return nil, fmt.Errorf("terminal id %q or currency %q of the simulated terminal is invalid", m.TerminalID, m.Currency)
	}
	t := &Terminal{options: o, memory: m}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t, t.change(func(*Memory) {})
}

// Next puts a card into the queue. Without one the next card is approved.
func (t *Terminal) Next(c Card) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cards = append(t.cards, c)
}

// NextEndOfDay puts the course of a closing into a queue of its own: Approve, Decline, Refuse, LoseResult or Swallow. Without one the next succeeds.
func (t *Terminal) NextEndOfDay(c Card) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.days = append(t.days, c)
}

// TakeAway empties both queues.
func (t *Terminal) TakeAway() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cards, t.days = nil, nil
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
	m := t.memory
	m.Transactions = append([]Transaction{}, m.Transactions...)
	m.Settlements = append([]Settlement{}, m.Settlements...)
	return m
}

// Serve plays the terminal on a wire until the wire or ctx ends or Close is called, and closes the wire. A command that runs when the wire is lost is
// played to its end first. It returns why it ended, never nil; it may be called again with a new wire.
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
	s := newSession(ctx, t, wire)
	defer s.intake.Close()
	return s.run()
}

// Run serves one wire after the other, as next plugs them in, until ctx ends or next fails. A lost wire is followed by a second of rest.
func (t *Terminal) Run(ctx context.Context, next func(context.Context) (io.ReadWriteCloser, error)) error {
	rest := time.Second
	if t.options.CloseAfter {
		rest = 0 // it listens at once
	}
	return chassis.Life{On: t.ctx, Closed: ErrClosed, Rest: rest, Serve: t.Serve}.Run(ctx, next)
}

// Close switches the terminal off and waits for Serve to end. A customer who is still at it pays nothing.
func (t *Terminal) Close() error {
	t.cancel()
	t.serving.Lock()
	defer t.serving.Unlock()
	return nil
}

// card looks at the next card, or at the course of the next closing.
func (t *Terminal) card(day bool) Card {
	t.mu.Lock()
	defer t.mu.Unlock()
	queue := t.queue(day)
	if len(*queue) == 0 {
		return Card{}.withDefaults(t.options.CardAfter)
	}
	return (*queue)[0].withDefaults(t.options.CardAfter)
}

func (t *Terminal) queue(day bool) *[]Card {
	if day {
		return &t.days
	}
	return &t.cards
}

// refuses says whether the command that came is answered with NAK for its card's sake, and takes the card when not, or when it was refused three times.
func (t *Terminal) refuses(day bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	queue := t.queue(day)
	if len(*queue) == 0 {
		return false
	}
	c := &(*queue)[0]
	if c.Do == Refuse {
		if c.NAKs++; c.NAKs >= sends {
			*queue = (*queue)[1:]
		}
		return true
	}
	if c.NAKs > 0 {
		c.NAKs--
		return true
	}
	*queue = (*queue)[1:]
	return false
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
