package zvtsim_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/wire"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// inLane runs a test in virtual time on a terminal that holds a payment of 5.00 EUR.
func inLane(t *testing.T, o zvtsim.Options, test func(l *lane)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, dir, o)
		defer l.pt.Close()
		l.open()
		if paid, how, _ := l.sell(euros(500)); !paid {
			t.Fatal(how)
		}
		l.plug(wire.Options{})
		l.open()
		test(l)
	})
}

// goingBack lists the transactions that give money back.
func goingBack() []drivers.Transaction {
	return []drivers.Transaction{drivers.VoidOf, drivers.RefundOf}
}

func TestMoneyGoesBackInEveryManner(t *testing.T) {
	for _, what := range goingBack() {
		for _, o := range []zvtsim.Options{{}, {Stream: true}, {KeepUnacknowledged: true}, {ReverseLate: true}, {Stream: true, ReverseLate: true}} {
			for _, do := range []zvtsim.Do{zvtsim.Approve, zvtsim.Decline, zvtsim.CustomerAbort, zvtsim.SlowPIN, zvtsim.LoseResult,
				zvtsim.LoseBeforeAck, zvtsim.HostLost, zvtsim.PINTimeout, zvtsim.Refuse, zvtsim.Strange, zvtsim.Contradict} {
				t.Run(fmt.Sprintf("%s %s stream=%v keep=%v late=%v", what, do, o.Stream, o.KeepUnacknowledged, o.ReverseLate), func(t *testing.T) {
					inLane(t, o, func(l *lane) {
						l.pt.Next(zvtsim.Card{Do: do})
						l.agreeOn(what, euros(500))
					})
				})
			}
		}
	}
}

// TestBytesOfMoneyGoingBack loses the wire at many bytes, and damages it at some.
func TestBytesOfMoneyGoingBack(t *testing.T) {
	in, out := int64(90), int64(860)
	for _, what := range append(goingBack(), drivers.SaleOf) {
		for i, f := range damages(in, out) {
			t.Run(fmt.Sprintf("%s %s %d at %d", what, f.Direction, f.Kind, f.At), func(t *testing.T) {
				inLane(t, zvtsim.Options{ReverseLate: i%2 == 1}, func(l *lane) {
					l.faulty.Add(moved([]wire.Fault{f}, l.faulty.Offset(wire.In), l.faulty.Offset(wire.Out))[0])
					l.agreeOn(what, euros(500))
				})
			})
		}
	}
}

// damages are faults over the bytes of a course: unplugged at every fourth byte to the terminal and every 26th to the till, others more rarely.
// The driver's own conformance run takes every byte of both.
func damages(in, out int64) []wire.Fault {
	var all []wire.Fault
	for at := int64(0); at < in; at += 4 {
		all = append(all, wire.Fault{Kind: wire.Unplug, Direction: wire.In, At: at})
		if at%12 == 0 {
			all = append(all, wire.Fault{Kind: wire.Silence, Direction: wire.In, At: at}, wire.Fault{Kind: wire.Flip, Direction: wire.In, At: at})
		}
	}
	for at := int64(0); at < out; at += 26 {
		all = append(all, wire.Fault{Kind: wire.Unplug, Direction: wire.Out, At: at})
		if at%78 == 0 {
			all = append(all, wire.Fault{Kind: wire.Silence, Direction: wire.Out, At: at}, wire.Fault{Kind: wire.Drop, Direction: wire.Out, At: at})
		}
	}
	return all
}

