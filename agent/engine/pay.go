package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/policy"
)

// Request asks for a payment. Order and attempt are its key: the same request again gives the same payment.
type Request struct {
	Order         pos.OrderRef
	Attempt       pos.Attempt
	Amount        pos.Money
	Tender        pos.Tender
	OrderAmount   *pos.Minor     // of the whole order, when several payments share it
	Device        pos.DeviceName // "" takes the first
	Tendered      *pos.Minor     // cash handed over, at least what is due in coins
	RequireOnline bool           // refuse rather than sell without the platform
	Scheme        string         // of a QR; "" takes the first that works now
	Code          string         // of a customer; "" waits for the scanner
	OrderEnds     time.Time      // zero for no end; a payment does not outlive its order
	Offline       policy.Choice  // what to do while the platform is away; "" is as the policy says
	Override      *Override      // of the offline policy, nil for none
	Reserve       bool           // hold the amount on a card and take nothing yet

	overridden *record.Override // the override once it is verified
}

// Pay begins a payment and returns it with what is durable: the intent, and for cash and for an amount of 0 the outcome too. created is false when the
// same request came before. After an error no money moves through this call.
func (e *Engine) Pay(r Request) (p *view.Payment, created bool, err error) {
	if err := e.check(&r); err != nil {
		return nil, false, err
	}
	defer e.orders.lock(r.Order)()
	key := pos.OrderKey{Order: r.Order, Attempt: r.Attempt}
	known, err := e.journal.Views().ByKey(key)
	if err != nil {
		return nil, false, err
	}
	if known != nil {
		if !sameRequest(&known.Intent, &r) || !e.sameCode(known, r.Code) {
			return nil, false, errConflict(key)
		}
		return known, false, nil
	}
	if err := e.notExpired(key); err != nil {
		return nil, false, err
	}
	mode := e.mode()
	defer e.oneOffline(mode)()
	if r.Tender == pos.Code || r.Tender == pos.QR {
		return e.begunOnline(&r, mode)
	}
	if r.Reserve {
		if err := e.canReserve(&r); err != nil {
			return nil, false, err
		}
	}
	if reader := e.reader(r.Device); r.Tender == pos.Card && reader != nil {
		return e.begunSwipe(reader, &r, mode)
	}
	if err := e.admit(&r, mode); err != nil {
		return nil, false, err
	}
	id, err := e.begin(&r, mode)
	if err != nil {
		return nil, false, err
	}
	p, err = e.Payment(id)
	return p, true, err
}

// check refuses what could never be a payment. It knows nothing of the till's present state: the same request gets past it again at any time, so that
// who asks again learns what became of his payment.
func (e *Engine) check(r *Request) error {
	if r.Attempt < 1 || r.Attempt > pos.MaxAttempt {
		return errNotSupported(fmt.Sprintf("Attempt %d is not between 1 and %d.", r.Attempt, pos.MaxAttempt), "Count the attempts of an order from 1.")
	}
	if err := r.Amount.CheckPayable(); err != nil {
		return err
	}
	if r.OrderAmount != nil && *r.OrderAmount < r.Amount.Amount {
		return errAmount("The payment is more than the whole order.", "Check amount and order_amount.")
	}
	if r.Tender != pos.Card {
		r.Device = "" // it means nothing then and is not kept, so that it is no difference when the request comes again
	}
	if r.Amount.Amount == 0 {
		r.Tender, r.Device, r.Tendered, r.Reserve, r.Scheme, r.Code = pos.None, "", nil, false, "", ""
		return nil
	}
	if r.Code != "" && r.Tender != pos.Code || r.Scheme != "" && r.Tender != pos.QR {
		return errRequest("A code belongs to tender code, a scheme to tender qr.", "Correct the request.")
	}
	if r.Reserve && r.Tender != pos.Card {
		return errNotSupported("Only on a card an amount can be held.", "Leave reserve out, or take tender card.")
	}
	return e.checkTendered(r)
}

// checkTendered says whether the cash handed over is enough for what is due in coins.
func (e *Engine) checkTendered(r *Request) error {
	switch due := e.CashDue(r.Amount); {
	case r.Tendered == nil:
		return nil
	case r.Tender != pos.Cash:
		return errAmount("Cash was handed over and the tender is not cash.", "Leave tendered out, or take tender cash.")
	case *r.Tendered < due.Amount || *r.Tendered > pos.MaxAmount:
		return errAmount(fmt.Sprintf("The cash handed over is not enough: %s are due.", due), "Check tendered; it is in minor units.").With("due", due.Amount)
	}
	return nil
}

