package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// Request asks for a payment. Order and attempt are its key: the same request again gives the same payment.
type Request struct {
	Order         pos.OrderRef
	Attempt       pos.Attempt
	Amount        pos.Money
	Tender        pos.Tender
	OrderAmount   *pos.Minor     // of the whole order, when several payments share it
	Device        pos.DeviceName // "" takes the first
	Tendered      *pos.Minor     // cash handed over, at least Amount
	RequireOnline bool           // refuse rather than sell without the platform
	Scheme        string         // of a QR; "" takes the first that works now
	Code          string         // of a customer; "" waits for the scanner
	OrderEnds     time.Time      // zero for no end; a payment does not outlive its order
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
	mode := e.mode()
	if r.Tender == pos.Code || r.Tender == pos.QR {
		return e.begunOnline(&r, mode)
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
	if r.Amount.Amount == 0 {
		r.Tender, r.Device, r.Tendered = pos.None, "", nil
		return nil
	}
	if r.Code != "" && r.Tender != pos.Code || r.Scheme != "" && r.Tender != pos.QR {
		return errRequest("A code belongs to tender code, a scheme to tender qr.", "Correct the request.")
	}
	if r.Tendered != nil && (r.Tender != pos.Cash || *r.Tendered < r.Amount.Amount || *r.Tendered > pos.MaxAmount) {
		return errAmount("The cash handed over is not enough for the amount, or the tender is not cash.", "Check tendered; it is in minor units.")
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
	return e.journal.MaySell()
}

// sameRequest compares what was asked then and now. Which device and whether the platform was there is not part of the question.
func sameRequest(intent *record.Intent, r *Request) bool {
	return intent.Amount == r.Amount.Amount && intent.Currency == r.Amount.Currency && intent.Tender == r.Tender &&
		sameMinor(intent.OrderAmount, r.OrderAmount) && sameMinor(intent.Tendered, r.Tendered) &&
		(r.Device == "" || r.Device == intent.Device) && (r.Scheme == "" || r.Scheme == intent.Scheme)
}

func sameMinor(a, b *pos.Minor) bool { return a == b || a != nil && b != nil && *a == *b }

// mayCollect keeps an order from being charged twice: every other attempt must have ended without money, or be given up, or be a part payment
// that leaves room for this one in the order's amount. Later attempts count too: somebody may have lost count and gone back.
func (e *Engine) mayCollect(r *Request) error {
	attempts, err := e.journal.Views().Attempts(r.Order)
	if err != nil {
		return err
	}
	var taken pos.Money
	for _, other := range attempts {
		if other.Status.Uncharged() || other.Unwanted {
			continue
		}
		if !other.Status.Taken() || r.OrderAmount == nil || other.Intent.Currency != r.Amount.Currency {
			return errOrderOpen(r.Order, other.Intent.Attempt, other.Status)
		}
		taken.Currency = r.Amount.Currency
		if taken, err = taken.Add(other.Taken()); err != nil {
			return err
		}
	}
	if r.OrderAmount != nil && taken.Amount > *r.OrderAmount-r.Amount.Amount {
		return errAmount(fmt.Sprintf("%s of the order are paid already; this payment would be more than the rest.", taken), "Ask for the rest of the order only.")
	}
	return nil
}

// begin writes the intent and, for a card, hands the sale to the device.
func (e *Engine) begin(r *Request, mode pos.Mode) (pos.PaymentID, error) {
	intent := &record.Intent{Payment: pos.NewPaymentID(time.Now()), Order: r.Order, Attempt: r.Attempt, Amount: r.Amount.Amount,
		Currency: r.Amount.Currency, Tender: r.Tender, Mode: mode, OrderAmount: r.OrderAmount, Tendered: r.Tendered}
	if r.Tender == pos.Card {
		return intent.Payment, e.beginCard(intent, r.Device)
	}
	_, err := e.journal.Append(intent,
		&record.Result{Payment: intent.Payment, Decision: record.Decision{Status: pos.Approved, Amount: intent.Amount, Currency: intent.Currency}},
		&record.Confirmed{Payment: intent.Payment})
	return intent.Payment, err
}

// beginCard reserves the device first, so that an intent is only written for a sale that can start.
func (e *Engine) beginCard(intent *record.Intent, device pos.DeviceName) error {
	s, lease, err := e.reserve(device)
	if err != nil {
		return err
	}
	intent.Device, intent.Before = s.name, s.before()
	if _, err := e.journal.Append(intent); err != nil {
		s.release()
		return err
	}
	return e.start(s, lease, &job{payment: intent.Payment, amount: pos.Money{Amount: intent.Amount, Currency: intent.Currency},
		run: e.run, unsent: e.notSent})
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
	case p.Status == pos.Pending:
		e.mu.Lock()
		if j := e.running[id]; j != nil {
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

// overtaken answers a cancellation that came while the device told the outcome: that outcome counts.
func (e *Engine) overtaken(id pos.PaymentID, cause error) (*view.Payment, error) {
	p, err := e.Payment(id)
	if err == nil && !p.Status.Open() {
		return nil, errNotCancellable(p.Status)
	}
	return nil, cause
}
