package engine

import (
	"context"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/wire"
)

// Platform answers calls; *calls.Caller is one. It is safe for concurrent use.
type Platform interface {
	// Ask sends a call once and returns the first answer. calls.ErrAway proves that it was not sent; any other error leaves that open.
	Ask(ctx context.Context, call *wire.Call) (*wire.Reply, error)
	// Connected says whether a call could leave now, Answering also whether the last one was answered.
	Connected() bool
	Answering() bool
	// Changed gets a value when one of these two may have changed.
	Changed() <-chan struct{}
	// News gets outcomes that nobody waits for.
	News() <-chan wire.Outcome
}

// QR is a way to be paid by a QR that the customer scans.
type QR struct {
	Scheme string
	Source record.Source
	TTL    time.Duration // how long the QR is shown
	// Make writes the payload of a QR that the till makes itself, under a reference of 12 characters, and says how the reference stands in it: so it
	// will come with the money. It fails when the scheme cannot carry the amount.
	Make func(amount pos.Money, reference string) (payload, carried string, err error)
}

// Live is what the platform last said of a payment that a customer is busy with. It is gone after a restart until the platform is asked again.
type Live struct {
	Text   string // what the wallet waits for, for the cashier
	EndsAt int64  // when the wallet's own time ends, milliseconds since 1970-01-01 UTC; 0 when not known
}

// Live tells what the customer is busy with; the zero Live when nothing is known.
func (e *Engine) Live(id pos.PaymentID) Live {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.live[id]
}

func (e *Engine) setLive(o *wire.Outcome) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.unsure, o.Payment)
	if o.Status == pos.Pending {
		e.live[o.Payment] = Live{Text: o.Text, EndsAt: o.ExpiresAt}
	} else {
		delete(e.live, o.Payment)
		delete(e.givenUp, o.Payment)
	}
}

// isUnsure says whether the platform may never have heard of a payment.
func (e *Engine) isUnsure(id pos.PaymentID) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.unsure[id]
}

func (e *Engine) setUnsure(id pos.PaymentID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.unsure[id] = true
}

// byPlatform says whether a payment was, or may have been, handed to the platform by a call.
func byPlatform(p *view.Payment) bool {
	switch p.Intent.Tender {
	case pos.Code:
		return p.Presented != nil
	case pos.QR:
		return p.Intent.Source == record.FromPlatform
	case pos.Card:
		return p.Intent.ByReader() && p.Presented != nil
	}
	return false
}

// waitsForCustomer says whether a payment is pending because a customer has not acted: a restart of the till changes nothing about that.
func waitsForCustomer(p *view.Payment) bool {
	switch p.Intent.Tender {
	case pos.Code:
		return p.Presented == nil
	case pos.QR:
		return true
	case pos.Card:
		return waitsForSwipe(p)
	}
	return false
}
