package engine_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/vault"
	"github.com/tillproof/tillproof/sync/policy"
	"github.com/tillproof/tillproof/sync/wire"
)

// cards is a policy that lets cards be promised.
func cards() policy.Limit {
	return policy.Limit{Tenders: []pos.Tender{pos.Card}, MaxAmount: 10000, MaxTotal: 50000}
}

// goOffline takes the platform away and lets cards be promised.
func (r *swiper) goOffline(limit policy.Limit) {
	r.enforce(uint64(r.journal.Head().Seq), limit)
	r.centre.set(func() { r.centre.away = true })
}

func (r *swiper) goOnline() {
	r.centre.set(func() { r.centre.away = false })
	<-time.After(3 * time.Second)
	synctest.Wait()
}

func TestACardIsAuthorisedOnlineAndNothingOfItIsKept(t *testing.T) {
	readerShop(t, func(s *shop, r *swiper, c *centre) {
		c.authorise = paysAfter(t, time.Second)
		p := s.begin(s.card(1250))
		if text := s.engine.Progress(p.Intent.Payment); !strings.Contains(text, "Swipe") || s.device("swipe").State != engine.Busy {
			t.Errorf("%q, %+v", text, s.device("swipe"))
		}
		r.swipe("1111")
		p = s.outcome(p.Intent.Payment)
		s.status(p, pos.Approved)
		if d := p.Decision; d.Brand != "visa" || d.Last4 != "1111" || d.Entry != "stripe" || p.Intent.Scheme != record.CardReader || d.Sealed != nil {
			t.Errorf("%+v", d)
		}
		calls := c.calls()
		i := slices.IndexFunc(calls, func(c wire.Call) bool { return c.Op == wire.OpAuthorise })
		if i < 0 || calls[i].Code != "" || bytes.Contains(calls[i].Opaque, secret()) {
			t.Fatalf("%d: %+v", i, calls)
		}
		r.entries(0)
		r.allWiped()
		if s.device("swipe").State != engine.Ready {
			t.Errorf("%+v", s.device("swipe"))
		}
	})
}

// What leaves is sealed to the platform, for this till and payment.
func TestTheCallCarriesASwipeThatOnlyThePlatformOpens(t *testing.T) {
	readerShop(t, func(_ *shop, r *swiper, c *centre) {
		r.goOffline(cards())
		id := r.sells(500, "1111")
		r.acknowledge()
		r.goOnline()
		if len(c.forwarded()) != 1 {
			t.Fatalf("%d blobs", len(c.forwarded()))
		}
		got, err := r.codec.OpenSwipe(c.forwarded()[0], r.key, till, id)
		if err != nil || !bytes.Equal(got.Opaque, secret()) || got.Reader != "SIM0000001" || got.Format != "fake" {
			t.Errorf("%+v, %v", got, err)
		}
		c.pay(id, pos.Captured, 500)
	})
}

func TestSilenceOfThePlatformNeverBecomesAnOfflineApproval(t *testing.T) {
	readerShop(t, func(s *shop, r *swiper, c *centre) {
		s.enforce(1, cards())
		c.set(func() { c.deaf = true })
		id := r.sells(1250, "1111")
		s.status(s.outcome(id), pos.Unknown)
		r.entries(0)
		c.set(func() { c.deaf, c.unheard = false, false })
		s.until("the platform was asked", func() bool { return c.count(wire.OpQuery, id) > 0 })
		s.until("it never came", func() bool { return s.payment(id).Status == pos.Cancelled })
	})
}

func TestOfflineWithoutAPolicyForCardsIsRefused(t *testing.T) {
	readerShop(t, func(s *shop, r *swiper, c *centre) {
		c.set(func() { c.away = true })
		s.refusedByRule(s.card(100), policy.RuleUnset)
		s.enforce(1, policy.Limit{Tenders: []pos.Tender{pos.Cash}, MaxAmount: 100})
		s.refusedByRule(s.card(100), policy.RuleUnset)
		s.enforce(2, cards())
		s.refusedByRule(s.card(10001), policy.RuleAmount)
		r.unready = true
		s.refuses(s.card(100), "not_supported")
	})
}

func (s *shop) refusedByRule(r engine.Request, rule policy.Rule) {
	s.t.Helper()
	s.refuses(r, "offline_refused")
	_, _, err := s.engine.Pay(r)
	var e *pos.Error
	if !errors.As(err, &e) || e.Details["rule"] != string(rule) {
		s.t.Errorf("%v, want rule %s", err, rule)
	}
}

