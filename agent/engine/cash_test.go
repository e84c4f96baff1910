package engine_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

func TestCashIsOneCommit(t *testing.T) {
	inShop(t, func(s *shop) {
		from := s.journal.Head()
		r := s.cash(1250)
		r.Tendered = minor(2000)
		p := s.begin(r)
		s.status(p, pos.Approved)
		if p.Taken() != euros(1250) || *p.Intent.Tendered != 2000 || p.Intent.Mode != pos.Online || p.Intent.Device != "" {
			t.Errorf("%+v", p)
		}
		list, err := s.journal.Read(from.Epoch, from.Seq+1, 10)
		if err != nil || len(list) != 3 {
			t.Fatalf("%d records, %v", len(list), err)
		}
		for i, kind := range []record.Kind{record.KindIntent, record.KindResult, record.KindConfirmed} {
			rec, _, err := s.journal.Codec().Decode(list[i].Raw)
			if err != nil || rec.Kind != kind {
				t.Errorf("record %d is %s, want %s (%v)", i, rec.Kind, kind, err)
			}
			if signed := len(list[i].Signature) > 0; signed != (i == 2) {
				t.Errorf("record %d signed: %v; only the end of a commit is", i, signed)
			}
		}
	})
}

func TestAnOrderOfNothingNeedsNoPayment(t *testing.T) {
	inShop(t, func(s *shop) {
		for _, tender := range []pos.Tender{pos.Card, pos.Cash, pos.QR, pos.None} {
			r := s.order(tender, 0)
			r.Device, r.RequireOnline, r.Tendered = "nowhere", true, minor(5)
			s.offline.Store(true)
			p := s.begin(r)
			s.status(p, pos.Approved)
			if p.Intent.Tender != pos.None || p.Intent.Device != "" || p.Taken().Amount != 0 || p.Intent.Tendered != nil {
				t.Errorf("%s: %+v", tender, p)
			}
			if _, created, err := s.engine.Pay(r); created || err != nil {
				t.Errorf("%s again: %v, %v", tender, created, err)
			}
		}
	})
}

func TestImpossibleRequestsAreRefused(t *testing.T) {
	inShop(t, func(s *shop) {
		s.offline.Store(true)
		for name, c := range map[string]struct {
			change func(*engine.Request)
			code   pos.ErrorCode
		}{
			"negative amount":          {func(r *engine.Request) { r.Amount.Amount = -1 }, "amount_invalid"},
			"too large":                {func(r *engine.Request) { r.Amount.Amount = pos.MaxAmount + 1 }, "amount_invalid"},
			"no such currency":         {func(r *engine.Request) { r.Amount.Currency = "EUX" }, "amount_invalid"},
			"no currency":              {func(r *engine.Request) { r.Amount.Currency = "" }, "amount_invalid"},
			"more than the order":      {func(r *engine.Request) { r.OrderAmount = minor(99) }, "amount_invalid"},
			"less cash than due":       {func(r *engine.Request) { r.Tendered = minor(99) }, "amount_invalid"},
			"too much cash":            {func(r *engine.Request) { r.Tendered = minor(pos.MaxAmount + 1) }, "amount_invalid"},
			"cash handed over by card": {func(r *engine.Request) { r.Tender, r.Tendered = pos.Card, minor(100) }, "amount_invalid"},
			"tender not taken":         {func(r *engine.Request) { r.Tender = pos.QR }, "not_supported"},
			"none is no tender":        {func(r *engine.Request) { r.Tender = pos.None }, "not_supported"},
			"attempt 0":                {func(r *engine.Request) { r.Attempt = 0 }, "not_supported"},
			"too many attempts":        {func(r *engine.Request) { r.Attempt = pos.MaxAttempt + 1 }, "not_supported"},
			"platform required":        {func(r *engine.Request) { r.RequireOnline = true }, "offline_refused"},
			"no device":                {func(r *engine.Request) { r.Tender = pos.Card }, "device_unavailable"},
			"no such device":           {func(r *engine.Request) { r.Tender, r.Device = pos.Card, "middle" }, "device_unavailable"},
		} {
			r := s.cash(100)
			c.change(&r)
			t.Log(name)
			s.refuses(r, c.code)
		}
		r := s.cash(pos.MaxAmount)
		s.status(s.begin(r), pos.Approved)
	})
}

func TestTheSameRequestIsTheSamePayment(t *testing.T) {
	inShop(t, func(s *shop) {
		r := s.cash(700)
		r.Tendered, r.RequireOnline = minor(1000), true
		first := s.begin(r)
		same := func(when string) {
			t.Helper()
			p, created, err := s.engine.Pay(r)
			if err != nil || created || p.Intent.Payment != first.Intent.Payment || p.Status != pos.Approved {
				t.Errorf("%s: created %v, %v, %+v", when, created, err, p)
			}
		}
		same("at once")
		s.offline.Store(true)
		same("after the platform went away") // refusing it would say that no money moved
		s.tenders = []pos.Tender{pos.Card}
		s.restart()
		same("after a restart without this tender")
		for name, change := range map[string]func(*engine.Request){
			"amount":       func(r *engine.Request) { r.Amount.Amount++ },
			"currency":     func(r *engine.Request) { r.Amount.Currency = "CHF" },
			"tender":       func(r *engine.Request) { r.Tender, r.Tendered = pos.Card, nil },
			"tendered":     func(r *engine.Request) { r.Tendered = minor(1001) },
			"no tendered":  func(r *engine.Request) { r.Tendered = nil },
			"order amount": func(r *engine.Request) { r.OrderAmount = minor(700) },
		} {
			other := r
			change(&other)
			t.Log(name)
			s.refuses(other, "order_conflict")
		}
	})
}

