package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/qr/code"
	"github.com/tillproof/tillproof/qr/payload"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/wire"
)

// begunOnline begins a payment that a customer makes with a phone. The path is chosen here, before anything can leave, and does not change (law 7).
func (e *Engine) begunOnline(r *Request, mode pos.Mode) (*view.Payment, bool, error) {
	if err := e.admit(r, mode); err != nil {
		return nil, false, err
	}
	intent := &record.Intent{Payment: pos.NewPaymentID(time.Now()), Order: r.Order, Attempt: r.Attempt, Amount: r.Amount.Amount,
		Currency: r.Amount.Currency, Tender: r.Tender, Mode: mode, OrderAmount: r.OrderAmount, Cashier: e.cashier()}
	if !r.OrderEnds.IsZero() {
		intent.OrderEnds = r.OrderEnds.UnixMilli()
	}
	begin := e.beginCode
	if r.Tender == pos.QR {
		begin = e.beginQR
	}
	if err := begin(intent, r); err != nil {
		return nil, false, err
	}
	p, err := e.Payment(intent.Payment)
	return p, true, err
}

// beginCode writes the intent. With a code it is handed to the platform at once, else it waits for the scanner: one payment at a time, so that nobody
// pays for somebody else.
func (e *Engine) beginCode(intent *record.Intent, r *Request) error {
	if intent.Mode != pos.Online {
		return errCodeOffline()
	}
	e.coding.Lock()
	defer e.coding.Unlock()
	if r.Code != "" {
		return e.submit(intent, nil, r.Code)
	}
	waiting, err := e.waiting()
	if err != nil {
		return err
	}
	if waiting != nil {
		return pos.NewError("code_awaited", pos.Transient, pos.NoneMoved,
			fmt.Sprintf("Order %s is waiting for a customer's code already.", waiting.Intent.Order), "Scan that customer's code first, or cancel that payment.").
			With("payment", waiting.Intent.Payment)
	}
	_, err = e.journal.Append(intent)
	return err
}

// submit makes durable that a code was presented, together with the intent unless that is durable already (then raw are its bytes), and hands it to the
// platform. The caller holds coding: a code is good for one payment.
func (e *Engine) submit(intent *record.Intent, raw []byte, text string) error {
	text = code.Trim(text)
	shown, err := e.present(intent.Payment, text)
	if err != nil {
		return err
	}
	bodies := []record.Body{shown}
	if raw == nil {
		bodies = []record.Body{intent, shown}
	}
	records, err := e.journal.Append(bodies...)
	if err != nil {
		return err
	}
	if raw == nil {
		raw = records[0].Raw
	}
	e.recent.add(shown.CodeHash, records[len(records)-1].Times.Wall)
	return e.handOver(ask{payment: intent.Payment, op: wire.OpAuthorise, intent: raw, scheme: shown.Scheme, code: text, deadline: remaining(intent)})
}

func errCodeOffline() error {
	return errOffline("code_online_only", "A customer's code is good for one minute and one payment, and only the platform can collect it; it cannot be reached now.")
}

// GiveCode gives a waiting payment the customer's code. Errors say why not; the payment then still waits, and nothing moved.
func (e *Engine) GiveCode(id pos.PaymentID, text string) (*view.Payment, error) {
	p, err := e.Payment(id)
	if err != nil {
		return nil, err
	}
	defer e.orders.lock(p.Intent.Order)()
	if p, err = e.Payment(id); err != nil {
		return nil, err
	}
	switch {
	case p.Intent.Tender == pos.Code && p.Presented != nil && e.sameCode(p, text):
		return p, nil
	case p.Intent.Tender != pos.Code || p.Presented != nil || p.Status != pos.Pending:
		return nil, errRequest(fmt.Sprintf("The payment is %s and does not wait for a code.", p.Status), "Ask for the payment to see what it waits for.")
	case e.mode() != pos.Online:
		return nil, errCodeOffline()
	}
	raw, err := e.intentOf(p)
	if err != nil {
		return nil, err
	}
	e.coding.Lock()
	defer e.coding.Unlock()
	if err := e.submit(&p.Intent, raw, text); err != nil {
		return nil, err
	}
	return e.Payment(id)
}