func TestStoreAndForward(t *testing.T) {
	readerShop(t, func(s *shop, r *swiper, c *centre) {
		r.goOffline(cards())
		id := r.sells(1250, "1111")
		p := s.outcome(id)
		s.status(p, pos.ApprovedOffline)
		sealed, err := r.vault.Get(id)
		if err != nil || vault.HashOf(sealed) != vault.Hash(p.Decision.Sealed) {
			t.Fatalf("%x, %v", p.Decision.Sealed, err)
		}
		r.allWiped()
		r.goOnline()
		if len(c.forwarded()) > 0 {
			t.Error("the entry left before its records")
		}
		r.acknowledge()
		s.until("the platform has it", func() bool { return len(c.forwarded()) == 1 })
		<-time.After(21 * time.Minute)
		if len(c.forwarded()) != 1 || c.count(wire.OpCapture, id) < 2 {
			t.Errorf("%d blobs, %d calls", len(c.forwarded()), c.count(wire.OpCapture, id))
		}
		r.entries(1) // until there is an answer
		c.pay(id, pos.Captured, 1250)
		s.until("it is captured", func() bool { return s.payment(id).Status == pos.Captured })
		<-time.After(2 * time.Second)
		r.entries(0)
		if p := s.payment(id); p.Decision.Last4 != "1111" || p.Decision.Brand != "visa" {
			t.Errorf("%+v", p.Decision)
		}
	})
}

func TestWhatIsDeclinedLaterIsErasedTooAndTriedAgainWithoutTheCard(t *testing.T) {
	readerShop(t, func(s *shop, r *swiper, c *centre) {
		r.goOffline(cards())
		id := r.sells(1250, "1111")
		r.acknowledge()
		r.goOnline()
		c.mu.Lock()
		c.settle(id, wire.Outcome{Status: pos.ForwardDeclined, Currency: "EUR", Code: "51", Text: "no money", TriesLeft: 3, Deadline: time.Now().Add(time.Hour).UnixMilli()})
		c.mu.Unlock()
		s.until("it is declined", func() bool { return s.payment(id).Status == pos.ForwardDeclined })
		<-time.After(2 * time.Second)
		r.entries(0)
		c.again = pos.Captured
		if _, _, err := s.engine.Capture(id, "again", nil, ""); err != nil {
			t.Fatal(err)
		}
		s.until("it is captured", func() bool { return s.payment(id).Status == pos.Captured })
		if len(c.forwarded()) != 1 {
			t.Errorf("%d blobs", len(c.forwarded()))
		}
	})
}

// A crash between the vault and the record leaves an entry too many; one between the answer and the erasure too.
func TestTheNextStartErasesWhatNoApprovalRestsOn(t *testing.T) {
	readerShop(t, func(s *shop, r *swiper, c *centre) {
		r.goOffline(cards())
		orphan := s.begin(s.card(700)).Intent.Payment
		sealed, err := r.Seal(&wire.Swipe{Format: "fake", Opaque: secret(), KSN: make([]byte, 10)}, orphan)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.vault.Put(orphan, sealed); err != nil {
			t.Fatal(err)
		}
		r.restart()
		s.status(s.payment(orphan), pos.Cancelled)
		<-time.After(2 * time.Second)
		r.entries(0)

		id := r.sells(800, "1111")
		r.acknowledge()
		kept, err := r.vault.Get(id)
		if err != nil {
			t.Fatal(err)
		}
		r.goOnline()
		c.pay(id, pos.Captured, 800)
		s.until("it is captured", func() bool { return s.payment(id).Status == pos.Captured })
		<-time.After(2 * time.Second)
		if _, err := r.vault.Put(id, kept); err != nil { // as if it had not been erased
			t.Fatal(err)
		}
		r.restart()
		<-time.After(2 * time.Second)
		r.entries(0)
	})
}

// The till dies when the entry is on disk and the record is not: the next life finds an entry that no approval rests on, and a sale that nothing was taken for.
func TestADeathBetweenTheEntryAndTheRecord(t *testing.T) {
	readerShop(t, func(s *shop, r *swiper, c *centre) {
		r.goOffline(cards())
		request := s.card(700)
		id := s.begin(request).Intent.Payment
		r.sealing = func() { _ = s.journal.Close() } // nothing gets into the journal from here on
		r.swipe("1111")
		r.entries(1)
		r.sealing = nil
		r.restart()
		p := s.payment(id)
		s.status(p, pos.Cancelled)
		if p.Decision != nil {
			t.Errorf("%+v", p.Decision)
		}
		<-time.After(2 * time.Second)
		r.entries(0)
		second := s.outcome(func() pos.PaymentID { p := s.begin(again(request)); r.swipe("1111"); return p.Intent.Payment }())
		s.status(second, pos.ApprovedOffline)
		r.acknowledge()
		r.goOnline()
		if len(c.forwarded()) != 1 || c.count(wire.OpCapture, id) > 0 {
			t.Errorf("%d blobs were forwarded", len(c.forwarded()))
		}
	})
}

