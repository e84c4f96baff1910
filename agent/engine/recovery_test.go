package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// moments are the places of a sale at which a wire can break.
func moments() []struct {
	moment  zvtsim.Moment
	command string
	stored  bool // the terminal has decided to take the money
	final   bool // and will not take it back
} {
	return []struct {
		moment  zvtsim.Moment
		command string
		stored  bool
		final   bool
	}{
		{zvtsim.Received, "06 01", false, false},
		{zvtsim.Sending, "80 00", false, false},
		{zvtsim.Delivered, "04 ff", false, false},
		{zvtsim.Stored, "", true, false},
		{zvtsim.Sending, "04 0f", true, false},
		{zvtsim.Delivered, "04 0f", true, false},
		{zvtsim.Accepted, "04 0f", true, false},
		{zvtsim.Delivered, "06 d3", true, false},
		{zvtsim.Final, "", true, true},
		{zvtsim.Sending, "06 0f", true, true},
	}
}

// TestAWireThatBreaksIsAskedOnTheNextOne breaks the wire at every moment of a sale, on terminals that take back what was not acknowledged and on
// some that never do.
func TestAWireThatBreaksIsAskedOnTheNextOne(t *testing.T) {
	for _, keep := range []bool{false, true} {
		for _, m := range moments() {
			t.Run(fmt.Sprintf("keep %v, %s %s", keep, m.moment, m.command), func(t *testing.T) {
				onBoth(t, zvtsim.Options{KeepUnacknowledged: keep}, func(t *testing.T, s *shop, c *counter) {
					s.pay(s.card(100))
					c.cutAt(m.moment, m.command)
					r := s.card(1250)
					p := s.outcome(s.begin(r).Intent.Payment)
					s.status(p, pos.Unknown)
					if err := c.lost(); err == nil {
						t.Error("the engine did not notice")
					}
					s.refuses(s.card(500), "device_unresolved")
					s.refuses(again(r), "order_open")
					if _, created, err := s.engine.Pay(r); err != nil || created {
						t.Errorf("the same again: %v %v", created, err)
					}
					s.status(s.pay(s.cash(500)), pos.Approved)
					if list, err := s.engine.Unknown(); err != nil || len(list) != 1 || list[0] != p.Intent.Payment {
						t.Errorf("unknown %v, %v", list, err)
					}
					want := pos.Cancelled
					if m.final || keep && m.stored {
						want = pos.Approved
					}
					c.plug()
					p = s.settled(p.Intent.Payment)
					s.status(p, want)
					if p.Evidence == "" || p.Status == pos.Approved && (p.Decision == nil || p.Decision.Trace == "" || p.Taken() != euros(1250)) {
						t.Errorf("%+v, %+v", p, p.Decision)
					}
					s.status(s.pay(s.card(300)), pos.Approved)
				})
			})
		}
	}
}

func TestADeadWireIsOpenedAnew(t *testing.T) {
	onBoth(t, zvtsim.Options{}, func(t *testing.T, s *shop, c *counter) {
		began := time.Now()
		_ = c.wire.Close()
		p := s.pay(s.card(100))
		s.status(p, pos.Cancelled)
		if p.Reason.Code != "device_unavailable" {
			t.Errorf("%+v", p.Reason)
		}
		if err := c.lost(); err == nil || time.Since(began) > time.Second {
			t.Errorf("the engine keeps a dead wire for %s (%v)", time.Since(began), err)
		}
		s.refuses(s.card(100), "device_unavailable")
		c.plug()
		s.status(s.pay(s.card(100)), pos.Approved)
	})
}

