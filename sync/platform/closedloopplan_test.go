package platform

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	simulated "github.com/tillproof/tillproof/simulator/acquirer"
	"github.com/tillproof/tillproof/sync/wallet"
)

// loopSale is one payment and what is planned for it.
type loopSale struct {
	task     wallet.Task
	code     string
	begin    time.Duration // after the start
	cancel   time.Duration // after begin, 0 for never
	unwanted bool
	paid     []time.Duration // when money comes for a QR of the till's own, after begin
	refunds  []loopRefund    // what tills want given back
	tries    []time.Duration // when the till asks for a card's money again, after begin
}

// loopRefund is a refund that a till will ask for.
type loopRefund struct {
	wallet.Refund
	at    time.Duration // after begin
	again bool          // asked for a second time, as a till does that heard nothing
}

// marked stands in every customer's code, so that one search finds any of them in a file.
const marked = "139990777"

func loopPick[T any](w *loopWorld, of ...T) T {
	w.mu.Lock()
	defer w.mu.Unlock()
	return of[w.rand.IntN(len(of))]
}

// chance is true in so many of a hundred cases.
func (w *loopWorld) chance(percent int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rand.IntN(100) < percent
}

func (w *loopWorld) upTo(most time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Duration(w.rand.Int64N(int64(most))) + time.Millisecond
}

// plan draws one payment, its customer, the faults it meets and what the cashier does.
func (w *loopWorld) plan(i int) *loopSale {
	s := &loopSale{begin: w.upTo(60 * time.Minute), code: fmt.Sprintf("%s%09d", marked, i)}
	if w.chance(8) && i > 0 {
		s.code = fmt.Sprintf("%s%09d", marked, i-1) // the same code twice
	}
	s.task = wallet.Task{Payment: paymentID(i + 1), Till: loopPick[pos.TillID](w, "till-1", "till-2", "till-3"), Merchant: "shop", Order: pos.OrderRef(fmt.Sprintf("O-%d", i)),
		Kind: loopPick(w, wallet.Code, wallet.Code, wallet.QR, wallet.Local, wallet.Card), Scheme: loopPick(w, "wechat", "alipay", "unionpay", "other"),
		Amount: pos.Money{Amount: pos.Minor(1 + i + 1000*int(w.upTo(99))), Currency: loopPick[pos.Currency](w, "EUR", "CNY")}}
	w.bank.Plan(s.task.Ref(), w.customer(s))
	switch s.task.Kind {
	case wallet.Card:
		s.task.Scheme = offlineCards
		for range loopPick(w, 0, 1, 2, 4) {
			s.tries = append(s.tries, w.upTo(30*time.Minute))
		}
		return s
	case wallet.Local:
		s.task.Reference = fmt.Sprintf("REF%09d", i)
		if w.chance(70) {
			s.paid = append(s.paid, loopPick(w, -w.upTo(time.Minute), w.upTo(time.Minute), w.upTo(5*time.Minute), w.upTo(20*time.Hour)))
		}
	}
	if w.chance(25) {
		s.cancel = w.upTo(loopPick(w, 5*time.Second, 60*time.Second, 10*time.Minute))
		s.unwanted = w.chance(50)
	}
	if w.chance(50) {
		w.planRefunds(s)
	}
	return s
}

// planRefunds draws refunds of a payment by one or two tills, of parts that may be more than the whole together.
func (w *loopWorld) planRefunds(s *loopSale) {
	for i := range loopPick(w, 1, 2, 3, 4) {
		r := wallet.Refund{Key: pos.OperationKey(fmt.Sprintf("r/%d", i/2)), Till: s.task.Till, Amount: max(1, s.task.Amount.Amount*loopPick[pos.Minor](w, 20, 30, 50, 100)/100)}
		if i%2 == 1 {
			r.Till = "till-other" // the same key by another till is another refund
		}
		s.refunds = append(s.refunds, loopRefund{Refund: r, at: w.upTo(loopPick(w, time.Minute, 5*time.Minute, 20*time.Minute)), again: w.chance(30)})
	}
}

// customer draws who pays and which faults the calls meet.
func (w *loopWorld) customer(s *loopSale) simulated.Customer {
	p := simulated.Customer{Hang: w.chance(50)}
	switch loopPick(w, 0, 0, 1, 1, 2, 3, 4, 5) {
	case 0: // at once
	case 1:
		p.After = w.upTo(40 * time.Second)
	case 2:
		p.Declines, p.After = true, loopPick(w, 0, w.upTo(20*time.Second))
		if w.chance(40) {
			p.Late = w.upTo(2 * time.Hour)
		}
	case 3:
		p.Never, p.BeforeCancel = true, true
	case 4:
		p.Never, p.Late = true, w.upTo(loopPick(w, time.Minute, time.Hour, 20*time.Hour))
	case 5:
		p.Never = true
	}
	if p.After == 0 && s.task.Kind == wallet.QR {
		p.After = w.upTo(6 * time.Minute)
	}
	if s.task.Kind == wallet.QR && w.chance(25) {
		p.Amount = s.task.Amount.Amount/2 + 1
	}
	w.faults(s, &p)
	return p
}

