package scenario

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/network"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform"
)

const (
	retryPause  = 20 * time.Millisecond
	outcomeTime = 90 * time.Second // a sale must have an outcome by then, kills and recovery included
	drainTime   = 60 * time.Second
	brokenDrain = 5 * time.Second // of a day that has failed already
)

// day plays an offline day on a running demo. Its own goroutine sells at the counter; each sale that a phone pays has one beside
// it.
type day struct {
	*Demo
	plan     plan
	key      cose.PublicKey
	progress func(done, all int)
	byOrder  map[pos.OrderRef]*phoneSale

	phones  sync.WaitGroup
	counter sync.Mutex // held by the customer in front of the scanner
	raising sync.Mutex // held while a dead agent is looked at and started
	trouble sync.Mutex // held while the network or the platform is away, or about to be
	offline bool       // the plan has cut the network; guarded by trouble

	mu      sync.Mutex // guards what the terminal's and the acquirer's goroutines share
	running pos.Minor  // amount of the card sale that is running
	armed   []*kill    // the first one strikes at its moment of a card sale
	witness *witness

	armedBack []*kill // each strikes at its moment of a void or refund by card
	giving    bool    // money is given back by card

	tally    sync.Mutex // guards what follows
	result   Result
	answers  map[pos.OrderRef][]api.Payment // what the cashier saw in the end
	failed   []error                        // of phone sales
	troubled map[pos.OrderRef]bool
	handed   map[pos.PaymentID]pos.Minor // given back out of the drawer
	sold     int
}

// OfflineDay plays the seeded day: sales, refused cards, customers who pay by phone in time, late or never, lost answers,
// network cuts and kills; then it holds terminal, acquirer, journal and ledger against each other. The demo's processes are
// stopped at the end. progress is told after every sale.
func OfflineDay(ctx context.Context, d *Demo, seed uint64, progress func(done, all int)) (Result, error) {
	signer, err := cose.Load(agent.PathsIn(filepath.Dir(d.places.tillConfig)).Key)
	if err != nil {
		return Result{}, err
	}
	y := &day{Demo: d, plan: makePlan(seed), key: signer.Public(), progress: progress, witness: newWitness(), answers: map[pos.OrderRef][]api.Payment{},
		byOrder: map[pos.OrderRef]*phoneSale{}, troubled: map[pos.OrderRef]bool{}, handed: map[pos.PaymentID]pos.Minor{}}
	y.result = Result{Seed: seed, Violations: []string{}, Happened: map[string]int{}, Data: d.places.root}
	for i := range y.plan.phone {
		y.byOrder[y.plan.phone[i].order] = &y.plan.phone[i]
	}
	d.terminal.Observe(y.observe)
	defer d.terminal.Observe(nil)
	d.bank.watch(y.heard, y.done)
	defer d.bank.watch(nil, nil)
	if err := y.play(ctx); err != nil {
		return y.result, err
	}
	if err := y.drain(ctx); err != nil {
		return y.result, err
	}
	if err := y.StopProcesses(); err != nil {
		return y.result, err
	}
	return y.result, y.conclude(ctx)
}

// play sells until the counter and all phones are done.
func (y *day) play(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer y.phones.Wait()
	defer cancel()
	for i := range y.plan.sales {
		s := &y.plan.sales[i]
		y.switchNetwork(i)
		y.startPhones(ctx, i)
		if err := y.giveBackBefore(ctx, i); err != nil {
			return err
		}
		if err := y.sell(ctx, s); err != nil {
			return fmt.Errorf("sale %s (%s %d): %w", s.order, s.tender, s.amount, err)
		}
		if broken, err := y.soFar(true); broken || err != nil {
			return err // a day that has failed proves nothing more
		}
	}
	y.phones.Wait()
	_, err := y.soFar(false)
	return err
}

// soFar says whether the day has failed already.
func (y *day) soFar(sold bool) (broken bool, err error) {
	y.mu.Lock()
	calls := y.witness.broken
	y.mu.Unlock()
	y.tally.Lock()
	defer y.tally.Unlock()
	if sold {
		y.sold++
		y.progress(y.sold, y.plan.count())
	}
	return len(y.result.Violations)+len(calls) > 0, errors.Join(y.failed...)
}

