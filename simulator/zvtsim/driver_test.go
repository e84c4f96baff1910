package zvtsim_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/zvt"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/wire"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// lane is a till's driver at a simulated terminal, in virtual time.
type lane struct {
	t      *testing.T
	pt     *zvtsim.Terminal
	stream bool
	faulty *wire.Faulty
	near   *drivertest.End
	served chan error
	driver drivers.CardTerminal
	last   drivers.Last
	sold   drivers.Last      // the sale that a void takes back, or the reservation that is ended
	set    map[string]string // options of the driver
}

func newLane(t *testing.T, dir string, o zvtsim.Options) *lane {
	t.Helper()
	o.Path = filepath.Join(dir, "terminal.json")
	pt, err := zvtsim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	l := &lane{t: t, pt: pt, stream: o.Stream}
	l.plug(wire.Options{})
	return l
}

// warmUp makes a first sale and then a new wire: a terminal that never sold anything gives a recovery nothing to compare with.
func (l *lane) warmUp(o wire.Options) {
	l.t.Helper()
	l.open()
	if paid, how, _ := l.sell(euros(1)); !paid {
		l.t.Fatal(how)
	}
	l.plug(o)
}

// plug gives driver and terminal a new wire.
func (l *lane) plug(o wire.Options) {
	l.t.Helper()
	near, far := drivertest.Wire() // buffers as a line does, so that both sides can write at once
	l.near, l.faulty, l.served = near, wire.New(far, o), make(chan error, 1)
	go func() { l.served <- l.pt.Serve(context.Background(), l.faulty) }()
	l.driver = l.attach(near)
}

func (l *lane) attach(conn drivers.Conn) drivers.CardTerminal {
	l.t.Helper()
	d, err := zvt.Driver().NewCardTerminal(conn, drivers.Settings{Currency: "EUR", Stream: l.stream, Options: l.set})
	if err != nil {
		l.t.Fatal(err)
	}
	return d
}

func (l *lane) unplug() {
	_ = l.near.Close()
	<-l.served
}

func (l *lane) open() {
	l.t.Helper()
	last, err := l.driver.Open(context.Background())
	if err != nil {
		l.t.Fatal(err)
	}
	l.last = last
}

func euros(minor pos.Minor) pos.Money { return pos.Money{Amount: minor, Currency: "EUR"} }

// sell runs a sale as act does.
func (l *lane) sell(amount pos.Money) (paid bool, how string, undecided bool) {
	l.t.Helper()
	return l.act(drivers.SaleOf, amount)
}

// command sends the command of a transaction.
func (l *lane) command(what drivers.Transaction, sale drivers.Sale) (drivers.Outcome, error) {
	switch what {
	case drivers.VoidOf:
		return l.driver.Void(context.Background(), sale, l.sold)
	case drivers.RefundOf:
		return l.driver.Refund(context.Background(), sale)
	case drivers.ReservationOf:
		return l.driver.(drivers.Reserver).Reserve(context.Background(), sale)
	case drivers.BookingOf:
		return l.driver.(drivers.Reserver).Book(context.Background(), sale, l.sold)
	case drivers.ReleaseOf:
		return l.driver.(drivers.Reserver).Release(context.Background(), sale, l.sold)
	}
	return l.driver.Sale(context.Background(), sale)
}

// act runs a transaction and, where its outcome is unknown, the recovery on a new wire. It returns whether the till believes that the
// money moved, how it came to know, and whether nothing could be proven.
func (l *lane) act(what drivers.Transaction, amount pos.Money) (moved bool, how string, undecided bool) {
	l.t.Helper()
	var stored *drivers.Result
	outcome, err := l.command(what, drivers.Sale{Amount: amount, Progress: func(drivers.Progress) {},
		Commit: func(r drivers.Result) error { stored = &r; return nil }})
	l.unplug()
	if err == nil {
		l.sold = drivers.Last{Trace: outcome.Result.Trace, ReceiptNo: outcome.Result.ReceiptNo}
		if what == drivers.ReservationOf {
			l.sold.Held = outcome.Result.Amount.Amount
		}
		return outcome.Result.Decision.Status().Taken(), "outcome " + string(outcome.Result.Decision), false
	}
	if pos.MoneyOf(err) == pos.NoneMoved {
		return false, "outcome " + err.Error(), false
	}
	l.plug(wire.Options{})
	defer l.unplug()
	r := l.recover(drivers.Pending{What: what, Of: l.sold, Amount: amount, Before: l.last, Stored: stored})
	return r.Verdict == drivers.Charged, fmt.Sprintf("recovery %s: %s (after %v)", r.Verdict, r.Text, err), r.Verdict == drivers.Undecided
}

