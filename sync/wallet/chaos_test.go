package wallet_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/pos"
	bank "github.com/tillproof/tillproof/simulator/acquirer"
	"github.com/tillproof/tillproof/sync/acquirer"
	"github.com/tillproof/tillproof/sync/wallet"
)

// chaosPayments is how many payments each seed plays.
const chaosPayments = 500

// TestNoPaymentIsLostOrChargedTwice plays seeded payments of all kinds and schemes against an acquirer with books of its own:
// every fault in random combination, cashiers who cancel, and platforms that die at random moments and between any two steps. A
// seed fixes the plan; how its goroutines interleave differs from run to run.
func TestNoPaymentIsLostOrChargedTwice(t *testing.T) {
	happened := map[string]int{}
	for _, seed := range []uint64{1, 20260417, 7_777_777} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newChaos(t, seed)
				c.play()
				for what, n := range c.counts {
					happened[what] += n
				}
			})
		})
	}
	checkHappened(t, happened)
}

// chaos is one seed's world.
type chaos struct {
	t       *testing.T
	bank    *bank.Acquirer
	store   *memory
	sales   []*sale
	mu      sync.Mutex // guards all below
	rand    *rand.Rand
	loop    *wallet.Loop
	handle  *handle
	die     chan struct{} // asks for a crash; has room for one
	counts  map[string]int
	asked   map[string]int // authorise calls that left, by ref
	late    map[string]bool
	calm    bool // no more crashes and faults of the store
	started time.Time
}

// sale is one payment and what is planned for it.
type sale struct {
	task     wallet.Task
	code     string
	begin    time.Duration // after the start
	cancel   time.Duration // after begin, 0 for never
	unwanted bool
	local    []time.Duration // when money comes for a local QR, after begin
	refunds  []planned       // what tills want given back
}

// planned is a refund that a till will ask for.
type planned struct {
	wallet.Refund
	at    time.Duration // after begin
	again bool          // asked for a second time, as a till does that heard nothing
}

func newChaos(t *testing.T, seed uint64) *chaos {
	c := &chaos{t: t, bank: bank.New(), store: newMemory(), rand: rand.New(rand.NewPCG(seed, 1)), die: make(chan struct{}, 1),
		counts: map[string]int{}, asked: map[string]int{}, late: map[string]bool{}, started: time.Now()}
	c.bank.Observe(func(e bank.Event) {
		c.count(string(e.Moment))
		if e.Moment == bank.ChargedLate {
			c.mu.Lock()
			c.late[e.Ref] = true
			c.mu.Unlock()
		}
	})
	for i := range chaosPayments {
		c.sales = append(c.sales, c.plan(i))
	}
	return c
}

func (c *chaos) count(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[what]++
}

// chance is true in so many of a hundred cases.
func (c *chaos) chance(percent int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rand.IntN(100) < percent
}

func (c *chaos) upTo(most time.Duration) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(c.rand.Int64N(int64(most))) + time.Millisecond
}

func pick[T any](c *chaos, of ...T) T {
	c.mu.Lock()
	defer c.mu.Unlock()
	return of[c.rand.IntN(len(of))]
}

// plan draws one payment, its customer, the faults it meets and what the cashier does.
func (c *chaos) plan(i int) *sale {
	s := &sale{begin: c.upTo(40 * time.Minute), code: fmt.Sprintf("13%016d", i)}
	if c.chance(12) && i > 0 {
		s.code = fmt.Sprintf("13%016d", i-1) // the same code twice
	}
	s.task = wallet.Task{Payment: pos.NewPaymentID(time.Now()), Till: pick[pos.TillID](c, "till-1", "till-2", "till-3"), Merchant: "shop",
		Order: pos.OrderRef(fmt.Sprintf("O-%d", i)), Kind: pick(c, wallet.Code, wallet.Code, wallet.QR, wallet.Local),
		Scheme: pick(c, "wechat", "alipay", "unionpay", "other"),
		Amount: pos.Money{Amount: pos.Minor(1 + i + 1000*int(c.upTo(99))), Currency: pick[pos.Currency](c, "EUR", "CNY")}}
	switch {
	case s.task.Kind == wallet.Local:
		s.task.Reference = fmt.Sprintf("REF%09d", i)
	case s.task.Kind == wallet.Code && c.chance(20):
		s.task.Expires = 1 // replaced by begin: seconds of the call's own deadline
	}
	c.bank.Plan(s.task.Ref(), c.customer(s))
	if c.chance(25) {
		s.cancel = c.upTo(pick(c, 5*time.Second, 60*time.Second, 10*time.Minute))
		s.unwanted = c.chance(50)
	}
	if c.chance(60) {
		c.planRefunds(s)
	}
	return s
}

