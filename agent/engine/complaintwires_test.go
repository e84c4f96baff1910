package engine_test

import (
	"net"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/wire"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// sliced passes every byte on its own, as slow serial adapters and TCP do.
type sliced struct {
	net.Conn
	wire *wire.Faulty
}

func (s sliced) Read(b []byte) (int, error)  { return s.wire.Read(b) }
func (s sliced) Write(b []byte) (int, error) { return s.wire.Write(b) }

// Every answer of the terminal comes byte by byte, over both transports, and then nobody sells for a night. The first sale of the morning is like the
// last one of the evening.
func TestComplaint10ASplitReplyIsAFailureAndAnIdleNightKillsTheTerminal(t *testing.T) {
	for _, stream := range []bool{false, true} {
		inShop(t, func(s *shop) {
			c := s.devices[0]
			c.unplug()
			c.thin = func(far net.Conn) net.Conn { return sliced{far, wire.New(far, wire.Options{Split: 1})} }
			c.plug()
			for range 3 {
				s.status(s.pay(s.card(1250)), pos.Approved)
			}
			for range 2 {
				<-time.After(11 * time.Hour)
				if d := s.device("left"); d.State != engine.Ready {
					t.Errorf("in the morning the terminal is %+v", d)
				}
				s.status(s.pay(s.card(990)), pos.Approved)
			}
		}, zvtsim.Options{Stream: stream})
	}
}

// A sale that ends badly leaves no mark on the device: after every kind of failure, ten times over, it is ready and sells.
func TestComplaint11OneExceptionLeavesTheDeviceBusyForGood(t *testing.T) {
	inShop(t, func(s *shop) {
		c := s.devices[0]
		for round := range 10 {
			for _, m := range moments()[:4] {
				c.cutAt(m.moment, m.command)
				p := s.outcome(s.begin(s.card(1250)).Intent.Payment)
				_ = c.lost()
				c.pt.Observe(nil)
				c.plug()
				s.until("the device is ready after its wire broke", func() bool {
					return s.device("left").State == engine.Ready && !s.payment(p.Intent.Payment).Status.Open()
				})
			}
			for _, card := range []zvtsim.Card{{Do: zvtsim.Refuse}, {Do: zvtsim.Strange}, {Do: zvtsim.Contradict}, {Do: zvtsim.Decline}} {
				c.pt.Next(card)
				p := s.outcome(s.begin(s.card(700)).Intent.Payment)
				s.until("the device is ready after an odd answer", func() bool {
					return s.device("left").State == engine.Ready && !s.payment(p.Intent.Payment).Status.Open()
				})
			}
			if p := s.pay(s.card(100)); p.Status != pos.Approved {
				t.Fatalf("round %d: %s", round, p.Status)
			}
		}
		if list, err := s.engine.Unknown(); err != nil || len(list) != 0 {
			t.Errorf("%v, %v", list, err)
		}
	}, zvtsim.Options{})
}