// recover asks as long as the terminal may change its mind.
func (l *lane) recover(p drivers.Pending) drivers.Recovery {
	l.t.Helper()
	for {
		r, err := l.driver.Recover(context.Background(), p)
		if err != nil {
			l.t.Errorf("Recover: %v", err)
		}
		if r.Again == 0 {
			return r
		}
		time.Sleep(r.Again)
	}
}

// held is what the terminal itself counts.
func (l *lane) held() pos.Minor { return l.pt.Memory().Totals()[pos.Card]["EUR"].Amount }

// TestDriverAndTerminalAgree damages a sale in every way and place, and compares what the till believes with what the terminal
// holds.
func TestDriverAndTerminalAgree(t *testing.T) {
	type script struct {
		name   string
		faults func(in, out int64) []wire.Fault
		o      wire.Options
	}
	scripts := []script{{name: "well", faults: func(_, _ int64) []wire.Fault { return nil }},
		{name: "split", o: wire.Options{Split: 1}}, {name: "glue", o: wire.Options{Glue: 20 * time.Millisecond}}}
	limit, step := map[wire.Direction]int64{wire.In: 150, wire.Out: 850}, map[wire.Direction]int64{wire.In: 7, wire.Out: 23}
	for _, d := range []wire.Direction{wire.In, wire.Out} {
		for _, k := range []wire.Kind{wire.Silence, wire.Unplug, wire.Drop, wire.Flip} {
			for at := int64(0); at < limit[d]; at += step[d] {
				f := wire.Fault{Kind: k, Direction: d, At: at, Mask: 1 << (at % 8)}
				if k == wire.Silence && at%2 == 0 {
					f.Wait = 4 * time.Second
				}
				scripts = append(scripts, script{name: fmt.Sprintf("%s %d at %d", d, k, at),
					faults: func(in, out int64) []wire.Fault { return moved([]wire.Fault{f}, in, out) }})
			}
		}
	}
	for seed := range uint64(60) {
		scripts = append(scripts, script{name: fmt.Sprintf("seed %d", seed), faults: func(in, out int64) []wire.Fault {
			return moved(append(wire.Random(seed, wire.In, 140, 2), wire.Random(seed, wire.Out, 900, 2)...), in, out)
		}})
	}
	for _, s := range scripts {
		t.Run(s.name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				l := newLane(t, dir, zvtsim.Options{})
				defer l.pt.Close()
				l.warmUp(s.o)
				l.open()
				if s.faults != nil {
					for _, f := range s.faults(l.faulty.Offset(wire.In), l.faulty.Offset(wire.Out)) {
						l.faulty.Add(f)
					}
				}
				l.agree(euros(1023))
			})
		})
	}
}

// agree sells and compares.
func (l *lane) agree(amount pos.Money) { l.t.Helper(); l.agreeOn(drivers.SaleOf, amount) }

// agreeOn runs a transaction and compares what the till believes with what the terminal holds.
func (l *lane) agreeOn(what drivers.Transaction, amount pos.Money) {
	l.t.Helper()
	before := l.held()
	moved, how, undecided := l.act(what, amount)
	got := l.held() - before
	if what != drivers.SaleOf {
		got = -got
	}
	if undecided || moved != (got == amount.Amount) || !moved && got != 0 {
		l.t.Errorf("the terminal moved %d, the till believes %s=%v by %s", got, what, moved, how)
	}
}

// moved puts faults behind the bytes that have passed.
func moved(faults []wire.Fault, in, out int64) []wire.Fault {
	for i := range faults {
		if faults[i].Direction == wire.In {
			faults[i].At += in
		} else {
			faults[i].At += out
		}
	}
	return faults
}