// planRefunds draws refunds of a payment by one or two tills, of parts that may be more than the whole together.
func (c *chaos) planRefunds(s *sale) {
	for i := range pick(c, 1, 2, 3, 4) {
		r := wallet.Refund{Key: pos.OperationKey(fmt.Sprintf("r/%d", i/2)), Till: s.task.Till, Amount: max(1, s.task.Amount.Amount*pick[pos.Minor](c, 20, 30, 50, 100)/100)}
		if i%2 == 1 {
			r.Till = "till-other" // the same key by another till is another refund
		}
		s.refunds = append(s.refunds, planned{Refund: r, at: c.upTo(pick(c, time.Minute, 5*time.Minute, 20*time.Minute)), again: c.chance(30)})
	}
}

// customer draws who pays and which faults the calls meet.
func (c *chaos) customer(s *sale) bank.Customer {
	p := bank.Customer{Hang: c.chance(50)}
	switch pick(c, 0, 0, 1, 1, 2, 3, 4, 5) {
	case 0: // at once
	case 1:
		p.After = c.upTo(40 * time.Second)
	case 2:
		p.Declines, p.After = true, pick(c, 0, c.upTo(20*time.Second))
		if c.chance(40) {
			p.Late = c.upTo(2 * time.Hour)
		}
	case 3:
		p.Never, p.BeforeCancel = true, true
	case 4:
		p.Never, p.Late = true, c.upTo(pick(c, time.Minute, time.Hour, 20*time.Hour))
	case 5:
		p.Never = true
	}
	if p.After == 0 && s.task.Kind == wallet.QR {
		p.After = c.upTo(6 * time.Minute)
	}
	if s.task.Kind == wallet.QR && c.chance(25) {
		p.Amount = s.task.Amount.Amount/2 + 1
	}
	for _, fault := range []*int{&p.LoseAnswers, &p.LoseQueries, &p.LoseCancels, &p.LoseRefunds, &p.LoseRequests} {
		if c.chance(20) {
			*fault = pick(c, 1, 2, 3)
		}
	}
	if c.chance(8) {
		p.Slow = c.upTo(40 * time.Second)
	}
	if s.task.Kind == wallet.Local && c.chance(70) {
		s.local = append(s.local, pick(c, -c.upTo(time.Minute), c.upTo(time.Minute), c.upTo(5*time.Minute), c.upTo(20*time.Hour)))
	}
	return p
}

// play runs the world until nothing is left to do.
func (c *chaos) play() {
	ctx, cancel := context.WithCancel(c.t.Context())
	var world sync.WaitGroup
	stopped := make(chan struct{})
	go func() { defer close(stopped); c.platforms(ctx) }()
	for _, s := range c.sales {
		world.Go(func() { c.sell(s) })
	}
	world.Go(c.crashes)
	world.Wait()
	c.mu.Lock()
	c.calm = true
	c.mu.Unlock()
	for due, _ := c.store.Due(ctx, 1); len(due) > 0; due, _ = c.store.Due(ctx, 1) {
		if time.Since(c.started) > 30*time.Hour {
			c.t.Errorf("payment %s never comes to an end", due[0].Payment)
			break
		}
		time.Sleep(10 * time.Minute)
	}
	cancel()
	<-stopped
	c.check()
}

// platforms runs one loop after another on the same store.
func (c *chaos) platforms(ctx context.Context) {
	for ctx.Err() == nil {
		life, end := context.WithCancel(ctx)
		h := &handle{memory: c.store}
		h.before = func(wallet.Task) bool { return c.mishap(h, "commit_failed", "crash_before_commit") }
		h.after = func(wallet.Task) bool { return c.mishap(h, "commit_uncertain", "crash_after_commit") }
		loop := wallet.New(&wire{Acquirer: c.bank, c: c, h: h}, h, wallet.Options{})
		c.mu.Lock()
		c.loop, c.handle = loop, h
		c.mu.Unlock()
		done := make(chan error)
		go func() { done <- loop.Run(life) }()
		select {
		case <-ctx.Done():
		case <-c.die:
			h.kill()
			c.count("crash")
		}
		end()
		if err := <-done; err != nil {
			c.t.Errorf("Run: %v", err)
		}
	}
}

// mishap draws what a step of a platform meets: mostly nothing, seldom a fault, more seldom its death.
func (c *chaos) mishap(h *handle, fault, crash string) bool {
	c.mu.Lock()
	draw, calm := c.rand.IntN(1000), c.calm
	c.mu.Unlock()
	switch {
	case calm || draw >= 6:
		return false
	case draw < 3 && fault != "":
		c.count(fault)
	default:
		c.count(crash)
		h.kill()
		c.crash()
	}
	return true
}

