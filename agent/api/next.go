package api

import (
	"cmp"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/view"
)

// now is what device and platform say of a payment that is under way; no record holds it.
type now struct {
	text   string // what the device or the wallet shows
	ends   int64  // end of the customer's time, milliseconds since 1970-01-01 UTC, 0 when not known
	online bool   // the platform answers
}

func (s *server) now(p *view.Payment) now {
	if !p.Status.Open() {
		return now{}
	}
	live := s.Engine.Live(p.Intent.Payment)
	n := now{text: cmp.Or(s.Engine.Progress(p.Intent.Payment), live.Text), ends: live.EndsAt, online: s.Sync.Mode().Name == string(pos.Online)}
	if n.ends == 0 && p.Presented != nil {
		n.ends = p.Presented.ExpiresAt
	}
	return n
}

// next is the cashier's exact next step, nil when there is nothing to do. Screens translate by the code.
func next(p *view.Payment, n now) *Words {
	switch {
	case p.Status == pos.Pending:
		return pending(p, n)
	case p.Status == pos.Unknown:
		return unknown(p)
	case p.Status == pos.RefundDue:
		return &Words{"refund", "The money came after the payment had ended. The platform gives it back by itself."}
	case p.Status.Taken() && p.Unwanted && p.Intent.Tender == pos.Card:
		return &Words{"refund", "The order was freed before this payment turned out to be paid: refund it at the card terminal."}
	case p.Status.Taken() && p.Unwanted:
		return &Words{"refund", "The order was freed before this payment turned out to be paid. The platform gives the money back by itself."}
	case p.Status == pos.Refunded || p.Status == pos.Voided:
		return &Words{"retry", "The customer has the money back. Try again, or take another tender."}
	case p.Status.Uncharged():
		return &Words{"retry", "Nothing was charged. Try again, or take another tender."}
	}
	return nil
}

// pending says what a payment waits for.
func pending(p *view.Payment, n now) *Words {
	shown := p.Presented != nil
	switch tender := p.Intent.Tender; {
	case tender == pos.Code && !shown:
		return &Words{"scan_code", "Scan the code on the customer's phone."}
	case tender == pos.Code:
		return &Words{"wait_customer", cmp.Or(n.text, "Wait for the customer's wallet.")}
	case tender == pos.QR && !shown:
		return &Words{"wait", "The platform is asked for the QR code."}
	case tender == pos.QR && n.online:
		return &Words{"customer_pays", cmp.Or(n.text, "The customer scans the QR code and pays.")}
	case tender == pos.QR:
		return &Words{"not_confirmed", "Presented, not confirmed: the till is offline and will learn later whether the customer has paid."}
	}
	return &Words{"wait", cmp.Or(n.text, "Wait for the card terminal.")}
}

// unknown says who is asked. Nobody charges again meanwhile.
func unknown(p *view.Payment) *Words {
	card := p.Intent.Tender == pos.Card
	switch {
	case card && p.Unwanted:
		return &Words{"wait_terminal", "Given up. The card terminal is still asked; a payment that turns up is to be refunded."}
	case card:
		return &Words{"wait_terminal", "Do not charge again. The card terminal is asked what became of the payment."}
	case p.Unwanted:
		return &Words{"wait_platform", "Given up. The platform is still asked; money that turns up is given back."}
	}
	return &Words{"wait_platform", "Do not charge again. The platform is asked what became of the payment."}
}
