package hypercomsim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/chassis"
)

// Options of a terminal.
type Options struct {
	Path         string       // file of the memory, whose folder must exist; "" for one that is forgotten with the terminal
	Profile      Profile      // Razer when empty
	TerminalID   string       // eight digits; 61000017 when empty
	MerchantID   string       // fifteen digits; 000000610000017 when empty
	Currency     pos.Currency // that of the profile's country when empty
	FirstTrace   int          // the last trace of a terminal without a memory
	FirstInvoice int          // its last invoice

	CardAfter     time.Duration // how long a customer takes whose Card does not say it; 300 ms when 0
	Hosts         []string      // what it settles with, one group of totals each; CARD when empty
	NoLink        bool          // its link to cash registers is switched off: it answers nothing
	NoAmount      bool          // answers do not tell the amount
	NoEcho        bool          // answers do not tell the till's own name of a transaction
	AnswersBusy   bool          // answers pings and questions for a transaction while a customer is at it, from what it held before
	VoidsHidden   bool          // a voided sale is not found any more
	VoidedInSales bool          // totals of sales contain voided ones
	WideTotals    bool          // totals have 20 characters, not 16, and the batch's count has 16, not 4
	LastCode      string        // a transaction code, such as 72, that tells the last transaction; none when empty
	Unmasked      bool          // tells card numbers in full

	// Personal are fields by their code, such as D5 for the cardholder, that stand in every answer about a card.
	Personal map[string]string
}

// Terminal is a simulated card terminal. Its methods may be called from any goroutine; one Serve runs at a time.
type Terminal struct {
	options Options
	traits  traits

	serving sync.Mutex // held while Serve runs
	ctx     context.Context
	cancel  context.CancelFunc

	mu       sync.Mutex
	memory   Memory
	cards    []Card
	days     []Card // of the settlements to come
	observer func(Event)
}

// ErrClosed is returned by Serve after Close.
var ErrClosed = errors.New("the simulated terminal is switched off")

// New switches a terminal on.
func New(o Options) (*Terminal, error) {
	o = o.withDefaults()
	if !slices.Contains(Profiles(), o.Profile) {
		return nil, fmt.Errorf("the simulated terminal has no profile %q, only: %v", o.Profile, Profiles())
	}
	m, err := loadOrNew(o)
	if err != nil {
		return nil, err
	}
	if !regexp.MustCompile(`^\d{8} \d{15}$`).MatchString(m.TerminalID + " " + m.MerchantID) {
		return nil, fmt.Errorf("terminal id %q or merchant id %q of the simulated terminal is invalid", m.TerminalID, m.MerchantID)
	}
	t := &Terminal{options: o, traits: o.Profile.traits(), memory: m}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t, t.change(func(*Memory) {})
}

func (o Options) withDefaults() Options {
	if o.Profile == "" {
		o.Profile = Razer
	}
	if o.TerminalID == "" {
		o.TerminalID = "61000017"
	}
	if o.MerchantID == "" {
		o.MerchantID = "000000610000017"
	}
	if o.Currency == "" {
		o.Currency = o.Profile.traits().currency
	}
	if len(o.Hosts) == 0 {
		o.Hosts = []string{"CARD"}
	}
	return o
}

// Next puts a card into the queue. Without one the next card is approved.
func (t *Terminal) Next(c Card) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cards = append(t.cards, c)
}

// NextEndOfDay puts the course of a settlement into a queue of its own: Approve, Decline, Abort, Refuse, LoseResult or Swallow. Without one the next succeeds.
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
	return chassis.Life{On: t.ctx, Closed: ErrClosed, Rest: time.Second, Serve: t.Serve}.Run(ctx, next)
}

// Close switches the terminal off and waits for Serve to end. A customer who is still at it pays nothing.
func (t *Terminal) Close() error {
	t.cancel()
	t.serving.Lock()
	defer t.serving.Unlock()
	return nil
}

// card takes the next card, or the course of the next settlement. refused says that its command is answered with NAK; a card that is refused for good is
// taken away after three times.
func (t *Terminal) card(day bool) (c Card, refused bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	queue := &t.cards
	if day {
		queue = &t.days
	}
	if len(*queue) == 0 {
		return Card{}.withDefaults(t.options.CardAfter), false
	}
	first := &(*queue)[0]
	c = first.withDefaults(t.options.CardAfter)
	switch {
	case first.Do == Refuse:
		if first.Link.NAKs++; first.Link.NAKs < sends {
			return c, true
		}
	case first.Link.NAKs > 0:
		first.Link.NAKs--
		return c, true
	}
	*queue = (*queue)[1:]
	return c, c.Do == Refuse
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