// TestALateReversalIsNotTakenForAPayment is a terminal that still tells the transaction after the line was cut and takes it back by itself later.
func TestALateReversalIsNotTakenForAPayment(t *testing.T) {
	for _, what := range append(goingBack(), drivers.SaleOf) {
		for _, moment := range []zvtsim.Moment{zvtsim.Delivered, zvtsim.Accepted} {
			t.Run(fmt.Sprintf("%s %s", what, moment), func(t *testing.T) {
				inLane(t, zvtsim.Options{ReverseLate: true}, func(l *lane) {
					near, begun := l.near, time.Now()
					var taken atomic.Int64 // nanoseconds after begun
					l.pt.Observe(func(e zvtsim.Event) {
						if e.Moment == moment && e.Command == "04 0f" {
							_ = near.Close()
						}
						if e.Moment == zvtsim.Reversed {
							taken.Store(int64(time.Since(begun)))
						}
					})
					before := l.held()
					_, err := l.command(what, drivers.Sale{Amount: euros(500), Progress: func(drivers.Progress) {}, Commit: func(drivers.Result) error { return nil }})
					if pos.MoneyOf(err) != pos.MoneyUnknown {
						t.Fatal(err)
					}
					l.unplug()
					l.plug(wire.Options{})
					defer l.unplug()
					p := drivers.Pending{What: what, Of: l.sold, Amount: euros(500), Before: l.last, Quiet: time.Since(begun)}
					first, err := l.driver.Recover(context.Background(), p)
					if err != nil || first.Verdict != drivers.Undecided || first.Again <= 0 || first.Last == l.last || taken.Load() != 0 {
						t.Fatalf("first answer %+v, %v", first, err)
					}
					if r := l.recover(p); r.Verdict != drivers.NotCharged || r.Last != l.last || l.held() != before || time.Duration(taken.Load()) < 30*time.Second {
						t.Errorf("%+v after %v; the terminal holds %d instead of %d", r, time.Duration(taken.Load()), l.held(), before)
					}
				})
			})
		}
	}
}

func TestWhatCannotGoBack(t *testing.T) {
	for _, x := range []struct {
		name  string
		o     zvtsim.Options
		spoil func(l *lane)
		what  drivers.Transaction
		code  string // of a result, or of an error
	}{
		{"voided before", zvtsim.Options{}, func(l *lane) { l.act(drivers.VoidOf, euros(500)); l.again() }, drivers.VoidOf, "b4"},
		{"settled", zvtsim.Options{}, func(l *lane) {
			if _, _, err := l.day(t); err != nil {
				t.Error(err)
			}
			l.again()
		}, drivers.VoidOf, "b5"},
		{"another amount", zvtsim.Options{}, func(l *lane) { l.sold.ReceiptNo = "0777" }, drivers.VoidOf, "b5"},
		{"no receipt number", zvtsim.Options{}, func(l *lane) { l.sold.ReceiptNo = "" }, drivers.VoidOf, "not_supported"},
		{"no refunds", zvtsim.Options{NoRefunds: true}, func(*lane) {}, drivers.RefundOf, "not_supported"},
		{"refund refused", zvtsim.Options{}, func(l *lane) { l.pt.Next(zvtsim.Card{Do: zvtsim.Refuse, Code: 0xC3}) }, drivers.RefundOf, "terminal_refused"},
	} {
		t.Run(x.name, func(t *testing.T) {
			inLane(t, x.o, func(l *lane) {
				sold := l.sold
				x.spoil(l)
				if x.name == "voided before" {
					l.sold = sold
				}
				before := l.held()
				out, err := l.command(x.what, drivers.Sale{Amount: euros(500), Progress: func(drivers.Progress) {}, Commit: func(drivers.Result) error { return nil }})
				l.unplug()
				got := out.Result.Code
				var known *pos.Error
				if errors.As(err, &known) {
					got = string(known.Code)
					if known.Money != pos.NoneMoved || known.Next == "" {
						t.Errorf("%+v", known)
					}
				}
				if got != x.code || err == nil && (out.Result.Decision != drivers.Declined || out.Result.Text == "") || l.held() != before {
					t.Errorf("%+v, %v; want %s", out.Result, err, x.code)
				}
			})
		})
	}
}

// again gives the till a new wire.
func (l *lane) again() { l.plug(wire.Options{}); l.open() }

// day closes the day and unplugs.
func (l *lane) day(t *testing.T) (told drivers.Totals, stored []drivers.Totals, err error) {
	t.Helper()
	told, err = l.driver.Settle(context.Background(), func(drivers.Progress) {}, func(d drivers.Totals) error { stored = append(stored, d); return nil })
	l.unplug()
	return told, stored, err
}
