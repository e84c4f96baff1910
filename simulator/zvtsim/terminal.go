package zvtsim

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

// Options of a terminal.
type Options struct {
	Path               string        // file of the memory; required, its folder must exist
	TerminalID         string        // eight digits; 52500001 when empty
	Currency           pos.Currency  // EUR when empty
	Password           int           // six digits
	Stream             bool          // bare APDUs instead of serial frames
	KeepUnacknowledged bool          // never takes money back by itself (S17)
	ReverseLate        bool          // over a lost wire takes money back only when BMP 01 is over, and tells it as the last transaction until then
	NoRefunds          bool          // has no function for refunds: 84 83
	PlainStatus        bool          // 04 FF without texts, and so without a T4 of the terminal's own
	Wants              byte          // what a new terminal needs before it sells, see Memory.Wants
	PlainLines         bool          // prints line by line (06 D1), whatever the till takes
	SyncIDs            bool          // tells its last receipt's id (TLV 1F1F), and takes that one back when a till comes with the one before it (S17)
	MessageIDs         bool          // counts messages (TLV 1F73) with a till that wants it
	NoReservations     bool          // has no function for them: 84 83
	NoBookTotal        bool          // has no 06 24: a reservation is booked by what is left of it (06 23)
	TellsFreed         bool          // the result of a booking by 06 23 tells the amount that was freed
	TellsNoOrigin      bool          // results of reversals do not name what they take back (BMP 37)
	TellsOneOpen       bool          // names one open reservation only, without a list
	CardAfter          time.Duration // how long a customer takes whose Card does not say it; 300 ms when 0
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
	days     []Card // of the ends of day to come
	observer func(Event)
	late     map[int]*time.Timer // of the doomed transactions, by trace
	work     maintenance
	reversal sync.WaitGroup // of those timers that run
}

// ErrClosed is returned by Serve after Close.
var ErrClosed = errors.New("the simulated terminal is switched off")

// New switches a terminal on. What was stored and not final when it lost its power is taken back, unless it keeps such money.
func New(o Options) (*Terminal, error) {
	if o.TerminalID == "" {
		o.TerminalID = "52500001"
	}
	if o.Currency == "" {
		o.Currency = "EUR"
	}
	m, err := loadOrNew(o)
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Sscanf(m.TerminalID, "%8d", new(int)); err != nil || !m.Currency.Known() {
		return nil, fmt.Errorf("terminal id %q or currency %q of the simulated terminal is invalid", m.TerminalID, m.Currency)
	}
	t := &Terminal{options: o, memory: m, late: map[int]*time.Timer{}}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	for _, tx := range t.Memory().Transactions {
		if !tx.Open {
			continue
		}
		if err := t.conclude(tx.Trace, !o.KeepUnacknowledged); err != nil {
			return nil, err
		}
	}
	return t, t.change(func(*Memory) {})
}

// settleOpen decides on the transactions that a lost wire left open.
func (t *Terminal) settleOpen() error {
	for _, tx := range t.Memory().Transactions {
		if !tx.Open || tx.Doomed {
			continue
		}
		if err := t.leave(tx.Trace); err != nil {
			return err
		}
	}
	return nil
}

// Next puts a card into the queue. Without one the next card is approved.
func (t *Terminal) Next(c Card) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cards = append(t.cards, c)
}

// TakeAway empties the queue of cards.
func (t *Terminal) TakeAway() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cards = nil
}

// NextEndOfDay puts the course of an end of day into a queue of its own: Approve, Decline (27 with Code, 77 when 0), Refuse, LoseResult,
// LoseBeforeAck or Maintain. Without one the next end of day succeeds.
func (t *Terminal) NextEndOfDay(c Card) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.days = append(t.days, c)
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

// Serve plays the terminal on a wire until the wire or ctx ends or Close is called, and closes the wire. Money that was not final
// then is taken back. It returns why it ended, never nil; it may be called again with a new wire.
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
	err := s.run()
	s.intake.Close()
	return errors.Join(err, t.settleOpen())
}

// Run serves one wire after the other, as next plugs them in, until ctx ends or next fails. A lost wire is followed by a second
// of rest.
func (t *Terminal) Run(ctx context.Context, next func(context.Context) (io.ReadWriteCloser, error)) error {
	return chassis.Life{On: t.ctx, Closed: ErrClosed, Rest: time.Second, Serve: t.Serve}.Run(ctx, next)
}

// Close switches the terminal off and waits for Serve to end.
func (t *Terminal) Close() error {
	t.cancel()
	t.serving.Lock()
	defer t.serving.Unlock()
	t.mu.Lock()
	for _, timer := range t.late {
		if timer.Stop() {
			t.reversal.Done()
		}
	}
	clear(t.late)
	t.mu.Unlock()
	t.reversal.Wait()
	return nil
}

// card takes the next card.
func (t *Terminal) card() Card {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := Card{}
	if len(t.cards) > 0 {
		c = t.cards[0]
		t.cards = t.cards[1:]
	}
	if c.After == 0 && c.Do.usual() < time.Second {
		c.After = t.options.CardAfter
	}
	return c.withDefaults()
}

// day takes the course of the next end of day.
func (t *Terminal) day() Card {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := Card{}
	if len(t.days) > 0 {
		c = t.days[0]
		t.days = t.days[1:]
	}
	if c.Do == Decline && c.Code == 0 {
		c.Code = codeNoDay
	}
	return c.withDefaults()
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
