package engine_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wire"
)

// phoneStep is one thing that happens in a shop whose customers pay by phone.
type phoneStep struct {
	what    string
	order   int
	fate    pos.Status // what the customer does
	patient time.Duration
	wait    time.Duration
}

func drawPhoneStep(t *rapid.T) phoneStep {
	seconds := func(name string) time.Duration {
		return time.Duration(rapid.SampledFrom([]int{0, 1, 3, 10, 40, 100}).Draw(t, name)) * time.Second
	}
	return phoneStep{
		what:    rapid.SampledFrom([]string{"code", "code", "scan", "issued", "local", "cash", "cancel", "away", "deaf", "dumb", "dumb", "mend", "mend", "restart"}).Draw(t, "what"),
		order:   rapid.IntRange(0, 2).Draw(t, "order"),
		fate:    rapid.SampledFrom([]pos.Status{pos.Approved, pos.Approved, pos.Declined, pos.Expired, pos.RefundDue}).Draw(t, "fate"),
		patient: seconds("patient"),
		wait:    seconds("wait"),
	}
}

// TestThePlatformAndTheJournalAgree plays random days of customers with phones, with a line that is cut, deaf or dumb and a till that is restarted.
// When the line is back and all is settled, what the journal calls taken is what the platform collected, the platform was asked for each payment's
// money once at most, and no order was charged twice except where the cashier gave the first charge up and got it back.
func TestThePlatformAndTheJournalAgree(t *testing.T) {
	if flag.Lookup("rapid.checks").Value.String() == "100" {
		_ = flag.Set("rapid.checks", "150")
	}
	rapid.Check(t, func(r *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(drawPhoneStep), 1, 16).Draw(r, "steps")
		dir, err := os.MkdirTemp(t.TempDir(), "day")
		if err != nil {
			r.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			s := &shop{t: t, dir: dir, centre: newCentre(t)}
			s.start()
			defer s.close()
			d := &phoneDay{shop: s, attempts: map[int]pos.Attempt{}}
			s.centre.authorise = d.customer
			for _, st := range steps {
				d.play(st)
				<-time.After(st.wait)
			}
			err = d.settleAll()
		})
		if err != nil {
			r.Fatal(err)
		}
	})
}

// phoneDay is a shop while steps are played on it.
type phoneDay struct {
	*shop
	attempts map[int]pos.Attempt
	ids      []pos.PaymentID
	now      atomic.Pointer[phoneStep] // what the next customer does
}

// customer acts as the step says that made the payment.
func (d *phoneDay) customer(c *centre, call wire.Call) {
	if call.Op == wire.OpIssueQR {
		c.mu.Lock()
		c.settle(call.Payment, wire.Outcome{Status: pos.Pending, QR: "weixin://x", Scheme: "wechat", ExpiresAt: time.Now().Add(time.Minute).UnixMilli()})
		c.mu.Unlock()
	}
	d.end(call.Payment, *d.now.Load(), intentAmount(d.t, call.Intent))
}

// end lets the customer of a payment act in time, unless it is closed by then.
func (d *phoneDay) end(id pos.PaymentID, st phoneStep, amount pos.Minor) {
	c := d.centre
	<-time.After(st.patient)
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.payments[id]; known != nil && known.Status != pos.Pending {
		return
	}
	switch st.fate {
	case pos.Approved:
		c.settle(id, wire.Outcome{Status: pos.Approved, Amount: amount, Currency: "EUR", Transaction: "T"})
	case pos.RefundDue:
		for _, status := range []pos.Status{pos.Expired, pos.RefundDue, pos.Refunded} {
			c.settle(id, wire.Outcome{Status: status, Amount: amount, Currency: "EUR"})
		}
	default:
		c.settle(id, wire.Outcome{Status: st.fate})
	}
}

func (d *phoneDay) play(st phoneStep) {
	d.now.Store(&st)
	switch st.what {
	case "code", "scan", "issued", "local", "cash":
		d.sell(st)
	case "cancel":
		if n := len(d.ids); n > 0 {
			_, _ = d.engine.Cancel(d.ids[n-1]) // refused when it has ended
		}
	case "away", "deaf", "dumb", "mend":
		d.centre.set(func() {
			d.centre.away, d.centre.deaf, d.centre.dumb = st.what == "away", st.what == "deaf", st.what == "dumb"
		})
	case "restart":
		d.restart()
	}
}