func (c *chaos) crash() {
	select {
	case c.die <- struct{}{}:
	default:
	}
}

// crashes ends platforms at random moments.
func (c *chaos) crashes() {
	for range 40 {
		time.Sleep(c.upTo(2 * time.Minute))
		c.crash()
	}
}

// try does something with the platform of the moment until one has done it.
func (c *chaos) try(what func(*wallet.Loop) error) {
	for {
		c.mu.Lock()
		loop := c.loop
		c.mu.Unlock()
		if loop != nil && what(loop) == nil {
			return
		}
		time.Sleep(time.Second)
	}
}

// sell plays the till, the cashier and the payers of a local QR.
func (c *chaos) sell(s *sale) {
	for _, at := range s.local {
		time.AfterFunc(s.begin+at, func() {
			c.count("local_money")
			if err := c.bank.PayLocal(s.task.Reference, s.task.Amount); err != nil {
				c.t.Errorf("PayLocal: %v", err)
			}
		})
	}
	time.Sleep(s.begin)
	switch {
	case s.task.Kind == wallet.Local:
		s.task.Expires = time.Now().Add(3 * time.Minute).UnixMilli()
	case s.task.Expires == 1:
		s.task.Expires = time.Now().Add(c.upTo(time.Minute)).UnixMilli()
	}
	c.try(func(l *wallet.Loop) error { return l.Begin(context.Background(), s.task, s.code) })
	var refunds sync.WaitGroup
	defer refunds.Wait()
	for _, r := range s.refunds {
		refunds.Go(func() { c.refund(s, r) })
	}
	if s.cancel == 0 {
		return
	}
	time.Sleep(s.cancel)
	c.count(fmt.Sprintf("cashier_cancel_unwanted_%t", s.unwanted))
	c.try(func(l *wallet.Loop) error { return l.Cancel(context.Background(), s.task.Payment, s.unwanted) })
}

// refund plays the cashier who gives money back.
func (c *chaos) refund(s *sale, r planned) {
	time.Sleep(r.at)
	ask := func(l *wallet.Loop) error { return l.Refund(context.Background(), s.task.Payment, r.Refund) }
	c.try(ask)
	if r.again {
		time.Sleep(c.upTo(time.Minute))
		c.try(ask)
	}
}

// wire is the way to the acquirer: it takes its time, and the platform may die on either leg.
type wire struct {
	acquirer.Acquirer
	c *chaos
	h *handle
}

// leg takes time and says whether the platform is still there at its end.
func (w *wire) leg(ctx context.Context, crash string) error {
	select {
	case <-time.After(w.c.upTo(600 * time.Millisecond)):
	case <-ctx.Done():
		return ctx.Err()
	}
	if w.c.mishap(w.h, "", crash) {
		return errStore
	}
	return nil
}

func carry[T any](ctx context.Context, w *wire, call func() (T, error)) (answer T, err error) {
	if err := w.leg(ctx, "crash_before_call"); err != nil {
		return answer, err
	}
	if answer, err = call(); err != nil {
		return answer, err
	}
	return answer, w.leg(ctx, "crash_after_call")
}

func (w *wire) Authorise(ctx context.Context, o acquirer.Order, code string) (acquirer.Answer, error) {
	w.c.mu.Lock()
	w.c.asked[o.Ref]++
	w.c.mu.Unlock()
	return carry(ctx, w, func() (acquirer.Answer, error) { return w.Acquirer.Authorise(ctx, o, code) })
}

func (w *wire) Issue(ctx context.Context, o acquirer.Order, ttl time.Duration) (acquirer.Issued, error) {
	return carry(ctx, w, func() (acquirer.Issued, error) { return w.Acquirer.Issue(ctx, o, ttl) })
}

func (w *wire) Query(ctx context.Context, ref string) (acquirer.Answer, error) {
	return carry(ctx, w, func() (acquirer.Answer, error) { return w.Acquirer.Query(ctx, ref) })
}

func (w *wire) Cancel(ctx context.Context, ref string) (acquirer.Answer, error) {
	return carry(ctx, w, func() (acquirer.Answer, error) { return w.Acquirer.Cancel(ctx, ref) })
}

func (w *wire) Refund(ctx context.Context, ref, id string, m pos.Money) (acquirer.Answer, error) {
	return carry(ctx, w, func() (acquirer.Answer, error) { return w.Acquirer.Refund(ctx, ref, id, m) })
}

func (w *wire) Expect(ctx context.Context, o acquirer.Order, reference string) error {
	_, err := carry(ctx, w, func() (struct{}, error) { return struct{}{}, w.Acquirer.Expect(ctx, o, reference) })
	return err
}