// switchNetwork cuts or mends the till's network where the plan says so.
func (y *day) switchNetwork(i int) {
	for n := range y.plan.cut {
		switch i {
		case y.plan.cut[n]:
			y.trouble.Lock()
			y.offline = true
			y.shop.Cut()
			y.trouble.Unlock()
			y.tally.Lock()
			y.result.NetworkCuts++
			y.tally.Unlock()
		case y.plan.mend[n]:
			k := y.plan.sales[i].kill
			y.trouble.Lock()
			y.offline = false
			y.shop.After(network.Up, k.bytes, func() { y.killAgent(k) })
			y.shop.Restore()
			y.trouble.Unlock()
			_ = y.client.sync(context.Background()) // somebody presses "send now" when the network is back; it would send by itself
		}
	}
}

// sell carries one order of the counter to its end, in cash again when the card was refused.
func (y *day) sell(ctx context.Context, s *sale) error {
	p, err := y.attempt(ctx, s, 1, s.tender)
	if err != nil {
		return err
	}
	if s.retry && s.tender == pos.Card && p.Status.Uncharged() {
		_, err = y.attempt(ctx, s, 2, pos.Cash)
	}
	return err
}

// attempt asks until the cashier has a final answer, through kills and restarts, always with the same request.
func (y *day) attempt(ctx context.Context, s *sale, n int, tender pos.Tender) (api.Payment, error) {
	ctx, cancel := context.WithTimeout(ctx, outcomeTime)
	defer cancel()
	y.prepare(s, n)
	held := n == 1 && s.kill != nil && s.kill.who == killedBeforeReply
	if held {
		y.trouble.Lock()
		defer y.trouble.Unlock()
		defer y.centre.Release(network.Up)
		y.centre.Hold(network.Up)
	}
	answer, doubted, err := y.ask(ctx, request{Order: string(s.order), Attempt: n, Amount: int64(s.amount), Currency: string(currency), Tender: string(tender)})
	if err != nil {
		return answer, err
	}
	y.note(s.order, answer, doubted && !answer.Status.Open())
	if held {
		return answer, y.killPlatform(ctx, s.kill, answer)
	}
	return answer, nil
}

// ask sends a request until its payment is decided. doubted says whether it was unknown in between.
func (y *day) ask(ctx context.Context, r request) (answer api.Payment, doubted bool, err error) {
	for ctx.Err() == nil {
		answer, err = y.client.pay(ctx, r, 10*time.Second)
		switch {
		case err == nil && !answer.Status.Open():
			return answer, doubted, nil
		case err == nil:
			doubted = doubted || answer.Status == pos.Unknown
		case codeOf(err) == "device_unavailable" || codeOf(err) == "device_unresolved" || codeOf(err) == "order_open":
		case codeOf(err) != "":
			return answer, doubted, err
		}
		if err := y.raise(ctx); err != nil {
			return answer, doubted, err
		}
		time.Sleep(retryPause)
	}
	return answer, doubted, fmt.Errorf("no outcome in time: %w, last answer %+v", errors.Join(ctx.Err(), err), answer)
}

// raise looks whether the agent is dead. Its journal is read before it is started again.
func (y *day) raise(ctx context.Context) error {
	y.raising.Lock()
	defer y.raising.Unlock()
	select {
	case <-y.agent.gone():
	default:
		return nil
	}
	y.mu.Lock()
	broken, err := y.witness.inspect(y.places.journal, y.key)
	y.mu.Unlock()
	if err != nil {
		return fmt.Errorf("read the dead journal: %w", err)
	}
	y.violate(broken...)
	return y.agent.start(ctx)
}

// marked says whether the platform's mark covers the record that decided a payment.
func (y *day) marked(ctx context.Context, p api.Payment) (bool, error) {
	l, err := platform.OpenLedger(y.places.ledger)
	if err != nil {
		return false, err
	}
	defer l.Close()
	for mark, err := range l.Marks(ctx) {
		if err != nil || mark.Head.Epoch == p.Record.Epoch && mark.Head.Seq >= p.Record.Seq {
			return err == nil, err
		}
	}
	return false, nil
}
