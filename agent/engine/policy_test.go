package engine_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/policy"
)

// enforce puts a policy in force in the shop's present epoch.
func (s *shop) enforce(version uint64, limits ...policy.Limit) {
	s.t.Helper()
	if err := s.engine.TakePolicy(s.policy(policy.Document{Till: till, Epoch: s.journal.Head().Epoch, Version: version, IssuedAt: time.Now().UnixMilli(),
		Currency: "EUR", Default: policy.Allow, Limits: limits})); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) policy(d policy.Document) []byte {
	s.t.Helper()
	message, err := policy.Seal(&d, signer(s.t))
	if err != nil {
		s.t.Fatal(err)
	}
	return message
}

// refusedBy checks the rule of a refusal and its figures.
func (s *shop) refusedBy(r engine.Request, rule policy.Rule, limit, used, headroom int64) {
	s.t.Helper()
	s.refuses(r, "offline_refused")
	_, _, err := s.engine.Pay(r)
	var e *pos.Error
	if !errors.As(err, &e) || e.Details["rule"] != string(rule) || e.Details["limit"] != limit || e.Details["used"] != used || e.Details["headroom"] != headroom {
		s.t.Errorf("%+v, want %s %d %d %d", err, rule, limit, used, headroom)
	}
}

func TestOfflineSalesStayWithinThePolicy(t *testing.T) {
	inShop(t, func(s *shop) {
		s.enforce(1, policy.Limit{Tenders: []pos.Tender{pos.Card}, MaxTotal: 1000, MaxCount: 3})
		s.pay(s.card(5000)) // online
		s.offline.Store(true)
		s.pay(s.cash(5000)) // not covered
		s.pay(s.card(400))
		s.refusedBy(s.card(601), policy.RuleTotal, 1000, 400, 600)
		s.devices[0].pt.Next(zvtsim.Card{Do: zvtsim.Decline, Code: 0x05})
		s.pay(s.card(600)) // declined: it takes no room
		s.pay(s.card(1))
		s.pay(s.card(1))
		s.refusedBy(s.card(1), policy.RuleCount, 3, 3, 0)
		known := s.card(1)
		s.offline.Store(false)
		s.pay(known)
		s.offline.Store(true)
		if p, created, err := s.engine.Pay(known); err != nil || created || p.Status != pos.Approved {
			t.Errorf("the same request again is no new sale: %+v, %v, %v", p, created, err)
		}
		s.crash()
		s.start()
		if state, err := s.engine.Policy(); err != nil || state.Version != 1 || len(state.Headroom) != 2 || state.Headroom[0].Used != 402 || state.Headroom[1].Used != 3 {
			t.Errorf("after a restart: %+v, %v", state, err)
		}
		s.journal.Acknowledge(nil, s.journal.Head())
		if state, err := s.engine.Policy(); err != nil || state.Headroom[0].Used != 0 || state.Headroom[1].Used != 0 {
			t.Errorf("the platform has all: %+v, %v", state, err)
		}
	}, zvtsim.Options{})
}

// Sales that come at the same moment share the room that is left.
func TestSalesAtOnceStayWithinThePolicyTogether(t *testing.T) {
	inShop(t, func(s *shop) {
		s.enforce(1, policy.Limit{Tenders: []pos.Tender{pos.Cash}, MaxTotal: 1000})
		s.offline.Store(true)
		var sold atomic.Int32
		var group sync.WaitGroup
		for range 8 {
			r := s.cash(400)
			group.Go(func() {
				if _, created, err := s.engine.Pay(r); err == nil && created {
					sold.Add(1)
				}
			})
		}
		if group.Wait(); sold.Load() != 2 {
			t.Errorf("%d sales of 400 passed a limit of 1000", sold.Load())
		}
	})
}

// A card terminal that is still busy with a sale may yet take the money: that sale counts.
func TestASaleUnderWayTakesRoom(t *testing.T) {
	inShop(t, func(s *shop) {
		s.enforce(1, policy.Limit{Tenders: []pos.Tender{pos.Card, pos.Cash}, MaxTotal: 1000})
		s.offline.Store(true)
		s.devices[0].pt.Next(zvtsim.Card{Do: zvtsim.SlowPIN})
		slow := s.begin(s.card(900))
		s.refusedBy(s.cash(101), policy.RuleTotal, 1000, 900, 100)
		s.status(s.outcome(slow.Intent.Payment), pos.Approved)
	}, zvtsim.Options{})
}

func TestTheAgeOfWhatThePlatformLacksIsBounded(t *testing.T) {
	inShop(t, func(s *shop) {
		s.enforce(1, policy.Limit{Tenders: []pos.Tender{pos.Cash}, MaxAge: 3600, MaxAway: 7200})
		s.offline.Store(true)
		s.pay(s.cash(100))
		<-time.After(time.Hour)
		s.pay(s.cash(100))
		<-time.After(time.Second)
		s.refusedBy(s.cash(100), policy.RuleAge, 3600, 3601, 0)
		s.journal.Acknowledge(nil, s.journal.Head())
		s.away = 7201 * time.Second
		s.refusedBy(s.cash(100), policy.RuleAway, 7200, 7201, 0)
	})
}

func TestOnlyALaterPolicyOfThisLifeCounts(t *testing.T) {
	inShop(t, func(s *shop) {
		own := policy.Document{Till: till, Epoch: s.journal.Head().Epoch, Version: 5, Currency: "EUR", Default: policy.Allow}
		if err := s.engine.TakePolicy(s.policy(own)); err != nil {
			t.Fatal(err)
		}
		head := s.journal.Head()
		if err := s.engine.TakePolicy(s.policy(own)); err != nil || s.journal.Head() != head {
			t.Errorf("the same policy again: %v, head %v", err, s.journal.Head())
		}
		for name, spoil := range map[string]func(*policy.Document){
			"an earlier one":   func(d *policy.Document) { d.Version = 4 },
			"of another till":  func(d *policy.Document) { d.Version, d.Till = 6, "till-2" },
			"of another epoch": func(d *policy.Document) { d.Version, d.Epoch = 6, pos.Epoch{1} },
		} {
			d := own
			spoil(&d)
			if err := s.engine.TakePolicy(s.policy(d)); err == nil || s.journal.Head() != head {
				t.Errorf("%s was taken: %v", name, err)
			}
		}
		forged := s.policy(own)
		forged[len(forged)-1] ^= 1
		if err := s.engine.TakePolicy(forged); err == nil {
			t.Error("a forged policy was taken")
		}
		if err := s.journal.Diverge(record.Restored, record.Head{Epoch: head.Epoch, Seq: 99}); err != nil {
			t.Fatal(err)
		}
		if state, err := s.engine.Policy(); err != nil || state.Version != 0 {
			t.Errorf("a new life has policy %+v, %v", state, err)
		}
	})
}
