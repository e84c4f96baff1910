package acquirer

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	proto "github.com/tillproof/tillproof/sync/acquirer"
)

// Acquirer is a simulated acquirer. It may be used by many goroutines.
type Acquirer struct {
	mu         sync.Mutex
	accounts   map[string]*account          // by ref
	refs       []string                     // of accounts, in the order in which they came
	planned    map[string]*Customer         // by ref; their counters go down
	queue      []Customer                   // for the next codes
	codes      map[[sha256.Size]byte]string // hashes of used codes, to their refs
	references map[string]string            // of QR codes made by tills, to their refs
	loose      map[string]loose             // money that came with a reference that nobody expects yet
	captures   map[string]*capture          // offline approvals, by ref
	expected   map[string]string            // references of QR codes made by tills, by ref
	answered   map[string][]byte            // the last answer about a ref, and of all, as they left
	latest     []byte
	lines      []Entry // the statement
	born       int64   // milliseconds since 1970-01-01 UTC
	rate       Rate
	number     int // of the last transaction
	observers  []func(Event)
	events     []Event // to be told when the mutex is given back
}

var _ proto.Acquirer = (*Acquirer)(nil)

// errLost is what a caller sees of anything lost on the way: it proves nothing.
var errLost = errors.New("simulated acquirer: no answer")

// errClosed says that a closed order gets no QR.
var errClosed = errors.New("simulated acquirer: the order is closed")

// New makes an acquirer with empty books.
func New() *Acquirer {
	return &Acquirer{born: time.Now().UnixMilli(), accounts: map[string]*account{}, planned: map[string]*Customer{}, codes: map[[sha256.Size]byte]string{},
		references: map[string]string{}, loose: map[string]loose{}, captures: map[string]*capture{}, expected: map[string]string{},
		answered: map[string][]byte{}}
}

// transaction is a number that no line of the statement has had, nor any of an acquirer that was started at another time. The mutex is held.
func (a *Acquirer) transaction(letter string) string {
	a.number++
	return fmt.Sprintf("%s%d%06d", letter, a.born, a.number)
}

// GoOn begins the numbers of transactions behind the given one, for an acquirer whose earlier books somebody else keeps: no number is given twice.
func (a *Acquirer) GoOn(number int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.number = max(a.number, number)
}

// unlock gives the mutex back and then tells the observers what has happened.
func (a *Acquirer) unlock() {
	events, observers := a.events, a.observers
	a.events = nil
	a.mu.Unlock()
	for _, e := range events {
		for _, tell := range observers {
			tell(e)
		}
	}
}

// happened notes an event. The mutex is held.
func (a *Acquirer) happened(moment Moment, b *account, amount pos.Money) {
	a.events = append(a.events, Event{Moment: moment, Ref: b.order.Ref, Order: b.order.OrderRef, Amount: amount, At: time.Now().UnixMilli()})
}

// open puts an order into the books. The mutex is held.
func (a *Acquirer) open(order proto.Order, tender pos.Tender, state proto.State) *account {
	b := &account{order: order, tender: tender, refunds: map[string]*giving{}, customer: a.customer(order.Ref)}
	b.enter(state)
	a.accounts[order.Ref] = b
	a.refs = append(a.refs, order.Ref)
	return b
}

// customer is who was planned for a ref; without a plan one who pays at once and meets no fault. The mutex is held.
func (a *Acquirer) customer(ref string) *Customer {
	if c, planned := a.planned[ref]; planned {
		return c
	}
	return &Customer{}
}

// strikes says whether a fault of the ref's plan hits this call. The mutex is held.
func (a *Acquirer) strikes(ref string, left func(*Customer) *int, moment Moment) bool {
	c, planned := a.planned[ref]
	if !planned || *left(c) <= 0 {
		return false
	}
	*left(c)--
	a.events = append(a.events, Event{Moment: moment, Ref: ref, At: time.Now().UnixMilli()})
	return true
}

// Observe has every later event told, on the goroutine that caused it and outside the acquirer's lock: by several goroutines at
// once.
func (a *Acquirer) Observe(tell func(Event)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.observers = append(slices.Clip(a.observers), tell)
}