func TestAPulledCableIsNoticedWithoutASale(t *testing.T) {
	onBoth(t, zvtsim.Options{}, func(t *testing.T, s *shop, c *counter) {
		<-time.After(8 * time.Hour) // a quiet night changes nothing
		s.status(s.pay(s.card(100)), pos.Approved)
		_ = c.wire.Close()
		began := time.Now()
		if err := c.lost(); err == nil || time.Since(began) > time.Minute {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		if d := s.device("left"); d.State == engine.Ready {
			t.Errorf("%+v", d)
		}
	})
}

func TestASaleOnABrokenDeviceLeavesTheOtherAlone(t *testing.T) {
	inShop(t, func(s *shop) {
		left := s.devices[0]
		left.cutAt(zvtsim.Received, "06 01")
		s.status(s.pay(s.card(100)), pos.Unknown)
		_ = left.lost()
		r := s.card(200)
		r.Device = "right"
		s.status(s.pay(r), pos.Approved)
		s.refuses(s.card(100), "device_unresolved") // the first device is meant when none is named
		left.plug()
		s.status(s.pay(s.card(100)), pos.Approved)
	}, zvtsim.Options{}, zvtsim.Options{})
}

func TestASilentLineIsUnknownAndThenKnown(t *testing.T) {
	for _, do := range []zvtsim.Do{zvtsim.LoseBeforeAck, zvtsim.LoseResult} {
		onBoth(t, zvtsim.Options{}, func(t *testing.T, s *shop, c *counter) {
			s.pay(s.card(100))
			c.pt.Next(zvtsim.Card{Do: do})
			p := s.pay(s.card(1250))
			s.status(p, pos.Unknown)
			c.keepPlugged()
			want := pos.Cancelled
			if do == zvtsim.LoseResult {
				want = pos.Approved
			}
			s.status(s.payment(p.Intent.Payment), want)
		})
	}
}

// keepPlugged opens the wire anew, as the supervisor does, until no payment is open.
func (c *counter) keepPlugged() {
	c.t.Helper()
	c.until("all is resolved", func() bool {
		select {
		case <-c.ended:
			c.connect()
		default:
		}
		unknown, err := c.engine.Unknown()
		return err == nil && len(unknown) == 0
	})
}

func TestARestartDoubtsWhatWasPending(t *testing.T) {
	for _, m := range moments() {
		t.Run(fmt.Sprintf("%s %s", m.moment, m.command), func(t *testing.T) {
			inShop(t, func(s *shop) {
				c := s.devices[0]
				s.pay(s.card(100))
				stopped := make(chan struct{})
				c.at(m.moment, m.command, func() {
					_ = s.journal.Close() // power is lost at the till: nothing more is written, and the line is dead
					_ = c.wire.Close()
					close(stopped)
				})
				r := s.card(1250)
				p := s.begin(r)
				<-stopped
				s.restart()
				want := pos.Cancelled
				if m.final {
					want = pos.Approved
				}
				p = s.settled(p.Intent.Payment)
				s.status(p, want)
				if again, created, err := s.engine.Pay(r); err != nil || created || again.Intent.Payment != p.Intent.Payment {
					t.Errorf("the same again: %v %v", created, err)
				}
			}, zvtsim.Options{})
		})
	}
}

func TestARestartDoubtsBeforeItSells(t *testing.T) {
	inShop(t, func(s *shop) {
		c := s.devices[0]
		c.pt.Next(zvtsim.Card{After: time.Minute})
		r := s.card(1250)
		p := s.begin(r)
		s.crash()
		s.start()
		p = s.payment(p.Intent.Payment)
		s.status(p, pos.Unknown)
		if p.Reason.Code != "agent_restarted" {
			t.Errorf("%+v", p.Reason)
		}
		s.refuses(s.card(1), "device_unresolved") // even before its wire is open
		s.refuses(again(r), "order_open")
		s.crash()
		s.start() // a second restart doubts nothing twice
		seq := s.payment(p.Intent.Payment).Seq
		if seq != p.Seq {
			t.Errorf("record %d, then %d", p.Seq, seq)
		}
		c.plug()
		s.status(s.payment(p.Intent.Payment), pos.Cancelled)
	}, zvtsim.Options{})
}

func TestGivingUpAnUnknownFreesTheOrder(t *testing.T) {
	for _, keep := range []bool{false, true} {
		t.Run(fmt.Sprintf("the terminal keeps the money: %v", keep), func(t *testing.T) {
			inShop(t, func(s *shop) {
				c := s.devices[0]
				s.pay(s.card(100))
				c.cutAt(zvtsim.Delivered, "04 0f")
				r := s.card(1250)
				p := s.pay(r)
				s.status(p, pos.Unknown)
				_ = c.lost()
				p, err := s.engine.Cancel(p.Intent.Payment)
				if err != nil || !p.Unwanted || p.Status != pos.Unknown {
					t.Fatalf("%+v, %v", p, err)
				}
				seq := s.journal.Head().Seq
				if _, err := s.engine.Cancel(p.Intent.Payment); err != nil || s.journal.Head().Seq != seq {
					t.Errorf("giving up twice: %v, %d records more", err, s.journal.Head().Seq-seq)
				}
				s.refuses(s.card(1), "device_unresolved") // the evidence is still at the terminal
				cash := again(r)
				cash.Tender = pos.Cash
				s.status(s.pay(cash), pos.Approved)
				c.plug()
				p = s.settled(p.Intent.Payment)
				want := pos.Cancelled
				if keep {
					want = pos.Approved
				}
				if s.status(p, want); !p.Unwanted {
					t.Error("it is forgotten that the payment was given up")
				}
			}, zvtsim.Options{KeepUnacknowledged: keep})
		})
	}
}

// A terminal whose memory does not fit what the till knows: nobody may guess.
func TestWhatCannotBeProvenWaitsForAPerson(t *testing.T) {
	inShop(t, func(s *shop) {
		c := s.devices[0]
		s.pay(s.card(100))
		c.pt.Next(zvtsim.Card{Do: zvtsim.LoseResult, Tip: 50, TipUntold: true}) // the till cannot know that the customer added a tip
		r := s.card(1250)
		p := s.pay(r)
		s.status(p, pos.Unknown)
		_ = c.lost()
		c.plug()
		s.status(s.payment(p.Intent.Payment), pos.Unknown)
		if d := s.device("left"); d.State != engine.Busy || d.Text == "" {
			t.Errorf("%+v", d)
		}
		s.refuses(s.card(1), "device_unresolved")
		s.refuses(again(r), "order_open")
		s.status(s.pay(s.cash(1)), pos.Approved)
		s.restart()
		s.status(s.payment(p.Intent.Payment), pos.Unknown)
		s.refuses(s.card(1), "device_unresolved")
	}, zvtsim.Options{})
}

func TestClosingLetsASaleUnderWayEnd(t *testing.T) {
	for _, c := range []struct {
		name  string
		after time.Duration
		want  pos.Status
	}{
		{"a customer who is quick", 10 * time.Second, pos.Approved},
		{"a customer who is not", time.Minute, pos.Cancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			inShop(t, func(s *shop) {
				d := s.devices[0]
				d.pt.Next(zvtsim.Card{After: c.after})
				p := s.begin(s.card(1250))
				<-time.After(time.Second)
				began := time.Now()
				d.stop()
				if err := d.lost(); time.Since(began) > 40*time.Second {
					t.Errorf("closing took %s (%v)", time.Since(began), err)
				}
				s.restart()
				s.status(s.settled(p.Intent.Payment), c.want)
			}, zvtsim.Options{})
		})
	}
}
