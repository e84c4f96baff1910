package engine

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/qr/code"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/vault"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/policy"
)

// Options are what an engine works with.
type Options struct {
	Till     pos.TillID // goes into the references of QRs
	Journal  *journal.Journal
	Devices  []pos.DeviceName // card terminals, in the order in which a sale without a device takes them
	Scanners []pos.DeviceName
	Readers  []pos.DeviceName // card readers that encrypt
	Tenders  []pos.Tender     // that the shop takes

	// Lacks names what card terminals cannot do, as their drivers say; nil, or no entry, for nothing.
	Lacks map[pos.DeviceName][]drivers.Function

	Mode func() pos.Mode // whether the platform can be asked now
	Log  *slog.Logger

	Platform Platform          // nil when none is configured: codes and the platform's QRs are refused then
	QR       []QR              // what the till can show, the shop's favourite first
	Codes    func() code.Table // by which customers' codes are told apart; nil for the built-in table
	CodeKey  [32]byte          // for the hashes of customers' codes; the same over restarts
	Goods    Goods             // nil for none

	// Of card readers. All three are needed where there is one.
	Vault   *vault.Vault
	Sealer  Sealer
	CardKey [32]byte // for the hashes of cards; the same over restarts

	People   People         // whose PINs open and close shifts; nil takes names as given
	Zone     *time.Location // of the shop, for business dates; nil is UTC
	Currency pos.Currency   // of the shop's drawer

	PlatformKeys cose.Keys                           // that sign offline policies; nil when no platform is configured
	Hotlist      func() *policy.Hotlist              // that the platform has sent beside its policies; nil, or nil from it, for none
	Away         func(since time.Time) time.Duration // since the platform was heard, which was at since or later; nil for never away

	// CashSteps are the smallest sums that can be paid in cash, in minor units, where they are not the usual ones of [pos.CashStep].
	CashSteps map[pos.Currency]pos.Minor
}

// Engine runs the sales of a till. All methods are safe for concurrent use.
type Engine struct {
	journal  *journal.Journal
	tenders  []pos.Tender
	mode     func() pos.Mode
	log      *slog.Logger
	stations []*station
	scanners []*station // whose state is shown and nothing else
	faults   faults
	readers  []*reader
	orders   keyedLock
	opts     Options
	asks     chan ask
	coding   sync.Mutex // held from looking at codes, and at who waits for one, to writing them down
	day      sync.Mutex // held from looking at shifts and settlements to writing the next step down
	recent   recentCodes
	results  results
	taking   sync.Mutex                      // held while a policy is put in force
	policy   atomic.Pointer[policy.Document] // the last one
	judging  sync.Mutex                      // held from what the policy says of a sale to its intent
	exposure exposure

	mu      sync.Mutex
	running map[pos.PaymentID]*job // sales that a device is busy with
	live    map[pos.PaymentID]Live // what the platform last said of payments that customers are busy with
	unsure  map[pos.PaymentID]bool // payments that the platform may never have heard of
	givenUp map[pos.PaymentID]bool // payments that the platform knows to be unwanted

	stopped  map[pos.PaymentID]bool // sales that the cashier wanted to stop at the card terminal
	calling  map[given]bool         // operations that the platform is being called for
	heldBack map[given]bool         // operations that the platform has answered for

	entries int                      // in the vault, when it was looked at last
	stuck   map[pos.PaymentID]string // entries of it that cannot be forwarded, and why

	lastReference uint64 // of a QR that the till made
}

// New makes the engine and declares unknown what the last life of the agent left pending. Nothing is sold before that is durable.
func New(opts Options) (*Engine, error) {
	e := &Engine{journal: opts.Journal, tenders: opts.Tenders, mode: opts.Mode, log: opts.Log, running: map[pos.PaymentID]*job{},
		opts: opts, asks: make(chan ask, askQueue), live: map[pos.PaymentID]Live{}, unsure: map[pos.PaymentID]bool{}, givenUp: map[pos.PaymentID]bool{},
		stopped: map[pos.PaymentID]bool{}, calling: map[given]bool{}, heldBack: map[given]bool{}, stuck: map[pos.PaymentID]string{}}
	for _, name := range opts.Devices {
		s := newStation(name)
		s.lacks = opts.Lacks[name]
		e.stations = append(e.stations, s)
	}
	for _, name := range opts.Scanners {
		e.scanners = append(e.scanners, newStation(name))
	}
	for _, name := range opts.Readers {
		e.readers = append(e.readers, newReader(name))
	}
	return e, errors.Join(e.endSwipes(), e.doubtPending(), e.resumeSettlements(), e.recall(), e.loadPolicy())
}

// Payment returns a payment as the journal knows it, or an error with code not_found.
func (e *Engine) Payment(id pos.PaymentID) (*view.Payment, error) {
	p, err := e.journal.Views().Payment(id)
	if err == nil && p == nil {
		err = errNotFound(id.String())
	}
	return p, err
}

// Wait returns the payment as soon as it is not pending, or as it is when ctx ends.
func (e *Engine) Wait(ctx context.Context, id pos.PaymentID) (*view.Payment, error) {
	return e.waitFor(ctx, id, func(p *view.Payment) bool { return p.Status != pos.Pending })
}

// waitFor returns the payment as soon as something holds, or as it is when ctx ends or the journal has stopped.
func (e *Engine) waitFor(ctx context.Context, id pos.PaymentID, holds func(*view.Payment) bool) (*view.Payment, error) {
	for {
		changed := e.journal.Changed()
		p, err := e.Payment(id)
		if err != nil || holds(p) || e.journal.Stopped() != nil {
			return p, err
		}
		select {
		case <-ctx.Done():
			return p, nil
		case <-changed:
		}
	}
}

// Unknown lists the payments whose outcome, or that of an operation on them, nobody knows yet. What a supervisor gave up waits for nobody.
func (e *Engine) Unknown() ([]pos.PaymentID, error) {
	loose, err := e.loose()
	ids := []pos.PaymentID{}
	for _, p := range loose {
		if len(doubtful(p)) > 0 {
			ids = append(ids, p.Intent.Payment)
		}
	}
	return ids, err
}

// Progress tells what the device shows about a running sale, "" when there is none.
func (e *Engine) Progress(id pos.PaymentID) string {
	e.mu.Lock()
	j := e.running[id]
	text := ""
	if j != nil {
		text = j.progress
	}
	e.mu.Unlock()
	if j == nil {
		text = e.progressOf(id)
	}
	return text
}

// keyedLock lets one goroutine at a time work on an order, and others on other orders.
type keyedLock struct {
	mu   sync.Mutex
	held map[pos.OrderRef]chan struct{}
}

// lock waits for the order and returns the function that frees it.
func (k *keyedLock) lock(order pos.OrderRef) (unlock func()) {
	for {
		k.mu.Lock()
		if k.held == nil {
			k.held = map[pos.OrderRef]chan struct{}{}
		}
		busy, taken := k.held[order]
		if !taken {
			break
		}
		k.mu.Unlock()
		<-busy
	}
	mine := make(chan struct{})
	k.held[order] = mine
	k.mu.Unlock()
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.held, order)
		close(mine)
	}
}