// admit says whether a new payment may begin on this till now.
func (e *Engine) admit(r *Request, mode pos.Mode) error {
	switch {
	case !r.OrderEnds.IsZero() && !time.Now().Before(r.OrderEnds):
		return errRequest("The order has ended already.", "Check order_expires_at, or make a new order.")
	case r.Tender == pos.None && r.Amount.Amount == 0:
	case !slices.Contains(e.tenders, r.Tender):
		return errNotSupported(fmt.Sprintf("This till does not take the tender %q.", r.Tender), fmt.Sprintf("It takes %v.", e.tenders))
	case r.RequireOnline && mode != pos.Online:
		return pos.NewError("offline_refused", pos.Transient, pos.NoneMoved, "The platform cannot be reached and this sale requires it.",
			"Try again when the till is online, or sell without require_online.").With("rule", "require_online")
	}
	if err := e.mayCollect(r); err != nil {
		return err
	}
	if err := e.journal.MaySell(); err != nil {
		return err
	}
	return e.mayOffline(r, mode)
}

// sameRequest compares what was asked then and now. Which device and whether the platform was there is not part of the question.
func sameRequest(intent *record.Intent, r *Request) bool {
	return intent.Amount == r.Amount.Amount && intent.Currency == r.Amount.Currency && intent.Tender == r.Tender && intent.Reserve == r.Reserve &&
		sameMinor(intent.OrderAmount, r.OrderAmount) && sameMinor(intent.Tendered, r.Tendered) &&
		(r.Device == "" || r.Device == intent.Device) && (r.Scheme == "" || r.Scheme == intent.Scheme)
}

func sameMinor(a, b *pos.Minor) bool { return a == b || a != nil && b != nil && *a == *b }

// begin writes the intent and, for a card, hands the sale to the device.
func (e *Engine) begin(r *Request, mode pos.Mode) (pos.PaymentID, error) {
	intent := &record.Intent{Payment: pos.NewPaymentID(time.Now()), Order: r.Order, Attempt: r.Attempt, Amount: r.Amount.Amount,
		Currency: r.Amount.Currency, Tender: r.Tender, Mode: mode, OrderAmount: r.OrderAmount, Tendered: r.Tendered,
		Cashier: e.cashier(), Reserve: r.Reserve}
	if r.Tender == pos.Card {
		return intent.Payment, e.beginCard(intent, r)
	}
	due := r.Amount
	if r.Tender == pos.Cash {
		due = e.CashDue(r.Amount)
	}
	_, err := e.journal.Append(r.withOverride(intent, &record.Result{Payment: intent.Payment, Decision: drawn(intent.Amount, due.Amount, intent.Currency)},
		&record.Confirmed{Payment: intent.Payment})...)
	return intent.Payment, err
}

// beginCard reserves the device first, so that an intent is only written for a sale that can start.
func (e *Engine) beginCard(intent *record.Intent, r *Request) error {
	s, lease, err := e.reserve(r.Device)
	if err != nil {
		return err
	}
	intent.Device, intent.Before = s.name, s.before()
	if _, err := e.journal.Append(r.withOverride(intent)...); err != nil {
		s.release()
		return err
	}
	j := e.taskJob(sale{intent: intent})
	return e.start(s, lease, j)
}

// Cancel asks the device to stop a pending payment; the outcome still comes from the device. Cancelling an unknown payment frees its order and
// marks the payment as unwanted.
func (e *Engine) Cancel(id pos.PaymentID) (*view.Payment, error) {
	p, err := e.Payment(id)
	if err != nil {
		return nil, err
	}
	switch {
	case p.Status == pos.Pending && p.Intent.Device == "":
		return e.cancelOnline(p)
	case p.Status == pos.Pending && p.Intent.ByReader():
		return e.cancelSwipe(p)
	case p.Status == pos.Pending && !e.can(p.Intent.Device, drivers.Stopping):
		return nil, errCannotStop(p.Intent.Device)
	case p.Status == pos.Pending:
		e.mu.Lock()
		if j := e.running[id]; j != nil {
			e.stopped[id] = true
			j.stop()
		}
		e.mu.Unlock()
	case p.Status != pos.Unknown:
		return nil, errNotCancellable(p.Status)
	case !p.Unwanted:
		_, err := e.journal.Append(&record.Resolution{Payment: id, Status: pos.Unknown, Evidence: record.ByCashier, Unwanted: true,
			Reason: "unwanted", Text: "The cashier gave the payment up; should it turn out to be paid, it is to be reversed."})
		if err != nil {
			return e.overtaken(id, err)
		}
	}
	return e.Payment(id)
}

// CancelWished says whether the cashier wanted to stop a payment at the card terminal, which decided otherwise. It is forgotten with the agent.
func (e *Engine) CancelWished(id pos.PaymentID) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stopped[id]
}

// overtaken answers a cancellation that came while the device told the outcome: that outcome counts.
func (e *Engine) overtaken(id pos.PaymentID, cause error) (*view.Payment, error) {
	p, err := e.Payment(id)
	if err == nil && !p.Status.Open() {
		return nil, errNotCancellable(p.Status)
	}
	return nil, cause
}
