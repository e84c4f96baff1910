package transbanksim

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/tillproof/tillproof/simulator/chassis"
)

// Options of a terminal.
type Options struct {
	Path        string        // file of the memory, in a folder that exists; none when empty: then the memory ends with the terminal
	MerchantID  string        // twelve digits; 597020000541 when empty
	TerminalID  string        // eight digits; 80000001 when empty
	CardAfter   time.Duration // how long a customer takes whose Card does not say it; 300 ms when 0
	RepeatAfter time.Duration // until a result that was not acknowledged is sent again; 10 s when 0

	Kiosk        bool // Autoservicio: its fields, no list, no totals, a void without a number
	Plain        bool // numbers without leading zeros, no final bar
	TipInside    bool // the amount of a result contains the tip
	ListVoided   bool // voided sales stay in the list and are told as the last sale
	Restart      bool // operation numbers begin anew with each batch
	NoList       bool // does not know 0260|1: NAK
	AnswerAs0210 bool // a sale for a sub-merchant is answered by 0210
}

// Terminal is a simulated card terminal. Its methods may be called from any goroutine; wires are served one after the other.
type Terminal struct {
	options Options
	turn    chan struct{} // holds a value while a wire is served, or a customer whose wire is lost
	ctx     context.Context
	cancel  context.CancelFunc

	mu       sync.Mutex
	memory   Memory
	cards    []Card
	usual    Card
	observer func(Event)
	unsaid   *letter // a result that was not acknowledged when the wire was lost
}

// ErrClosed is returned by Serve after Close.
var ErrClosed = errors.New("the simulated terminal is switched off")

// New switches a terminal on.
func New(o Options) (*Terminal, error) {
	if o.MerchantID == "" {
		o.MerchantID = "597020000541"
	}
	if o.TerminalID == "" {
		o.TerminalID = "80000001"
	}
	if o.CardAfter == 0 {
		o.CardAfter = 300 * time.Millisecond
	}
	if o.RepeatAfter == 0 {
		o.RepeatAfter = ackWait
	}
	m, err := loadOrNew(o)
	if err != nil {
		return nil, err
	}
	t := &Terminal{options: o, memory: m, turn: make(chan struct{}, 1)}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t, t.change(func(*Memory) {})
}

// Next puts a card into the queue. Where the queue is empty the usual card comes.
func (t *Terminal) Next(c Card) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cards = append(t.cards, c)
}

// Usual sets the card that comes where none is in the queue; the zero value is approved.
func (t *Terminal) Usual(c Card) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.usual = c
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
	m.Sales = append([]Sale{}, m.Sales...)
	m.Settlements = append([]Settlement{}, m.Settlements...)
	return m
}

// Require makes the terminal want an end of day, or its keys, before it sells again.
func (t *Terminal) Require(closing, keys bool) error {
	return t.change(func(m *Memory) { m.CloseDue, m.KeysDue = closing, keys })
}

// Serve plays the terminal on a wire until the wire or ctx ends or Close is called, and closes the wire. A customer who stands at the
// terminal when the wire is lost is served to the end. It returns why it ended, never nil; it may be called again with a new wire.
func (t *Terminal) Serve(ctx context.Context, wire io.ReadWriteCloser) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(t.ctx, cancel)()
	s := newSession(ctx, t, wire)
	defer s.intake.Close()
	if err := s.wait(); err != nil {
		return t.why(err)
	}
	defer func() { <-t.turn }()
	return t.why(s.run())
}

func (t *Terminal) why(err error) error {
	if t.ctx.Err() != nil {
		return ErrClosed
	}
	return err
}

// Run serves one wire after the other, as next plugs them in, until ctx ends or next fails. A lost wire is followed by a second of rest.
func (t *Terminal) Run(ctx context.Context, next func(context.Context) (io.ReadWriteCloser, error)) error {
	return chassis.Life{On: t.ctx, Closed: ErrClosed, Rest: time.Second, Serve: t.Serve}.Run(ctx, next)
}

// Close switches the terminal off and waits for Serve to end.
func (t *Terminal) Close() error {
	t.cancel()
	t.turn <- struct{}{}
	<-t.turn
	return nil
}

// card is the next card; take removes it from the queue.
func (t *Terminal) card(take bool) Card {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.usual
	if len(t.cards) > 0 {
		c = t.cards[0]
		if take {
			t.cards = t.cards[1:]
		}
	}
	return c.withDefaults(t.options.CardAfter)
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
	if t.options.Path == "" {
		return nil
	}
	return chassis.Save(t.options.Path, &t.memory)
}
