package engine_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/journal"
)

// step is one thing that happens in a shop.
type step struct {
	what  string
	order int
	card  zvtsim.Do
	at    int // of moments
	wait  time.Duration
}

func drawStep(t *rapid.T) step {
	return step{
		what:  rapid.SampledFrom([]string{"card", "card", "card", "next attempt", "cash", "cancel", "unplug", "break", "restart", "wait"}).Draw(t, "what"),
		order: rapid.IntRange(0, 2).Draw(t, "order"),
		card: rapid.SampledFrom([]zvtsim.Do{zvtsim.Approve, zvtsim.Approve, zvtsim.Decline, zvtsim.CustomerAbort, zvtsim.LoseResult, zvtsim.LoseBeforeAck,
			zvtsim.OfflineApprove, zvtsim.Contradict}).Draw(t, "card"),
		at:   rapid.IntRange(0, len(moments())-1).Draw(t, "at"),
		wait: time.Duration(rapid.SampledFrom([]int{0, 0, 1, 200, 400, 2000, 60_000}).Draw(t, "wait")) * time.Millisecond,
	}
}

// TestTheTerminalAndTheJournalAgree plays random days and then lets everything settle: the card payments that the journal calls taken are the money in
// the terminal's memory, and no order was charged twice except by somebody who gave the first charge up.
func TestTheTerminalAndTheJournalAgree(t *testing.T) {
	if flag.Lookup("rapid.checks").Value.String() == "100" {
		_ = flag.Set("rapid.checks", "40")
	}
	rapid.Check(t, func(r *rapid.T) {
		keep := rapid.Bool().Draw(r, "keep")
		steps := rapid.SliceOfN(rapid.Custom(drawStep), 1, 14).Draw(r, "steps")
		if err := playDay(t, keep, steps); err != nil {
			r.Fatal(err)
		}
	})
}

func playDay(t *testing.T, keep bool, steps []step) (err error) {
	dir, err := os.MkdirTemp(t.TempDir(), "day")
	if err != nil {
		return err
	}
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, dir, zvtsim.Options{KeepUnacknowledged: keep})
		defer s.close()
		d := &day{shop: s, c: s.devices[0], attempts: map[int]pos.Attempt{}}
		s.pay(s.card(7)) // a base line
		for _, st := range steps {
			d.play(st)
		}
		err = d.settle()
	})
	return err
}

// day is a shop while steps are played on it.
type day struct {
	*shop
	c        *counter
	attempts map[int]pos.Attempt // the attempt that is asked for now
	ids      []pos.PaymentID
}

func (d *day) play(st step) {
	switch st.what {
	case "next attempt":
		d.attempts[st.order]++
		d.c.pt.Next(zvtsim.Card{Do: st.card})
		d.try(st, pos.Card)
	case "card":
		d.c.pt.Next(zvtsim.Card{Do: st.card})
		d.try(st, pos.Card)
	case "cash":
		d.attempts[st.order]++
		d.try(st, pos.Cash)
	case "cancel":
		if n := len(d.ids); n > 0 {
			_, _ = d.engine.Cancel(d.ids[n-1]) // refused when it has ended
		}
	case "unplug":
		_ = d.c.unplug()
		d.c.connect()
	case "break":
		m := moments()[st.at]
		d.c.cutAt(m.moment, m.command)
	case "restart":
		d.crash()
		d.start()
		d.c.connect()
	}
	<-time.After(st.wait)
	d.mend()
}

// try asks for a payment of an order over 100 and its number; most refusals are what the shop is for.
func (d *day) try(st step, tender pos.Tender) {
	p, created, err := d.engine.Pay(engine.Request{Order: pos.OrderRef(fmt.Sprintf("order-%d", st.order)), Attempt: d.attempts[st.order] + 1,
		Amount: euros(pos.Minor(100 + st.order)), Tender: tender})
	if err == nil && created {
		d.ids = append(d.ids, p.Intent.Payment)
	}
}

// mend opens a wire that has broken.
func (d *day) mend() {
	select {
	case <-d.c.ended:
		d.c.connect()
	default:
	}
}

// settle waits until nothing is open and compares. Whether a payment was charged is asked of the terminal itself.
func (d *day) settle() error {
	d.c.pt.Observe(nil)
	for range 3600 {
		<-time.After(time.Second)
		d.mend()
		if open, err := d.journal.Views().Open(); err != nil || len(open) == 0 {
			return errors.Join(err, d.compare())
		}
	}
	return errors.New("an hour later there is still an open payment")
}

func (d *day) compare() error {
	believed, charged := pos.Minor(7), map[pos.OrderRef]int{}
	for _, id := range d.ids {
		p, err := d.engine.Payment(id)
		if err != nil {
			return err
		}
		if p.Intent.Tender == pos.Card {
			believed += p.Taken().Amount
		}
		if p.Status.Taken() && !p.Unwanted {
			charged[p.Intent.Order]++
		}
	}
	if held := d.c.held(); held != believed {
		return fmt.Errorf("the terminal holds %d, the journal believes in %d", held, believed)
	}
	for order, n := range charged {
		if n > 1 {
			return fmt.Errorf("order %s was charged %d times", order, n)
		}
	}
	if d.journal.Disk() != journal.DiskOK {
		return errors.New("the disk ran full")
	}
	return nil
}