// beginQR writes the intent, and for a QR of the till's own what is shown in the same commit.
func (e *Engine) beginQR(intent *record.Intent, r *Request) error {
	q, err := e.chooseQR(r.Scheme, intent.Mode)
	if err != nil {
		return err
	}
	intent.Scheme, intent.Source = q.Scheme, q.Source
	end := time.Now().Add(q.TTL)
	if !r.OrderEnds.IsZero() && r.OrderEnds.Before(end) {
		end = r.OrderEnds
	}
	if q.Source == record.FromPlatform {
		records, err := e.journal.Append(intent)
		if err != nil {
			return err
		}
		return e.handOver(ask{payment: intent.Payment, op: wire.OpIssueQR, intent: records[0].Raw, scheme: q.Scheme, deadline: time.Until(end)})
	}
	text, reference, err := q.Make(r.Amount, payload.Reference(e.opts.Till, e.nextReference()))
	if err != nil {
		return errAmount("The QR scheme "+q.Scheme+" cannot ask for this: "+err.Error(), "Take another scheme or tender.")
	}
	_, err = e.journal.Append(r.withOverride(intent,
		&record.Presented{Payment: intent.Payment, Scheme: q.Scheme, QR: text, Reference: reference, ExpiresAt: end.UnixMilli()})...)
	return err
}

// chooseQR finds the scheme that was asked for, or the first that works in this mode.
func (e *Engine) chooseQR(scheme string, mode pos.Mode) (*QR, error) {
	refused := errNotSupported("This till shows no payment QR.", "Add one to `qr` in its configuration.")
	if scheme != "" {
		refused = errNotSupported(fmt.Sprintf("This till shows no QR of the scheme %q.", scheme), "GET /v1/status lists its schemes.")
	}
	for i := range e.opts.QR {
		q := &e.opts.QR[i]
		switch {
		case scheme != "" && q.Scheme != scheme:
		case q.Source == record.FromPlatform && mode != pos.Online:
			refused = errOffline("qr_online_only", "Only the platform can issue this QR, and it cannot be reached now.")
		default:
			return q, nil
		}
	}
	return nil, refused
}

// waiting is the payment that waits for a customer's code, nil when none does.
func (e *Engine) waiting() (*view.Payment, error) {
	open, err := e.journal.Views().Open()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(open, func(p *view.Payment) bool {
		return p.Intent.Tender == pos.Code && p.Status == pos.Pending && p.Presented == nil
	})
	if i < 0 {
		return nil, nil
	}
	return open[i], nil
}

// cancelOnline stops a payment that a customer is busy with. Before a code was read nothing has left. After that only the platform can end it; when it
// cannot be asked, the order is freed and what comes after all is given back.
func (e *Engine) cancelOnline(p *view.Payment) (*view.Payment, error) {
	defer e.orders.lock(p.Intent.Order)()
	p, err := e.Payment(p.Intent.Payment)
	if err != nil {
		return nil, err
	}
	id := p.Intent.Payment
	switch {
	case p.Status != pos.Pending:
		return p, nil
	case p.Intent.Tender == pos.Code && p.Presented == nil:
		_, err = e.journal.Append(&record.Resolution{Payment: id, Status: pos.Cancelled, Evidence: record.ByCashier, Reason: "cancelled",
			Text: "The cashier stopped before a code was read."})
	case e.opts.Platform != nil && e.opts.Platform.Answering() && (byPlatform(p) || e.heldByPlatform(p)):
		err = e.handOver(ask{payment: id, op: wire.OpCancel})
	default:
		err = e.giveUp(id, "The cashier gave the payment up while the platform could not be asked; what comes after all is given back.")
	}
	if err != nil {
		return nil, err
	}
	return e.Payment(id)
}

// giveUp frees the order of a payment whose outcome nobody knows.
func (e *Engine) giveUp(id pos.PaymentID, text string) error {
	_, err := e.journal.Append(&record.Resolution{Payment: id, Status: pos.Unknown, Evidence: record.ByCashier, Unwanted: true, Reason: "unwanted", Text: text})
	return err
}

// heldByPlatform says whether the platform has the payment's records, so that it knows of a QR that the till made.
func (e *Engine) heldByPlatform(p *view.Payment) bool {
	acked := e.journal.Acked()
	return p.Epoch == acked.Epoch && p.Seq <= acked.Seq
}

// remaining is how long the order still lives, 0 for the wallet's own time.
func remaining(intent *record.Intent) time.Duration {
	if intent.OrderEnds == 0 {
		return 0
	}
	return max(time.Second, time.Until(time.UnixMilli(intent.OrderEnds)))
}