// An approval never stands without its card data: what the vault cannot keep is not promised.
func TestAVaultThatCannotKeepIsNoApproval(t *testing.T) {
	readerShop(t, func(s *shop, r *swiper, _ *centre) {
		r.goOffline(cards())
		p := s.begin(s.card(700))
		if _, err := r.vault.Put(p.Intent.Payment, []byte("something else")); err != nil { // as good as a full disk: Put fails
			t.Fatal(err)
		}
		r.swipe("1111")
		p = s.outcome(p.Intent.Payment)
		s.status(p, pos.Cancelled)
		if p.Reason.Code != "vault_unusable" {
			t.Errorf("%+v", p.Reason)
		}
	})
}

func TestADamagedEntryIsKeptAndNotSent(t *testing.T) {
	readerShop(t, func(s *shop, r *swiper, c *centre) {
		r.goOffline(cards())
		id := r.sells(700, "1111")
		r.acknowledge()
		path := filepath.Join(s.dir, "vault", id.String()+".sealed")
		if err := os.WriteFile(path, []byte("TPV1 torn"), 0o600); err != nil {
			t.Fatal(err)
		}
		r.goOnline()
		<-time.After(time.Minute)
		if len(c.forwarded()) > 0 || c.count(wire.OpCapture, id) > 0 {
			t.Error("it was sent")
		}
		r.entries(1)
		s.status(s.payment(id), pos.ApprovedOffline)
		stuck := func(word string) {
			if state, has := s.engine.VaultState(); !has || state.Entries != 1 || !strings.Contains(state.Stuck[id], word) {
				t.Errorf("%+v, want %q", state, word)
			}
		}
		stuck("damaged")
		if err := r.vault.Erase(id); err != nil {
			t.Fatal(err)
		}
		if _, err := r.vault.Put(id, []byte("whole, and not what the record names")); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Minute)
		if len(c.forwarded()) > 0 {
			t.Error("something else was sent")
		}
		stuck("record names")
	})
}

func TestWhatThePlatformCannotOpenIsKept(t *testing.T) {
	readerShop(t, func(s *shop, r *swiper, c *centre) {
		c.refuse("opaque_unreadable")
		r.goOffline(cards())
		id := r.sells(700, "1111")
		r.acknowledge()
		r.goOnline()
		<-time.After(time.Minute)
		r.entries(1)
		s.status(s.payment(id), pos.ApprovedOffline)
		c.refuse("")
		s.until("the platform has it", func() bool { return len(c.forwarded()) == 1 })
		if state, _ := s.engine.VaultState(); len(state.Stuck) > 0 {
			t.Errorf("%+v", state)
		}
	})
}

func TestVelocityAndHotlistOverARestart(t *testing.T) {
	readerShop(t, func(s *shop, r *swiper, _ *centre) {
		limit := cards()
		limit.PerCard = &policy.PerCard{Count: 2, Amount: 1500, Window: 3600}
		r.goOffline(limit)
		s.status(s.outcome(r.sells(1000, "1111")), pos.ApprovedOffline)
		r.restart()
		p := s.outcome(r.sells(501, "1111"))
		s.status(p, pos.Declined)
		if p.Reason.Code != "offline_refused" {
			t.Errorf("%+v", p.Reason)
		}
		s.status(s.outcome(r.sells(500, "1111")), pos.ApprovedOffline)
		s.status(s.outcome(r.sells(1, "1111")), pos.Declined)
		s.status(s.outcome(r.sells(1500, "2222")), pos.ApprovedOffline)
		<-time.After(time.Hour + time.Minute)
		last := s.outcome(r.sells(1500, "1111"))
		s.status(last, pos.ApprovedOffline)

		if err := s.engine.TakePolicy(s.policy(policy.Document{Till: till, Epoch: s.journal.Head().Epoch, Version: 1000, IssuedAt: time.Now().UnixMilli(), Currency: "EUR",
			Default: policy.Allow, Limits: []policy.Limit{cards()}, Hotlist: &policy.Hotlist{Version: 1, IssuedAt: time.Now().UnixMilli(), MaxAge: 86400,
				Cards: []policy.CardHash{policy.CardHash(last.Decision.Card)}}})); err != nil {
			t.Fatal(err)
		}
		s.status(s.outcome(r.sells(1, "1111")), pos.Declined)
		s.status(s.outcome(r.sells(1, "2222")), pos.ApprovedOffline)
		if raw := last.Decision.Card; bytes.Contains(raw, []byte("1111")) || len(raw) != 16 {
			t.Errorf("%x", raw)
		}
	})
}

