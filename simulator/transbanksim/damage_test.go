package transbanksim_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/transbanksim"
	"github.com/tillproof/tillproof/simulator/wire"
)

// damages are scripts of what a line does to its bytes: each byte of a course hit once in some way, and random ones.
func damages() map[string]wire.Options {
	all := map[string]wire.Options{"split": {Split: 1}, "glued": {Glue: 20 * time.Millisecond}}
	for _, way := range []wire.Direction{wire.In, wire.Out} {
		for at := range int64(150) {
			f := wire.Fault{Kind: []wire.Kind{wire.Drop, wire.Flip, wire.Repeat, wire.Junk}[at%4], Direction: way, At: at, Mask: 1 << (at % 7)}
			f.Bytes = []byte{0x02, '0', 0x03, 0x06, 0x15, 0xFF}[at%6 : at%6+1]
			all[fmt.Sprintf("%s %d at %d", way, f.Kind, at)] = wire.Options{Faults: []wire.Fault{f}}
		}
	}
	for seed := range uint64(80) {
		all[fmt.Sprintf("seed %d", seed)] = wire.Options{Faults: append(wire.Random(seed, wire.In, 60, 3), wire.Random(seed, wire.Out, 250, 3)...)}
	}
	return all
}

// TestDriverAndTerminalAgree sells and voids over a damaged line, and compares what the till believes with what the terminal holds.
func TestDriverAndTerminalAgree(t *testing.T) {
	for name, o := range damages() {
		for _, what := range []drivers.Transaction{drivers.SaleOf, drivers.VoidOf} {
			t.Run(fmt.Sprintf("%s %s", what, name), func(t *testing.T) {
				inLane(t, transbanksim.Options{}, map[string]string{"void_proof": "detail"}, func(l *lane) {
					l.sells(100)
					sold := l.sells(4990)
					before := l.held()
					l.damage(o)
					moved, how := l.act(what, sold)
					got := l.held() - before
					if what == drivers.VoidOf {
						got = -got
					}
					if moved != (got == 4990) || !moved && got != 0 {
						t.Errorf("the terminal moved %d, the till believes %v by %s", got, moved, how)
					}
					if l.commands > 3 {
						t.Errorf("%d money commands", l.commands)
					}
				})
			})
		}
	}
}

// damage makes the line do something to the bytes to come.
func (l *lane) damage(o wire.Options) {
	l.unplug()
	l.worn = &o
	l.plug()
	l.worn = nil
}

// act makes a command and asks for its outcome on a good line where it is not known.
func (l *lane) act(what drivers.Transaction, sold drivers.Result) (moved bool, how string) {
	l.t.Helper()
	of := drivers.Last{Trace: sold.Trace, ReceiptNo: sold.ReceiptNo}
	var out drivers.Outcome
	var err error
	if what == drivers.VoidOf {
		out, err = l.void(4990, sold)
	} else {
		out, err = l.sell(4990)
	}
	switch {
	case err == nil:
		return out.Result.Decision == drivers.Approved, string(out.Result.Decision)
	case pos.MoneyOf(err) == pos.NoneMoved:
		return false, err.Error()
	}
	l.unplug()
	l.plug()
	l.open()
	r, err := l.driver.Recover(context.Background(), drivers.Pending{What: what, Of: of, Ref: l.ref(), Amount: pesos(4990), Before: of, Stored: l.stored})
	if err != nil || r.Verdict == drivers.Undecided {
		l.t.Errorf("%+v, %v", r, err)
	}
	return r.Verdict == drivers.Charged, r.Text
}
