package engine

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// Options are what an engine works with.
type Options struct {
	Till     pos.TillID // goes into the references of QRs
	Journal  *journal.Journal
	Devices  []pos.DeviceName // card terminals, in the order in which a sale without a device takes them
	Scanners []pos.DeviceName
	Tenders  []pos.Tender    // that the shop takes
	Mode     func() pos.Mode // whether the platform can be asked now
	Log      *slog.Logger

	Platform Platform // nil when none is configured: codes and the platform's QRs are refused then
	QR       []QR     // what the till can show, the shop's favourite first
	CodeKey  [32]byte // for the hashes of customers' codes; the same over restarts
	Goods    Goods    // nil for none
}

// Engine runs the sales of a till. All methods are safe for concurrent use.
type Engine struct {
	journal  *journal.Journal
	tenders  []pos.Tender
	mode     func() pos.Mode
	log      *slog.Logger
	stations []*station
	scanners []*station // whose state is shown and nothing else
	orders   keyedLock
	opts     Options
	asks     chan ask
	coding   sync.Mutex // held from looking at codes, and at who waits for one, to writing them down
	recent   recentCodes
	results  results

	mu      sync.Mutex
	running map[pos.PaymentID]*job // sales that a device is busy with
	live    map[pos.PaymentID]Live // what the platform last said of payments that customers are busy with
	unsure  map[pos.PaymentID]bool // payments that the platform may never have heard of
	givenUp map[pos.PaymentID]bool // payments that the platform knows to be unwanted

	lastReference uint64 // of a QR that the till made
}

// New makes the engine and declares unknown what the last life of the agent left pending. Nothing is sold before that is durable.
func New(opts Options) (*Engine, error) {
	e := &Engine{journal: opts.Journal, tenders: opts.Tenders, mode: opts.Mode, log: opts.Log, running: map[pos.PaymentID]*job{},
		opts: opts, asks: make(chan ask, askQueue), live: map[pos.PaymentID]Live{}, unsure: map[pos.PaymentID]bool{}, givenUp: map[pos.PaymentID]bool{}}
	for _, name := range opts.Devices {
		e.stations = append(e.stations, newStation(name))
	}
	for _, name := range opts.Scanners {
		e.scanners = append(e.scanners, newStation(name))
	}
	return e, errors.Join(e.doubtPending(), e.recall())
}

// doubtPending turns pending into unknown: the agent that waited for the answer is dead. Devices with something to answer for take no sale before.
func (e *Engine) doubtPending() error {
	open, err := e.journal.Views().Open()
	if err != nil {
		return err
	}
	for _, p := range open {
		if s := e.station(p.Intent.Device); s != nil && p.Intent.Device != "" {
			s.setUnresolved(p.Intent.Payment)
		}
		if byPlatform(p) {
			e.unsure[p.Intent.Payment] = true
		}
		if p.Status != pos.Pending || waitsForCustomer(p) {
			continue
		}
		_, err := e.journal.Append(&record.Resolution{Payment: p.Intent.Payment, Status: pos.Unknown, Evidence: record.ByRestart,
			Reason: "agent_restarted", Text: "The till was restarted while this payment was under way."})
		if err != nil {
			return err
		}
	}
	return nil
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
	for {
		changed := e.journal.Changed()
		p, err := e.Payment(id)
		if err != nil || p.Status != pos.Pending || e.journal.Stopped() != nil {
			return p, err
		}
		select {
		case <-ctx.Done():
			return p, nil
		case <-changed:
		}
	}
}

// Unknown lists the payments whose outcome nobody knows yet.
func (e *Engine) Unknown() ([]pos.PaymentID, error) {
	open, err := e.journal.Views().Open()
	ids := []pos.PaymentID{}
	for _, p := range open {
		if p.Status == pos.Unknown {
			ids = append(ids, p.Intent.Payment)
		}
	}
	return ids, err
}

// Progress tells what the device shows about a running sale, "" when there is none.
func (e *Engine) Progress(id pos.PaymentID) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if j := e.running[id]; j != nil {
		return j.progress
	}
	return ""
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
