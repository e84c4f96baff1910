package engine_test

import (
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/view"
)

// onlyOpen is the one payment that the journal holds as not ended.
func (s *shop) onlyOpen() *view.Payment {
	s.t.Helper()
	open, err := s.journal.Views().Open()
	if err != nil || len(open) != 1 {
		s.t.Errorf("%d open payments, %v", len(open), err)
		return nil
	}
	return open[0]
}

// The three marks, seen from the terminal: what does the journal hold at the moment at which a byte arrives?
func TestTheIntentIsDurableBeforeTheTerminalHears(t *testing.T) {
	inShop(t, func(s *shop) {
		heard := false
		s.devices[0].pt.Observe(func(e zvtsim.Event) {
			if e.Moment != zvtsim.ByteReceived || e.Command != "06 01" || e.Byte != 3 {
				return
			}
			heard = true
			if p := s.onlyOpen(); p != nil && (p.Status != pos.Pending || p.Intent.Amount != 1250 || p.Decision != nil) {
				t.Errorf("%+v", p)
			}
		})
		s.status(s.pay(s.card(1250)), pos.Approved)
		if !heard {
			t.Error("the terminal never heard of the sale")
		}
	}, zvtsim.Options{})
}

func TestTheResultIsDurableBeforeItIsAcknowledged(t *testing.T) {
	for _, do := range []zvtsim.Do{zvtsim.Approve, zvtsim.OfflineApprove, zvtsim.Decline} {
		onBoth(t, zvtsim.Options{}, func(t *testing.T, s *shop, c *counter) {
			told, acknowledged := false, false
			c.pt.Observe(func(e zvtsim.Event) {
				switch {
				case e.Moment == zvtsim.Sending && e.Command == "04 0f":
					told = true
					if p := s.onlyOpen(); p != nil && p.Decision != nil {
						t.Errorf("a result before the terminal sent one: %+v", p.Decision)
					}
				case e.Moment == zvtsim.Received && e.Command == "80 00" && told && !acknowledged:
					acknowledged = true
					p := s.onlyOpen()
					if p == nil {
						return
					}
					if p.Decision == nil || p.Status != pos.Pending {
						t.Errorf("acknowledged with status %s, decision %+v", p.Status, p.Decision)
					}
				}
			})
			c.pt.Next(zvtsim.Card{Do: do})
			s.pay(s.card(1250))
			if !acknowledged {
				t.Error("no acknowledgement arrived")
			}
		})
	}
}

func TestAResultThatIsNotDurableIsNotAcknowledged(t *testing.T) {
	onBoth(t, zvtsim.Options{}, func(t *testing.T, s *shop, c *counter) {
		s.pay(s.card(100))
		accepted, reversed := false, false
		var p *view.Payment
		c.pt.Observe(func(e zvtsim.Event) {
			switch e.Moment {
			case zvtsim.Stored:
				if err := s.journal.Close(); err != nil { // the disk is gone
					t.Error(err)
				}
			case zvtsim.Accepted:
				accepted = true
			case zvtsim.Reversed:
				reversed = true
			}
		})
		p = s.begin(s.card(1250))
		if err := c.lost(); err == nil {
			t.Error("the engine goes on without a journal")
		}
		if accepted || !reversed || c.held() != 100 {
			t.Errorf("acknowledged %v, taken back %v, terminal holds %d", accepted, reversed, c.held())
		}
		s.start()
		s.status(s.payment(p.Intent.Payment), pos.Unknown)
		c.plug()
		s.status(s.payment(p.Intent.Payment), pos.Cancelled)
	})
}

// The last mark: the terminal has gone on, so it holds the result, but the journal took no more.
func TestAConfirmationThatIsNotDurableIsAskedFor(t *testing.T) {
	onBoth(t, zvtsim.Options{}, func(t *testing.T, s *shop, c *counter) {
		s.pay(s.card(100))
		c.at(zvtsim.Final, "", func() {
			if err := s.journal.Close(); err != nil {
				t.Error(err)
			}
		})
		p := s.begin(s.card(1250))
		if err := c.lost(); err == nil {
			t.Error("the engine goes on without a journal")
		}
		s.start()
		s.status(s.payment(p.Intent.Payment), pos.Unknown)
		c.plug()
		s.status(s.settled(p.Intent.Payment), pos.Approved)
		if c.held() != 1350 {
			t.Errorf("terminal holds %d", c.held())
		}
	})
}

func TestAnIntentThatIsNotDurableReachesNobody(t *testing.T) {
	inShop(t, func(s *shop) {
		c := s.devices[0]
		if err := s.journal.Close(); err != nil {
			t.Fatal(err)
		}
		c.at(zvtsim.Received, "06 01", func() { t.Error("the terminal heard of the sale") })
		if _, _, err := s.engine.Pay(s.card(100)); err == nil {
			t.Error("a sale without an intent")
		}
		c.unplug()
		c.pt.Observe(nil)
		s.start()
		c.plug()
		s.status(s.pay(s.card(100)), pos.Approved)
	}, zvtsim.Options{})
}
