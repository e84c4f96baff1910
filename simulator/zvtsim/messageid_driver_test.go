package zvtsim_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/tillproof/tillproof/simulator/wire"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// TestMessageIDsOfTheDriver sells with ids at every behaviour of a terminal: no command of the driver is without one, and nothing is taken twice.
func TestMessageIDsOfTheDriver(t *testing.T) {
	for _, stream := range []bool{false, true} {
		for _, do := range []zvtsim.Do{zvtsim.Approve, zvtsim.Decline, zvtsim.SlowPIN, zvtsim.LoseResult, zvtsim.LoseBeforeAck, zvtsim.PINTimeout, zvtsim.Strange,
			zvtsim.Contradict} {
			for _, lines := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s stream=%v lines=%v", do, stream, lines), func(t *testing.T) {
					inLane(t, zvtsim.Options{Stream: stream, MessageIDs: true, PlainLines: lines}, func(l *lane) {
						if r := l.pt.Memory().Registration; r == nil || !r.Counts {
							t.Fatalf("no ids are agreed: %+v", r)
						}
						unnumbered := l.countUnnumbered()
						l.pt.Next(zvtsim.Card{Do: do})
						l.agree(euros(1023))
						if n := unnumbered.Load(); n > 0 {
							t.Errorf("%d commands without an id", n)
						}
					})
				})
			}
		}
	}
}

// countUnnumbered counts the driver's commands without an id, from now to the end of this wire.
func (l *lane) countUnnumbered() *atomic.Int64 {
	var n atomic.Int64
	l.pt.Observe(func(e zvtsim.Event) {
		if e.Moment == zvtsim.Unnumbered {
			n.Add(1)
		}
	})
	return &n
}

// TestMessageIDsOverABadLine damages and cuts it at some bytes.
func TestMessageIDsOverABadLine(t *testing.T) {
	for i, f := range damages(170, 900) {
		t.Run(fmt.Sprintf("%s %d at %d", f.Direction, f.Kind, f.At), func(t *testing.T) {
			inLane(t, zvtsim.Options{MessageIDs: true, ReverseLate: i%2 == 1}, func(l *lane) {
				l.faulty.Add(moved([]wire.Fault{f}, l.faulty.Offset(wire.In), l.faulty.Offset(wire.Out))[0])
				l.agree(euros(500))
			})
		})
	}
}