func TestACardBelongsToTheSaleThatWaitsForIt(t *testing.T) {
	readerShop(t, func(s *shop, r *swiper, _ *centre) {
		r.goOffline(cards())
		r.swipe("1111") // without a sale
		if text := s.device("swipe").Text; !strings.Contains(text, "without a sale") {
			t.Errorf("%q", text)
		}
		early := r.card("1111")
		early.At = time.Now()
		<-time.After(time.Second)
		p := s.begin(s.card(100))
		r.cards <- early // it was read before the sale
		synctest.Wait()
		s.status(s.payment(p.Intent.Payment), pos.Pending)
		r.swipe("1111")
		s.status(s.payment(p.Intent.Payment), pos.ApprovedOffline)
		r.swipe("1111") // once more
		r.entries(1)
		r.allWiped()
	})
}

func TestAReplayIsRefusedOverARestart(t *testing.T) {
	readerShop(t, func(s *shop, r *swiper, _ *centre) {
		r.goOffline(cards())
		first := r.card("1111")
		r.cards <- first
		synctest.Wait()
		r.restart()
		p := s.begin(s.card(100))
		again := r.card("1111")
		again.KSN = bytes.Clone(first.KSN)
		r.cards <- again
		synctest.Wait()
		s.status(s.payment(p.Intent.Payment), pos.Pending)
		if text := s.engine.Progress(p.Intent.Payment); !strings.Contains(text, "refused") {
			t.Errorf("%q", text)
		}
		r.swipe("1111")
		s.status(s.payment(p.Intent.Payment), pos.ApprovedOffline)
	})
}

func TestHowASaleEndsThatNoCardWasTakenFor(t *testing.T) {
	unreadable := pos.NewError("card_unreadable", pos.Transient, pos.NoneMoved, "The card was not read.", "Swipe it again.")
	inClear := pos.NewError("reader_in_clear", pos.Permanent, pos.NoneMoved, "The reader does not encrypt.", "Take it away.")
	for name, end := range map[string]struct {
		do     func(*shop, *swiper, pos.PaymentID)
		reason string
	}{
		"cancelled": {func(s *shop, r *swiper, id pos.PaymentID) {
			r.cards <- unreadable
			synctest.Wait()
			if p, err := s.engine.Cancel(id); err != nil || p.Status != pos.Cancelled {
				s.t.Errorf("%+v, %v", p, err)
			}
			r.swipe("1111") // too late
		}, "cancelled"},
		"unplugged": {func(_ *shop, r *swiper, _ pos.PaymentID) { r.pull(); r.plug() }, "device_unavailable"},
		"stopped":   {func(_ *shop, r *swiper, _ pos.PaymentID) { _ = r.unplug(); r.plug() }, "device_unavailable"},
		"used up": {func(_ *shop, r *swiper, _ pos.PaymentID) {
			r.cards <- pos.NewError("reader_keys_used_up", pos.Permanent, pos.NoneMoved, "The reader has no keys left.", "Have it filled.")
			<-r.ended
			r.stop = nil
			r.plug()
		}, "reader_keys_used_up"},
		"forgotten": {func(*shop, *swiper, pos.PaymentID) { <-time.After(2*time.Minute + 2*time.Second) }, "no_card"},
		"in clear":  {func(_ *shop, r *swiper, _ pos.PaymentID) { r.cards <- inClear; synctest.Wait() }, "reader_in_clear"},
		"restarted": {func(_ *shop, r *swiper, _ pos.PaymentID) { r.restart() }, "agent_restarted"},
	} {
		t.Run(name, func(t *testing.T) {
			readerShop(t, func(s *shop, r *swiper, c *centre) {
				request := s.card(100)
				id := s.begin(request).Intent.Payment
				end.do(s, r, id)
				p := s.outcome(id)
				s.status(p, pos.Cancelled)
				if p.Reason.Code != end.reason || len(c.calls()) > 0 && c.count(wire.OpAuthorise, id) > 0 {
					t.Errorf("%+v", p.Reason)
				}
				c.authorise = paysAfter(t, time.Second)
				next := s.begin(again(request)) // the reader sells on
				r.swipe("1111")
				s.status(s.outcome(next.Intent.Payment), pos.Approved)
			})
		})
	}
}

func TestAPromiseIsVoidedWhileNobodyElseKnowsOfIt(t *testing.T) {
	readerShop(t, func(s *shop, r *swiper, c *centre) {
		r.goOffline(cards())
		id, kept := r.sells(700, "1111"), r.sells(800, "2222")
		if p, _, err := s.engine.Void(id, "v", ""); err != nil || p.Status != pos.Voided {
			t.Fatalf("%+v, %v", p, err)
		}
		r.acknowledge()
		if _, _, err := s.engine.Void(kept, "v", ""); codeOf(err) != "not_refundable" {
			t.Error(err)
		}
		r.goOnline()
		r.entries(1)
		if len(c.forwarded()) != 1 || c.count(wire.OpCapture, id) > 0 {
			t.Errorf("%d blobs", len(c.forwarded()))
		}
	})
}