// faults draws what the calls about a payment meet.
func (w *loopWorld) faults(s *loopSale, p *simulated.Customer) {
	for _, fault := range []*int{&p.LoseAnswers, &p.LoseQueries, &p.LoseCancels, &p.LoseRefunds, &p.LoseRequests, &p.LoseCaptures, &p.RefuseRefunds, &p.RefuseTries} {
		if w.chance(18) {
			*fault = loopPick(w, 1, 2, 3)
		}
	}
	for _, wait := range []*time.Duration{&p.Slow, &p.RefundAfter, &p.CaptureAfter} {
		if w.chance(8) {
			*wait = w.upTo(40 * time.Second)
		}
	}
	if w.chance(40) {
		for range loopPick(w, 1, 2, 4) {
			wrong := loopPick(w, simulated.Wrongs()...)
			if wrong == simulated.OtherAmount && s.task.Kind != wallet.Code && s.task.Kind != wallet.Card {
				wrong = simulated.Half // a QR may be paid with any amount: such a lie is found by the statement alone
			}
			p.Wrong = append(p.Wrong, wrong)
		}
	}
}

// try does something with the platform of the moment until one has done it.
func (w *loopWorld) try(what func(*wallet.Loop, *mortal) error) {
	for {
		w.mu.Lock()
		loop, life := w.loop, w.life
		w.mu.Unlock()
		if loop != nil && what(loop, life) == nil {
			return
		}
		time.Sleep(time.Second)
	}
}

// sell plays the till, the cashier and the payers of a till's own QR.
func (w *loopWorld) sell(s *loopSale) {
	for _, at := range s.paid {
		time.AfterFunc(s.begin+at, func() {
			w.count("local_money")
			if err := w.bank.PayLocal(s.task.Reference, s.task.Amount); err != nil {
				w.t.Errorf("PayLocal: %v", err)
			}
		})
	}
	time.Sleep(s.begin)
	w.begin(s)
	var others sync.WaitGroup
	defer others.Wait()
	for _, r := range s.refunds {
		others.Go(func() { w.refund(s, r) })
	}
	for i, at := range s.tries {
		others.Go(func() { w.collect(s, i, at) })
	}
	if s.cancel == 0 {
		return
	}
	time.Sleep(s.cancel)
	w.count(fmt.Sprintf("cancel_unwanted_%t", s.unwanted))
	w.try(func(l *wallet.Loop, _ *mortal) error {
		return l.Cancel(context.Background(), s.task.Payment, s.unwanted)
	})
}

// begin brings a payment to the loop as its kind is brought, sometimes twice.
func (w *loopWorld) begin(s *loopSale) {
	now := time.Now()
	switch {
	case s.task.Kind == wallet.Local:
		s.task.Expires = now.Add(3 * time.Minute).UnixMilli()
	case s.task.Kind == wallet.Code && w.chance(20):
		s.task.Expires = now.Add(w.upTo(time.Minute)).UnixMilli()
	case s.task.Kind == wallet.Card:
		s.task = wallet.Forwarded(s.task.Payment, s.task.Till, s.task.Order, s.task.Amount, offlineCards, now.UnixMilli())
		w.try(func(l *wallet.Loop, m *mortal) error {
			if err := m.Commit(context.Background(), s.task, nil); err != nil && !errors.Is(err, errBegun) {
				return err
			}
			l.Wake()
			return nil
		})
		return
	}
	times := 1
	if w.chance(25) {
		times = 2
	}
	for range times {
		w.try(func(l *wallet.Loop, _ *mortal) error { return l.Begin(context.Background(), s.task, s.code) })
	}
}

// refund plays the cashier who gives money back.
func (w *loopWorld) refund(s *loopSale, r loopRefund) {
	time.Sleep(r.at)
	ask := func(l *wallet.Loop, _ *mortal) error { return l.Refund(context.Background(), s.task.Payment, r.Refund) }
	w.try(ask)
	if r.again {
		time.Sleep(w.upTo(time.Minute))
		w.try(ask)
	}
}

// collect plays who asks for a card's money again, by two ways at the same time.
func (w *loopWorld) collect(s *loopSale, i int, at time.Duration) {
	time.Sleep(at)
	var both sync.WaitGroup
	for _, from := range []string{"till", "office"} {
		both.Go(func() {
			w.try(func(l *wallet.Loop, _ *mortal) error {
				return l.Capture(context.Background(), s.task.Payment, pos.OperationKey(fmt.Sprintf("%s/%d", from, i)))
			})
		})
	}
	both.Wait()
}
