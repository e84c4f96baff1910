package ecr17sim_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/ecr17sim"
	"github.com/tillproof/tillproof/simulator/wire"
)

// rounds multiplies the count of noisy days (FAULT_ROUNDS).
func rounds() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("FAULT_ROUNDS"), 10, 16); err == nil && n > 0 {
		return n
	}
	return 1
}

// A day of sales over wires that damage bytes in both directions: what the till believes is what the terminal holds, and nothing stays undecided.
func TestNoisyWires(t *testing.T) {
	for seed := range 40 * rounds() {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			const bytes, faults = 3000, 12
			damage := wire.Options{Faults: append(wire.Random(seed, wire.In, bytes, faults), wire.Random(seed, wire.Out, bytes, faults)...)}
			o := ecr17sim.Options{Scope: stx.Scopes()[seed%4], Short: seed%3 == 0, Numberless: seed%5 == 0, AnswersBusy: seed%2 == 0}
			options := map[string]string{"receipts": []string{"terminal", "till"}[seed%2], "check": []string{"always", "repeats"}[seed/2%2]}
			playOn(t, o, options, damage, func(l *lane) { l.day(seed) })
		})
	}
}

// day opens the terminal until it opens, and sells.
func (l *lane) day(seed uint64) {
	l.t.Helper()
	l.opened()
	believed := pos.Minor(0)
	for i := range 12 {
		amount := pos.Minor(1000 + i%3) // equal amounts, to be mistaken for one another
		card := ecr17sim.Card{Do: []ecr17sim.Do{ecr17sim.Approve, ecr17sim.Decline, ecr17sim.Approve, ecr17sim.NoCard, ecr17sim.Swallow}[(uint64(i)+seed)%5]}
		l.pt.Next(card)
		if l.believes(amount) {
			believed += amount
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

// believes sells, asks where the outcome is unknown, and says whether the till takes the money for taken.
func (l *lane) believes(amount pos.Minor) bool {
	l.t.Helper()
	p := drivers.Pending{Amount: euros(amount), Before: l.last, Begun: time.Now()}
	out, err := l.sell(amount)
	if err == nil {
		if out.Last != (drivers.Last{}) {
			l.last = out.Last
		}
		return out.Result.Decision == drivers.Approved
	}
	if pos.MoneyOf(err) == pos.NoneMoved {
		return false
	}
	if n := len(l.stored); n > 0 {
		p.Stored = &l.stored[n-1]
	}
	for range 20 {
		r, err := l.driver.Recover(l.t.Context(), p)
		switch {
		case err != nil:
			l.opened()
		case r.Again > 0:
			time.Sleep(r.Again)
		case r.Verdict == drivers.Undecided && strings.Contains(r.Text, "does not show what came before it"):
			l.last = r.Last // a refusal without a number of its own: a person looks, and finds nothing
			return false
		case r.Verdict == drivers.Undecided && p.Before == (drivers.Last{}) && l.held() == 0:
			return false // a terminal that never had a result
		case r.Verdict == drivers.Undecided:
			l.t.Errorf("undecided: %s (base %+v)", r.Text, p.Before)
			return false
		default:
			l.last = r.Last
			return r.Verdict == drivers.Charged
		}
	}
	l.t.Error("never answered")
	return false
}
