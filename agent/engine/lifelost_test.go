package engine_test

import (
	"fmt"
	"net"
	"sync/atomic"
	"testing"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/view"
)

// lostMoments are the places of a void or refund at which a wire can break.
func lostMoments(command string) []struct {
	moment  zvtsim.Moment
	command string
} {
	return []struct {
		moment  zvtsim.Moment
		command string
	}{
		{zvtsim.Received, command}, {zvtsim.Sending, "80 00"}, {zvtsim.Stored, ""}, {zvtsim.Sending, "04 0f"}, {zvtsim.Delivered, "04 0f"},
		{zvtsim.Accepted, "04 0f"}, {zvtsim.Delivered, "06 d3"}, {zvtsim.Final, ""}, {zvtsim.Sending, "06 0f"},
	}
}

// found waits until an operation has an outcome, or the terminal has said that it cannot tell; then a supervisor looks into the terminal.
func (c *counter) found(p *view.Payment, key pos.OperationKey, before pos.Minor) *view.Payment {
	c.t.Helper()
	id := p.Intent.Payment
	c.until("the operation is decided", func() bool {
		select {
		case <-c.ended:
			c.connect()
		default:
		}
		p := c.payment(id)
		return !p.Unfinished() || p.Operation(key).State == pos.OperationUnknown && c.engine.Doubt(id).Stuck
	})
	if c.payment(id).Unfinished() {
		state := pos.OperationRefused
		if c.held() != before {
			state = pos.OperationDone
		}
		c.resolved(id, engine.Resolve{Operation: key, Status: string(state), Evidence: "terminal_journal", Text: "as its list says"})
	}
	return c.payment(id)
}

// agree checks that the terminal and the journal say the same of one payment, and that the next customer can pay.
func (c *counter) agree(p *view.Payment, before pos.Minor) {
	c.t.Helper()
	gone := before - c.held()
	switch {
	case p.Unfinished():
		c.t.Errorf("%+v", p.Operations)
	case p.Taken().Amount != p.Decision.Amount-gone && p.Status.Taken(), !p.Status.Taken() && gone != p.Decision.Amount:
		c.t.Errorf("the terminal gave %d back, the payment is %s with %v (%+v)", gone, p.Status, p.Taken(), p.Operations)
	}
	c.status(c.pay(c.card(300)), pos.Approved)
}

func TestALostResultOfAVoidOrRefundIsAskedFor(t *testing.T) {
	for _, d := range deeds() {
		for _, m := range lostMoments(d.command) {
			for _, kill := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %s %s, kill %v", d.name, m.moment, m.command, kill), func(t *testing.T) {
					inShop(t, func(s *shop) { s.loseAndFind(d, m.moment, m.command, kill) }, zvtsim.Options{})
				})
			}
		}
	}
}

// loseAndFind breaks the wire, or kills the till, at a moment of an operation, and looks at what becomes of it.
func (s *shop) loseAndFind(d deed, moment zvtsim.Moment, command string, kill bool) {
	c := s.devices[0]
	s.pay(s.card(100))
	p := s.pay(s.card(1250))
	before := c.held()
	cut := make(chan struct{})
	c.at(moment, command, func() {
		if kill {
			_ = s.journal.Close() // power is lost at the till: nothing more is written
		}
		_ = c.wire.Close()
		close(cut)
	})
	s.started(d, p, "back")
	<-cut
	if kill {
		s.restart()
	} else {
		_ = c.lost()
		p = s.ended(p.Intent.Payment)
		s.state(p, "back", pos.OperationUnknown)
		s.blockedBy(p)
		c.plug()
	}
	p = c.found(p, "back", before)
	c.agree(p, before)
	s.sameAnswer(d, p, "back")
}

// blockedBy checks that an unknown operation blocks its device and nothing else (law 3).
func (s *shop) blockedBy(p *view.Payment) {
	s.t.Helper()
	s.refuses(s.card(500), "device_unresolved")
	s.status(s.pay(s.cash(500)), pos.Approved)
	if list, err := s.engine.Unknown(); err != nil || len(list) != 1 || list[0] != p.Intent.Payment {
		s.t.Errorf("unknown %v, %v", list, err)
	}
	s.denied("a second refund while the first is unknown", "not_refundable", func() (*view.Payment, bool, error) {
		return s.engine.Refund(p.Intent.Payment, engine.RefundRequest{Key: "second"})
	})
	s.denied("cash while the first is unknown", "not_refundable", func() (*view.Payment, bool, error) {
		return s.engine.Refund(p.Intent.Payment, engine.RefundRequest{Key: "third", Tender: pos.Cash})
	})
}

// thin is a wire that breaks after a number of bytes that the terminal sends, or that it receives.
type thin struct {
	net.Conn
	sent, heard *atomic.Int64 // how many more may pass; the wire breaks when one falls below 0
}

func (w thin) Write(b []byte) (int, error) { return w.pass(b, w.sent, w.Conn.Write) }

func (w thin) Read(b []byte) (int, error) {
	if len(b) > 1 {
		b = b[:1]
	}
	return w.pass(b, w.heard, w.Conn.Read)
}

func (w thin) pass(b []byte, left *atomic.Int64, through func([]byte) (int, error)) (n int, err error) {
	for i := range b {
		if left.Add(-1) < 0 {
			_ = w.Close()
			return n, net.ErrClosed
		}
		m, err := through(b[i : i+1])
		if n += m; err != nil {
			return n, err
		}
	}
	return n, nil
}

const plenty = 1 << 40

// TestAVoidOrRefundCutAtEveryByte breaks the wire behind every byte of an operation, in both directions.
func TestAVoidOrRefundCutAtEveryByte(t *testing.T) {
	step := int64(17)
	if testing.Short() || raceDetector {
		step = 61
	}
	for _, d := range deeds() {
		for _, sent := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, by the terminal %v", d.name, sent), func(t *testing.T) {
				for n := int64(0); ; n += step {
					whole := false
					inShop(t, func(s *shop) { whole = s.cutBehind(d, n, sent) }, zvtsim.Options{})
					if whole || t.Failed() {
						t.Logf("%d bytes", n)
						break
					}
				}
			})
		}
	}
}

// cutBehind breaks the wire behind n bytes, and says whether the operation came to its end without.
func (s *shop) cutBehind(d deed, n int64, sent bool) (whole bool) {
	c := s.devices[0]
	p := s.pay(s.card(1250))
	before := c.held()
	_ = c.unplug()
	budget := &atomic.Int64{}
	budget.Store(plenty)
	c.thin = func(conn net.Conn) net.Conn {
		w := thin{Conn: conn, sent: &atomic.Int64{}, heard: &atomic.Int64{}}
		w.sent.Store(plenty)
		w.heard.Store(plenty)
		if sent {
			w.sent = budget
		} else {
			w.heard = budget
		}
		return w
	}
	c.plug()
	budget.Store(n)
	s.started(d, p, "back")
	p = s.ended(p.Intent.Payment)
	whole = budget.Load() >= 0
	c.thin = nil
	p = c.found(p, "back", before)
	if whole {
		s.state(p, "back", pos.OperationDone)
		return true
	}
	_ = c.unplug() // it may have died behind the last word
	c.plug()
	c.agree(p, before)
	return false
}