// Who asks again after a lost answer sends all that was in the first request, also what means nothing for its tender.
func TestWhatMeansNothingForATenderIsNoConflict(t *testing.T) {
	inShop(t, func(s *shop) {
		for name, change := range map[string]func(*engine.Request){
			"cash with a device":    func(r *engine.Request) { r.Device = "left" },
			"nothing with a scheme": func(r *engine.Request) { r.Amount.Amount, r.Tender, r.Scheme = 0, pos.QR, "epc" },
			"nothing with a code":   func(r *engine.Request) { r.Amount.Amount, r.Tender, r.Code = 0, pos.Code, "130000000000000000" },
		} {
			r := s.cash(700)
			r.Order = pos.OrderRef(strings.ReplaceAll(name, " ", "-"))
			change(&r)
			first := s.begin(r)
			if p, created, err := s.engine.Pay(r); err != nil || created || p.Intent.Payment != first.Intent.Payment {
				t.Errorf("%s: created %v, %v", name, created, err)
			}
		}
	})
}

func TestAnOrderIsPaidOnce(t *testing.T) {
	inShop(t, func(s *shop) {
		r := s.cash(700)
		s.begin(again(again(r)))
		s.refuses(r, "order_open") // an earlier attempt that comes later is a second charge too
		s.refuses(again(r), "order_open")
		s.refuses(again(again(again(r))), "order_open")
		other := s.cash(700)
		s.status(s.begin(other), pos.Approved)
	})
}

func TestSeveralPaymentsShareAnOrder(t *testing.T) {
	inShop(t, func(s *shop) {
		part := s.cash(600)
		part.OrderAmount = minor(1000)
		s.begin(part)
		rest := again(part)
		rest.Amount.Amount = 401
		s.refuses(rest, "amount_invalid")
		whole := again(part)
		whole.Amount.Amount, whole.OrderAmount = 400, nil
		s.refuses(whole, "order_open")
		foreign := again(part)
		foreign.Amount = pos.Money{Amount: 400, Currency: "CHF"}
		s.refuses(foreign, "order_open")
		rest.Amount.Amount = 400
		s.status(s.begin(rest), pos.Approved)
		more := again(rest)
		more.Amount.Amount = 1
		s.refuses(more, "amount_invalid")
	})
}

func TestManyCashDesksAtOnce(t *testing.T) {
	inShop(t, func(s *shop) {
		from := s.journal.Head()
		var all sync.WaitGroup
		var mu sync.Mutex
		ids, made := map[pos.PaymentID]bool{}, 0
		for i := range 40 {
			r := engine.Request{Order: pos.OrderRef([]string{"a", "b", "c", "d", "e", "f", "g", "h"}[i%8]), Attempt: 1, Amount: euros(100), Tender: pos.Cash}
			all.Go(func() {
				p, created, err := s.engine.Pay(r)
				mu.Lock()
				defer mu.Unlock()
				if err != nil || p.Status != pos.Approved {
					t.Errorf("%v, %+v", err, p)
					return
				}
				ids[p.Intent.Payment] = true
				if created {
					made++
				}
			})
		}
		all.Wait()
		if len(ids) != 8 || made != 8 {
			t.Errorf("%d payments, %d times created, want 8 and 8", len(ids), made)
		}
		if n := s.journal.Head().Seq - from.Seq; n != 24 {
			t.Errorf("%d records, want 24", n)
		}
	})
}

func TestSalesThatComeTogetherShareACommit(t *testing.T) {
	inShop(t, func(s *shop) {
		from := s.journal.Head()
		var all sync.WaitGroup
		for range 60 {
			r := s.cash(100)
			all.Go(func() {
				if _, _, err := s.engine.Pay(r); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		list, err := s.journal.Read(from.Epoch, from.Seq+1, 1000)
		if err != nil || len(list) != 180 {
			t.Fatalf("%d records, %v", len(list), err)
		}
		commits := 0
		for _, stored := range list {
			if len(stored.Signature) > 0 {
				commits++
			}
		}
		if commits > 40 {
			t.Errorf("60 sales took %d commits", commits)
		}
	})
}

func TestNothingIsSoldOnAJournalThatStopped(t *testing.T) {
	inShop(t, func(s *shop) {
		p := s.begin(s.cash(100))
		if err := s.journal.Close(); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.engine.Pay(s.cash(200)); err == nil {
			t.Error("a sale on a closed journal")
		}
		s.start()
		s.status(s.payment(p.Intent.Payment), pos.Approved)
	})
}

func TestUnknownPaymentsAreNotFound(t *testing.T) {
	inShop(t, func(s *shop) {
		id := pos.PaymentID{1}
		for name, ask := range map[string]func() (*view.Payment, error){
			"ask":    func() (*view.Payment, error) { return s.engine.Payment(id) },
			"wait":   func() (*view.Payment, error) { return s.engine.Wait(context.Background(), id) },
			"cancel": func() (*view.Payment, error) { return s.engine.Cancel(id) },
		} {
			if p, err := ask(); p != nil || codeOf(err) != "not_found" {
				t.Errorf("%s: %+v, %v", name, p, err)
			}
		}
		paid := s.begin(s.cash(100))
		if _, err := s.engine.Cancel(paid.Intent.Payment); codeOf(err) != "not_cancellable" || pos.MoneyOf(err) != pos.Moved {
			t.Errorf("cancel of a paid payment: %v", err)
		}
	})
}