func (d *phoneDay) sell(st phoneStep) {
	r := engine.Request{Order: pos.OrderRef(fmt.Sprintf("order-%d", st.order)), Attempt: d.attempts[st.order] + 1, Amount: euros(pos.Minor(100 + st.order))}
	aCode := fmt.Sprintf("1345%014d", rand.Int64N(1e14))
	switch st.what {
	case "code":
		r.Tender, r.Code = pos.Code, aCode
	case "scan":
		r.Tender = pos.Code
	case "issued":
		r.Tender, r.Scheme = pos.QR, "wechat"
	case "local":
		r.Tender, r.Scheme = pos.QR, "epc"
	case "cash":
		r.Tender = pos.Cash
	}
	p, created, err := d.engine.Pay(r)
	if err != nil || !created {
		return // most refusals are what the shop is for
	}
	d.attempts[st.order]++
	d.ids = append(d.ids, p.Intent.Payment)
	switch st.what {
	case "scan":
		<-time.After(time.Second)
		d.engine.Scanned("scanner", aCode, "qr")
	case "local":
		go func() {
			<-time.After(time.Second)
			d.end(p.Intent.Payment, st, p.Intent.Amount)
		}()
	}
}

// settleAll mends the line, lets the journal's records reach the platform, and waits until nothing is open.
func (d *phoneDay) settleAll() error {
	d.centre.set(func() { d.centre.away, d.centre.deaf, d.centre.dumb = false, false, false })
	<-time.After(3 * time.Minute) // every customer has acted
	for range 600 {
		<-time.After(time.Second)
		if done, err := d.deliverRecords(); err != nil || done {
			return err
		}
	}
	return errors.New("ten minutes later a payment is still open")
}

// deliverRecords tells the platform what it learns from the journal, and compares when all is settled.
func (d *phoneDay) deliverRecords() (done bool, err error) {
	done = true
	for _, id := range d.ids {
		p, err := d.engine.Payment(id)
		if err != nil {
			return false, err
		}
		if p.Intent.Tender == pos.Code && p.Presented == nil && p.Status == pos.Pending {
			if _, err := d.engine.Cancel(id); err != nil {
				return false, err
			}
		}
		d.centre.mu.Lock()
		known := d.centre.payments[id]
		if p.Unwanted && (known == nil || known.Status == pos.Pending || known.Status == pos.Approved) {
			d.centre.take(&wire.Call{Op: wire.OpCancel, Payment: id, Unwanted: true})
		} else if p.Intent.Source == record.FromTill && known == nil {
			d.centre.settle(id, wire.Outcome{Status: pos.Expired})
		}
		d.centre.mu.Unlock()
		done = done && !p.Status.Open() && p.Status != pos.RefundDue && (!p.Unwanted || !p.Status.Taken())
	}
	if !done {
		return false, nil
	}
	return true, d.compareAll()
}

func (d *phoneDay) compareAll() error {
	charged := map[pos.OrderRef]int{}
	for _, id := range d.ids {
		p, err := d.engine.Payment(id)
		if err != nil {
			return err
		}
		if p.Status.Taken() {
			charged[p.Intent.Order]++
		}
		if p.Intent.Tender == pos.Cash {
			continue
		}
		d.centre.mu.Lock()
		known := d.centre.payments[id]
		d.centre.mu.Unlock()
		if has := known != nil && known.Status == pos.Approved; has != p.Status.Taken() {
			return fmt.Errorf("payment of %s is %s here and %+v at the platform", p.Intent.Order, p.Status, known)
		}
		for _, op := range []wire.Op{wire.OpAuthorise, wire.OpIssueQR} {
			if n := d.centre.count(op, id); n > 1 {
				return fmt.Errorf("%s was asked %d times for one payment", op, n)
			}
		}
	}
	for order, n := range charged {
		if n > 1 {
			return fmt.Errorf("%s was charged %d times", order, n)
		}
	}
	return nil
}