func TestDriverMeetsEveryCard(t *testing.T) {
	for _, stream := range []bool{false, true} {
		for _, keep := range []bool{false, true} {
			for _, do := range []zvtsim.Do{zvtsim.Approve, zvtsim.Decline, zvtsim.CustomerAbort, zvtsim.SlowPIN, zvtsim.LoseResult,
				zvtsim.LoseBeforeAck, zvtsim.OfflineApprove, zvtsim.HostLost, zvtsim.PINTimeout, zvtsim.Refuse, zvtsim.Strange,
				zvtsim.Contradict} {
				t.Run(fmt.Sprintf("%s stream=%v keep=%v", do, stream, keep), func(t *testing.T) {
					dir := t.TempDir()
					synctest.Test(t, func(t *testing.T) {
						l := newLane(t, dir, zvtsim.Options{Stream: stream, KeepUnacknowledged: keep})
						defer l.pt.Close()
						l.warmUp(wire.Options{})
						l.open()
						l.pt.Next(zvtsim.Card{Do: do, Contactless: keep})
						l.agree(euros(1003))
					})
				})
			}
		}
	}
}

func TestEveryAmountIsFramed(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, dir, zvtsim.Options{})
		defer l.pt.Close()
		l.open()
		for _, minor := range []pos.Minor{1, 10, 1010, 101010101010, 3, 6, 15, 1003, 1606, 999_999_999_999} {
			l.agree(euros(minor))
			l.plug(wire.Options{})
			l.open()
		}
		l.unplug()
	})
}

func TestTillStopsAtANamedMoment(t *testing.T) {
	for _, x := range []struct {
		moment  zvtsim.Moment
		command string
		held    pos.Minor
	}{
		{zvtsim.ByteReceived, "06 01", 0}, {zvtsim.Received, "06 01", 0}, {zvtsim.Stored, "", 0}, {zvtsim.Sending, "04 0f", 0},
		{zvtsim.Delivered, "04 0f", 0}, {zvtsim.Accepted, "04 0f", 0}, {zvtsim.Sending, "06 d3", 0}, {zvtsim.Final, "", 500},
		{zvtsim.Sending, "06 0f", 500},
	} {
		t.Run(string(x.moment)+" "+x.command, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				l := newLane(t, dir, zvtsim.Options{})
				defer l.pt.Close()
				l.warmUp(wire.Options{})
				l.open()
				near := l.near
				l.pt.Observe(func(e zvtsim.Event) {
					if e.Moment == x.moment && e.Command == x.command && near != nil {
						_ = near.Close() // the till is gone at this very moment
						near = nil
					}
				})
				l.agree(euros(500))
				if near != nil || l.held() != x.held+1 {
					t.Errorf("the terminal holds %d, want %d", l.held(), x.held+1)
				}
			})
		})
	}
}

// TestTillDiesAndTheLineStays is a till that is killed between the result and its answer while the cable stays plugged in
// (S16). The next till finds the terminal busy until it has taken the money back.
func TestTillDiesAndTheLineStays(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, dir, zvtsim.Options{})
		defer l.pt.Close()
		l.warmUp(wire.Options{})
		l.open()
		func() {
			defer func() { _ = recover() }()
			_, _ = l.driver.Sale(context.Background(), drivers.Sale{Amount: euros(500), Progress: func(drivers.Progress) {},
				Commit: func(drivers.Result) error { panic("killed") }})
		}()
		start := time.Now()
		_ = l.near.SetReadDeadline(time.Time{})
		l.driver = l.attach(l.near)
		r, err := l.driver.Recover(context.Background(), drivers.Pending{Amount: euros(500), Before: l.last})
		if err != nil || r.Verdict != drivers.NotCharged || l.held() != 1 {
			t.Errorf("Recover: %+v, %v; the terminal holds %d", r, err, l.held())
		}
		if time.Since(start) < 25*time.Second {
			t.Errorf("the terminal took the money back after %s", time.Since(start))
		}
		l.unplug()
	})
}
