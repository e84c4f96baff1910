package engine

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/vault"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/policy"
	"github.com/tillproof/tillproof/sync/wire"
)

// begunSwipe begins a card payment through a reader that encrypts: the intent is durable, then the reader is armed for it. Online or offline is chosen here,
// before anything is read, and does not change (law 7).
func (e *Engine) begunSwipe(r *reader, request *Request, mode pos.Mode) (*view.Payment, bool, error) {
	if err := e.admit(request, mode); err != nil {
		return nil, false, err
	}
	if err := e.maySwipe(mode); err != nil {
		return nil, false, err
	}
	lease, err := r.reserve()
	if err != nil {
		return nil, false, err
	}
	intent := &record.Intent{Payment: pos.NewPaymentID(time.Now()), Order: request.Order, Attempt: request.Attempt, Amount: request.Amount.Amount,
		Currency: request.Amount.Currency, Tender: pos.Card, Mode: mode, OrderAmount: request.OrderAmount, Device: r.name, Scheme: record.CardReader,
		Cashier: e.cashier()}
	if !request.OrderEnds.IsZero() {
		intent.OrderEnds = request.OrderEnds.UnixMilli()
	}
	if _, err := e.journal.Append(request.withOverride(intent)...); err != nil {
		r.release()
		return nil, false, err
	}
	if !r.arm(&waiter{payment: intent.Payment, order: intent.Order, amount: request.Amount}, lease) {
		why := reason{"device_unavailable", "The wire of the card reader failed; nothing was taken."}
		if _, err := e.journal.Append(&record.Resolution{Payment: intent.Payment, Status: pos.Cancelled, Evidence: record.ByNotSent, Reason: why.code, Text: why.text}); err != nil {
			return nil, false, err
		}
	}
	p, err := e.Payment(intent.Payment)
	return p, true, err
}

// maySwipe says whether a card may be taken through a reader at all. A promise without the issuer needs a policy that speaks of cards and a clock that is
// believed; everything needs a key of the platform to seal to.
func (e *Engine) maySwipe(mode pos.Mode) error {
	switch d := e.inForce(); {
	case !e.opts.Sealer.Ready():
		return pos.NewError("not_supported", pos.Transient, pos.NoneMoved, "The till does not know yet which key of the platform card data are sealed to.",
			"Let the till talk to its platform once, or take another tender.")
	case mode == pos.Online:
		return nil
	case d == nil || !d.Covers(pos.Card):
		return errPolicy(&policy.Refusal{Rule: policy.RuleUnset})
	case e.journal.ClockDoubted():
		return errOffline("clock_doubted", "The till's clock is not believed, and an offline approval rests on it.")
	}
	return nil
}

// waitsForSwipe says whether nothing was read for a payment through a reader yet.
func waitsForSwipe(p *view.Payment) bool {
	return p.Intent.ByReader() && p.Status == pos.Pending && p.Presented == nil
}

// cancelSwipe stops a payment through a reader. Before a card was read nothing has left; after that it is a payment that the platform carries out.
func (e *Engine) cancelSwipe(p *view.Payment) (*view.Payment, error) {
	if p.Presented != nil {
		return e.cancelOnline(p)
	}
	if r := e.reader(p.Intent.Device); r != nil {
		r.disarmFor(p.Intent.Payment)
	}
	e.endSwipe(&waiter{payment: p.Intent.Payment, order: p.Intent.Order}, reason{"cancelled", "The cashier stopped before a card was read; nothing was taken."})
	p, err := e.Payment(p.Intent.Payment)
	switch {
	case err != nil || p.Status == pos.Cancelled || waitsForSwipe(p):
		return p, err
	case p.Status == pos.Pending: // a card was read at this very moment
		return e.cancelOnline(p)
	}
	return nil, errNotCancellable(p.Status)
}

// endSwipes ends the payments that waited for a card when the last life of the agent ended: the journal proves that nothing was taken for them.
func (e *Engine) endSwipes() error {
	open, err := e.journal.Views().Open()
	if err != nil {
		return err
	}
	for _, p := range open {
		if !waitsForSwipe(p) {
			continue
		}
		_, err := e.journal.Append(&record.Resolution{Payment: p.Intent.Payment, Status: pos.Cancelled, Evidence: record.ByRestart, Reason: "agent_restarted",
			Text: "The till was restarted before a card was taken; nothing was taken."})
		if err != nil {
			return err
		}
	}
	return nil
}

