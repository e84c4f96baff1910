package scenario

import (
	"context"
	"time"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
)

// turn is a phone sale at the cashier's.
type turn struct {
	s       *phoneSale
	request request
	id      pos.PaymentID // zero until the till has answered
	leave   func()        // gives the scanner to the next customer
	scanned time.Time     // when the code was last held to the scanner
	busy    bool          // the trouble has come
}

// lookUp begins the payment, always with the same request, or asks for it.
func (y *day) lookUp(ctx context.Context, t *turn) (p api.Payment, err error) {
	if !t.id.IsZero() {
		return y.client.payment(ctx, t.id.String())
	}
	if t.request.Order == "" {
		if t.s.how.scanned { // one customer at a time is in front of the scanner
			y.counter.Lock()
			t.leave = y.counter.Unlock
		}
		t.request = t.s.request(time.Now())
	}
	if p, err = y.client.pay(ctx, t.request, 0); err == nil {
		t.id = p.ID
	}
	return p, err
}

// refusal says whether the till's refusal is final. Whoever did not answer is started again when it is dead.
func (y *day) refusal(ctx context.Context, t *turn, err error) (final bool, _ error) {
	switch codeOf(err) {
	case "":
		err := y.raise(ctx)
		return err != nil, err
	case "offline_refused":
		if t.s.how.offline && t.id.IsZero() {
			y.mu.Lock()
			y.witness.refused[t.s.order] = true
			y.mu.Unlock()
			return true, err
		}
		t.request = t.s.request(time.Now())
		return false, nil
	case "device_unavailable", "order_open":
		return false, nil
	case "request_invalid": // an order that has ended meanwhile cannot be asked for again by its request
		known, _ := y.client.ofOrder(ctx, string(t.s.order))
		if len(known) == 0 {
			t.request = t.s.request(time.Now())
			return t.s.how.life == 0, err
		}
		t.id = known[0].ID
		return false, nil
	}
	return true, err
}

// serve lets cashier and customer do what the payment waits for.
func (y *day) serve(ctx context.Context, t *turn, p *api.Payment) {
	if p.Next != nil && p.Next.Code == "scan_code" {
		if time.Since(t.scanned) > rescan {
			t.scanned = time.Now()
			y.show(ctx, t, p) // again when the till did not take it
		}
		return
	}
	t.leave()
	t.leave = func() {}
	if p.QR != nil && t.s.reference == "" {
		t.s.reference = referenceOf(p.QR.Payload)
		if t.s.how.transfer > 0 {
			y.transfer(t.s.reference, pos.Money{Amount: t.s.paid(), Currency: currency}, t.s.how.transfer)
		}
	}
	if !t.busy && t.customerIsBusy(p) {
		t.busy = y.disturb(ctx, t.s, p)
	}
}

// show holds the code to the scanner, or types it in. What went wrong is seen by the payment.
func (y *day) show(ctx context.Context, t *turn, p *api.Payment) {
	if t.s.how.typed {
		_, _ = y.client.giveCode(ctx, p.ID.String(), t.s.code)
		return
	}
	_ = y.scanner.Scan(t.s.code)
}

// customerIsBusy says whether the customer has begun to pay, or the till has lost sight of it.
func (t *turn) customerIsBusy(p *api.Payment) bool {
	switch {
	case t.s.how.trouble == givenUp:
		return p.Status == pos.Unknown
	case t.s.how.trouble == cashierStops && p.Status == pos.Unknown:
		return true
	case t.s.tender == pos.QR:
		return p.QR != nil
	}
	return t.s.beganAtAcquirer()
}

// beganAtAcquirer says whether the acquirer has been asked.
func (s *phoneSale) beganAtAcquirer() bool {
	select {
	case <-s.asked:
		return true
	default:
		return false
	}
}
