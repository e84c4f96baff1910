package hypercomsim_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/hypercomsim"
	"github.com/tillproof/tillproof/simulator/wire"
)

// rounds multiplies the count of noisy days (FAULT_ROUNDS).
func rounds() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("FAULT_ROUNDS"), 10, 16); err == nil && n > 0 {
		return n
	}
	return 1
}

// A day of sales over wires that damage bytes in both directions: what the till believes is what the terminal holds. Where the till has names of its own
// nothing stays undecided; where it has none, nothing but that is missing.
func TestNoisyWires(t *testing.T) {
	seeds := []uint64{696} // what is lost and what comes twice in the answer to a question cancel out, in length and check byte
	for seed := range 60 * rounds() {
		seeds = append(seeds, seed)
	}
	for _, seed := range seeds {
		profile := hypercomsim.Profiles()[seed%3]
		t.Run(fmt.Sprintf("seed %d, %s", seed, profile), func(t *testing.T) {
			const in, out, faults = 1500, 5000, 12
			damage := wire.Options{Faults: append(wire.Random(seed, wire.In, in, faults), wire.Random(seed, wire.Out, out, faults)...)}
			playOn(t, hypercomsim.Options{Profile: profile, AnswersBusy: seed%2 == 0}, nil, damage, func(l *lane) { l.day(seed, profile == hypercomsim.Razer) })
		})
	}
}

// day opens the terminal until it opens, and sells.
func (l *lane) day(seed uint64, decides bool) {
	l.t.Helper()
	l.opened()
	believed := pos.Minor(0)
	for i := range 12 {
		amount := pos.Minor(1000 + i%3) // equal amounts, to be mistaken for one another
		does := []hypercomsim.Do{hypercomsim.Approve, hypercomsim.Decline, hypercomsim.Approve, hypercomsim.NoCard, hypercomsim.Swallow}
		l.pt.Next(hypercomsim.Card{Do: does[(uint64(i)+seed)%5]})
		before := l.held()
		switch l.believes(amount, decides) {
		case drivers.Charged:
			believed += amount
		case drivers.Undecided:
			time.Sleep(5 * time.Minute) // a person looks
			believed += l.held() - before
		}
		l.pt.TakeAway()
	}
	time.Sleep(5 * time.Minute)
	if l.held() != believed {
		l.t.Errorf("the terminal holds %d, the till believes %d", l.held(), believed)
	}
}

func (l *lane) opened() {
	l.t.Helper()
	for range 20 {
		last, err := l.driver.Open(l.t.Context())
		if err == nil {
			l.last = last
			return
		}
		time.Sleep(time.Second)
	}
	l.t.Fatal("never opens")
}

// believes sells, asks where the outcome is unknown, and says what the till takes for true.
func (l *lane) believes(amount pos.Minor, decides bool) drivers.Verdict {
	l.t.Helper()
	sale := l.command(amount)
	p := drivers.Pending{Ref: sale.Ref, Amount: sale.Amount, Before: l.last, Begun: time.Now()}
	out, err := l.driver.Sale(l.t.Context(), sale)
	switch {
	case err == nil && out.Result.Decision == drivers.Approved:
		l.last = drivers.Last{Trace: out.Result.Trace, ReceiptNo: out.Result.ReceiptNo}
		return drivers.Charged
	case err == nil, pos.MoneyOf(err) == pos.NoneMoved:
		return drivers.NotCharged
	}
	if n := len(l.stored); n > 0 {
		p.Stored = &l.stored[n-1]
	}
	for range 20 {
		switch r, err := l.driver.Recover(l.t.Context(), p); {
		case err != nil:
			l.opened()
		case r.Again > 0:
			time.Sleep(r.Again)
		case r.Verdict == drivers.Undecided && decides:
			l.t.Errorf("undecided: %s", r.Text)
			return r.Verdict
		default:
			return r.Verdict
		}
	}
	l.t.Error("never answered")
	return drivers.Undecided
}