// swiped takes a card that was read. It belongs to the sale that waited when it was read, and to nobody else. The caller wipes it.
func (e *Engine) swiped(r *reader, s *drivers.Swipe) {
	w := r.taker(s.At)
	if err := e.opts.Vault.Advance(s.Reader, s.KSN); err != nil {
		e.log.Error("a card was refused and wiped: its key serial number is not new, or cannot be noted", "device", r.name, "error", err)
		r.say("This swipe is refused: the reader's counter is not new. Swipe again; when it comes back, have the reader looked at.")
		return
	}
	if w == nil {
		e.log.Warn("a card was swiped without a sale and wiped", "device", r.name)
		r.say("A card was swiped without a sale: nothing was taken. Begin the sale, then swipe.")
		return
	}
	defer e.orders.lock(w.order)()
	p, err := e.Payment(w.payment)
	switch {
	case err == nil && !waitsForSwipe(p):
		err = fmt.Errorf("the payment is %s", p.Status)
	case err == nil && p.Intent.Mode == pos.Online:
		err = e.authoriseSwipe(p, s)
	case err == nil:
		err = e.approveOffline(p, s)
	}
	if err != nil {
		e.log.Error("a card was read and wiped; nothing was taken for it", "device", r.name, "payment", w.payment, "error", err)
	}
	r.disarmFor(w.payment)
}

// seal closes a swipe for a payment.
func (e *Engine) seal(p *view.Payment, s *drivers.Swipe) ([]byte, error) {
	return e.opts.Sealer.Seal(&wire.Swipe{Format: s.Format, Opaque: s.Opaque, Reader: s.Reader, KSN: s.KSN, BIN: s.BIN, Last4: s.Last4}, p.Intent.Payment)
}

// unsealed ends a payment whose card data could not be kept or sealed.
func (e *Engine) unsealed(p *view.Payment, cause error) error {
	e.log.Error("card data could not be kept", "payment", p.Intent.Payment, "error", cause)
	_, err := e.journal.Append(&record.Resolution{Payment: p.Intent.Payment, Status: pos.Cancelled, Evidence: record.ByNotSent, Reason: "vault_unusable",
		Text: "The till could not keep the card's data safely, so nothing was taken. Take another tender."})
	return err
}

// authoriseSwipe hands a card to the platform. It is sealed and lives in memory only; the journal says that it leaves, and not what.
func (e *Engine) authoriseSwipe(p *view.Payment, s *drivers.Swipe) error {
	raw, err := e.intentOf(p)
	if err != nil {
		return err
	}
	sealed, err := e.seal(p, s)
	if err != nil {
		return e.unsealed(p, err)
	}
	_, err = e.journal.Append(&record.Presented{Payment: p.Intent.Payment, Scheme: record.CardReader, Brand: s.Brand, Last4: s.Last4, Entry: s.Entry})
	if err != nil {
		return err
	}
	return e.handOver(ask{payment: p.Intent.Payment, op: wire.OpAuthorise, intent: raw, scheme: record.CardReader, opaque: sealed, deadline: remaining(&p.Intent)})
}

// approveOffline promises a payment without the issuer, if the policy allows it with this card. The card's data are in the vault before the record that names
// them is written: a till that dies in between has an entry too many, which the next start erases, and never an approval that nothing can be collected for.
func (e *Engine) approveOffline(p *view.Payment, s *drivers.Swipe) error {
	e.judging.Lock()
	defer e.judging.Unlock()
	card := cardHash(e.opts.CardKey, s)
	refused, err := e.judgeCard(p, card)
	if err != nil {
		return err
	}
	if refused != nil {
		text, _ := policyWords(refused)
		_, err := e.journal.Append(&record.Resolution{Payment: p.Intent.Payment, Status: pos.Declined, Evidence: record.ByNotSent, Reason: "offline_refused", Text: text})
		return err
	}
	sealed, err := e.seal(p, s)
	if err != nil {
		return e.unsealed(p, err)
	}
	hash, err := e.opts.Vault.Put(p.Intent.Payment, sealed)
	if err != nil {
		return e.unsealed(p, err)
	}
	_, err = e.journal.Append(&record.Result{Payment: p.Intent.Payment, Decision: offlineDecision(p, s, hash, card)}, &record.Confirmed{Payment: p.Intent.Payment})
	return err // without the record the entry is erased at the next look
}

// offlineDecision is what the journal keeps of a promise: the entry's hash, and nothing of what is in it.
func offlineDecision(p *view.Payment, s *drivers.Swipe, hash vault.Hash, card policy.CardHash) record.Decision {
	d := record.Decision{Status: pos.ApprovedOffline, Amount: p.Intent.Amount, Currency: p.Intent.Currency, Brand: s.Brand, Last4: s.Last4, Entry: s.Entry,
		Sealed: hash[:]}
	if card != (policy.CardHash{}) {
		d.Card = card[:]
	}
	return d
}
