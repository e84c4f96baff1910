package engine_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// A record is in exactly one report: whatever a few days bring, the reports of all shifts add up to the totals of the journal.
func TestTheReportsAddUpToTheJournal(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inShop(t, func(s *shop) {
				d := &days{shop: s, random: rand.New(rand.NewPCG(seed, 1)), sum: map[pos.Tender]pos.Sum{}}
				for range 60 {
					d.act()
				}
				if !s.open() {
					s.openShift(0)
				}
				d.count(s.current().Report) // what no shift has counted yet
				d.compare()
			}, zvtsim.Options{})
		})
	}
}

// days are random days of a shop with what their reports say.
type days struct {
	*shop
	random *rand.Rand
	sold   []*view.Payment
	sum    map[pos.Tender]pos.Sum
}

func (s *shop) open() bool { return s.journal.Views().Till().Shift != nil }

func (d *days) act() {
	switch amount := pos.Minor(100 + d.random.IntN(900)); d.random.IntN(10) {
	case 0, 1:
		d.sold = append(d.sold, d.pay(d.cash(amount)))
	case 2, 3, 4:
		d.devices[0].pt.Next(zvtsim.Card{Do: []zvtsim.Do{zvtsim.Approve, zvtsim.Decline, zvtsim.OfflineApprove}[d.random.IntN(3)], Tip: amount % 3})
		d.sold = append(d.sold, d.pay(d.card(amount)))
	case 5, 6:
		d.back()
	case 7:
		d.turn()
	case 8:
		d.lose(amount)
	case 9:
		d.restart()
	}
}

// back voids or refunds something, if it can still be.
func (d *days) back() {
	if len(d.sold) == 0 {
		return
	}
	p := d.payment(d.sold[d.random.IntN(len(d.sold))].Intent.Payment)
	key := pos.OperationKey(fmt.Sprint(d.random.Uint64()))
	if d.random.IntN(2) == 0 {
		_, _, _ = d.engine.Void(p.Intent.Payment, key, "") // refused where it cannot be
	} else if rest := p.Returnable(); rest > 0 {
		amount := 1 + pos.Minor(d.random.Int64N(int64(rest)))
		tender := []pos.Tender{"", pos.Cash}[d.random.IntN(2)]
		_, _, _ = d.engine.Refund(p.Intent.Payment, engine.RefundRequest{Key: key, Amount: &amount, Tender: tender})
	}
	d.ended(p.Intent.Payment)
}

// turn opens or closes a shift.
func (d *days) turn() {
	if !d.open() {
		d.openShift(0)
		return
	}
	d.count(d.closeShift(0).Report)
}

// lose breaks the wire in a sale, and a shift may end before its outcome is known.
func (d *days) lose(amount pos.Minor) {
	c := d.devices[0]
	c.cutAt([]zvtsim.Moment{zvtsim.Received, zvtsim.Final}[d.random.IntN(2)], "")
	p := d.outcome(d.begin(d.card(amount)).Intent.Payment)
	_ = c.lost()
	if d.random.IntN(2) == 0 {
		d.turn()
	}
	c.plug()
	d.sold = append(d.sold, d.settled(p.Intent.Payment))
}

func (d *days) count(r record.DayReport) {
	for _, sum := range r.Sums {
		if sum.What == record.SumTaken {
			was := d.sum[sum.Tender]
			d.sum[sum.Tender] = pos.Sum{Count: was.Count + sum.Count, Amount: was.Amount + sum.Amount}
		}
	}
}

func (d *days) compare() {
	d.t.Helper()
	book := view.Payments{}
	for _, p := range d.everything() {
		book[p.Intent.Payment] = p
	}
	totals, err := book.Totals()
	if err != nil {
		d.t.Fatal(err)
	}
	for _, tender := range []pos.Tender{pos.Cash, pos.Card} {
		if got, want := d.sum[tender], totals[tender]["EUR"]; got != want {
			d.t.Errorf("%s: the reports say %+v, the journal %+v", tender, got, want)
		}
	}
}
