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
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform"
)

const (
	retryPause  = 20 * time.Millisecond
	outcomeTime = 90 * time.Second // a sale must have an outcome by then, kills and recovery included
	drainTime   = 60 * time.Second
)

// day plays an offline day on a running demo.
type day struct {
	*Demo
	plan     plan
	key      cose.PublicKey
	progress func(done, all int)
	result   Result
	answers  map[pos.OrderRef][]api.Payment // what the cashier saw in the end

	mu      sync.Mutex // guards what the terminal's goroutine shares
	running pos.Minor  // amount of the card sale that is running
	armed   []*kill    // the first one strikes at its moment of a card sale
	witness *witness
}

// OfflineDay plays the seeded day: sales, refused cards, lost answers, network cuts and kills; then it holds terminal, journal and ledger
// against each other. The demo's processes are stopped at the end. progress is told after every sale.
func OfflineDay(ctx context.Context, d *Demo, seed uint64, progress func(done, all int)) (Result, error) {
	signer, err := cose.Load(agent.PathsIn(filepath.Dir(d.places.tillConfig)).Key)
	if err != nil {
		return Result{}, err
	}
	y := &day{Demo: d, plan: makePlan(seed), key: signer.Public(), progress: progress, witness: newWitness(), answers: map[pos.OrderRef][]api.Payment{}}
	y.result = Result{Seed: seed, Violations: []string{}, Data: d.places.root}
	d.terminal.Observe(y.observe)
	defer d.terminal.Observe(nil)
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

func (y *day) play(ctx context.Context) error {
	for i := range y.plan.sales {
		s := &y.plan.sales[i]
		y.switchNetwork(i)
		if err := y.sell(ctx, s); err != nil {
			return fmt.Errorf("sale %s (%s %d): %w", s.order, s.tender, s.amount, err)
		}
		y.progress(i+1, len(y.plan.sales))
		if len(y.result.Violations) > 0 {
			return nil // the day has failed; what comes now proves nothing more
		}
	}
	return nil
}

// switchNetwork cuts or mends the till's network where the plan says so.
func (y *day) switchNetwork(i int) {
	for n := range y.plan.cut {
		switch i {
		case y.plan.cut[n]:
			y.shop.Cut()
			y.result.NetworkCuts++
		case y.plan.mend[n]:
			k := y.plan.sales[i].kill
			y.shop.After(network.Up, k.bytes, func() { y.killAgent(k) })
			y.shop.Restore()
			_ = y.client.sync(context.Background()) // somebody presses "send now" when the network is back; it would send by itself
		}
	}
}

// sell carries one order to its end, in cash again when the card was refused.
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
	if n == 1 && s.kill != nil && s.kill.who == killedBeforeReply {
		defer y.centre.Release(network.Up)
		y.centre.Hold(network.Up)
	}
	answer, doubted, err := y.ask(ctx, request{Order: string(s.order), Attempt: n, Amount: int64(s.amount), Currency: string(currency), Tender: string(tender)})
	if err != nil {
		return answer, err
	}
	if doubted && !answer.Status.Open() {
		y.result.UnknownResolved++
	}
	y.result.count(answer.Status)
	y.answers[s.order] = append(y.answers[s.order], answer)
	if n == 1 && s.kill != nil && s.kill.who == killedBeforeReply {
		return answer, y.killPlatform(ctx, s.kill, answer)
	}
	return answer, nil
}

// prepare puts the card into the terminal and arms the kill.
func (y *day) prepare(s *sale, attempt int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.running = s.amount
	if attempt > 1 {
		return
	}
	if s.kill != nil && s.kill.who == killedByTerminal {
		y.armed = append(y.armed, s.kill)
	}
	if s.kill != nil && s.kill.who == killedInCommit {
		time.AfterFunc(s.kill.after, func() { y.killAgent(s.kill) })
	}
	if s.tender == pos.Card {
		y.presentCard(s)
	}
}

// presentCard lays the sale's card on the terminal and takes away one that an earlier sale did not come to. A kill that is still to strike needs a card
// that gets as far as its moment.
func (y *day) presentCard(s *sale) {
	card := zvtsim.Card{Do: s.card}
	if len(y.armed) > 0 {
		card.Do = zvtsim.Approve
	}
	y.terminal.TakeAway()
	y.terminal.Next(card)
}

// observe is called by the terminal before it goes on: who is killed here dies at exactly this moment.
func (y *day) observe(e zvtsim.Event) {
	y.mu.Lock()
	y.witness.see(e, y.running)
	var k *kill
	if len(y.armed) > 0 {
		k = y.armed[0]
	}
	strikes := k != nil && e.Moment == k.at && (k.of == "" || e.Command == k.of) && (k.at != zvtsim.ByteReceived || e.Byte >= k.byte)
	if strikes {
		y.armed = y.armed[1:]
	}
	y.mu.Unlock()
	if strikes {
		y.killAgent(k)
	}
}

func (y *day) killAgent(k *kill) {
	k.struck.Store(true)
	y.agent.kill()
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
		case codeOf(err) == "device_unavailable" || codeOf(err) == "device_unresolved":
		case codeOf(err) != "":
			return answer, doubted, err
		}
		if err := y.raise(ctx); err != nil {
			return answer, doubted, err
		}
		time.Sleep(retryPause)
	}
	return answer, doubted, fmt.Errorf("no outcome within %s: %w, last answer %+v", outcomeTime, errors.Join(ctx.Err(), err), answer)
}

// raise looks whether the agent is dead. Its journal is read before it is started again.
func (y *day) raise(ctx context.Context) error {
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
	y.result.Violations = append(y.result.Violations, broken...)
	return y.agent.start(ctx)
}

// killPlatform waits until the platform's mark covers the payment, whose acknowledgement is held back on the wire, and kills it there.
func (y *day) killPlatform(ctx context.Context, k *kill, p api.Payment) error {
	for {
		covered, err := y.marked(ctx, p)
		if err != nil {
			return err
		}
		if covered {
			break
		}
		if ctx.Err() != nil {
			return fmt.Errorf("the platform did not commit %s: %w", p.ID, ctx.Err())
		}
		time.Sleep(retryPause)
	}
	k.struck.Store(true)
	y.platform.kill()
	y.centre.Cut() // what the dead one had handed to its network is lost too
	y.centre.Release(network.Up)
	y.centre.Restore()
	if again, err := y.client.payment(ctx, p.ID.String(), 0); err == nil && again.Acknowledged {
		y.result.Violations = append(y.result.Violations, fmt.Sprintf("payment %s was acknowledged although the acknowledgement was held back", p.ID))
	}
	return y.platform.start(ctx)
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

// drain waits until the platform has signed for everything.
func (y *day) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	for ctx.Err() == nil {
		s, err := y.client.status(ctx)
		if err == nil && s.Backlog.Records == 0 && len(s.Unknown) == 0 {
			return nil
		}
		if err == nil {
			_ = y.client.sync(ctx) // a hint; it sends by itself
		} else if err := y.raise(ctx); err != nil {
			return err
		}
		time.Sleep(retryPause)
	}
	return fmt.Errorf("the till did not deliver everything within %s, see %s", drainTime, y.agent.log)
}

// conclude adds up what moved outside and holds it against the files.
func (y *day) conclude(ctx context.Context) error {
	y.result.AgentKills, y.result.PlatformKills = y.agent.killed(), y.platform.killed()
	y.result.Kills = y.result.AgentKills + y.result.PlatformKills + y.broker.killed()
	if err := y.compareOutside(ctx); err != nil {
		return err
	}
	report, err := reconcileFiles(ctx, y.opts.Exe, y.places.root)
	if err != nil {
		return err
	}
	y.missedKills()
	for _, d := range report.Differences {
		y.result.Violations = append(y.result.Violations, "reconcile: "+d.Check+": "+d.Cause)
	}
	y.result.JournalTotal, y.result.LedgerTotal = sum(report.Totals.Journal), sum(report.Totals.Ledger)
	y.result.OK = report.OK && len(y.result.Violations) == 0 && y.result.Lost == 0 && y.result.Duplicated == 0 &&
		y.result.TerminalTotal == y.result.JournalTotal && y.result.JournalTotal == y.result.LedgerTotal
	return nil
}

// missedKills says which planned kills did not happen: a day without them proves less than it says.
func (y *day) missedKills() {
	if len(y.result.Violations) > 0 {
		return // the day was ended early
	}
	for _, s := range y.plan.sales {
		if s.kill != nil && !s.kill.struck.Load() {
			y.result.Violations = append(y.result.Violations, fmt.Sprintf("plan: a kill did not strike at sale %s: %s", s.order, s.kill))
		}
	}
}
