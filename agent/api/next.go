package api

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// now is what device and platform say of a payment that is under way; no record holds it.
type now struct {
	text   string // what the device or the wallet shows
	ends   int64  // end of the customer's time, milliseconds since 1970-01-01 UTC, 0 when not known
	online bool   // the platform answers
	doubt  engine.Doubt
	late   bool               // the cashier wanted to stop it, and it was paid all the same
	lacks  []drivers.Function // of the card terminal that took it
}

func (s *server) now(p *view.Payment) now {
	id := p.Intent.Payment
	n := now{late: p.Status.Taken() && s.Engine.CancelWished(id), lacks: s.Drivers[p.Intent.Device].Lacks}
	if !p.Status.Open() && !p.Unfinished() {
		return n
	}
	n.text, n.online, n.doubt = s.Engine.Progress(id), s.Sync.Mode().Name == string(pos.Online), s.Engine.Doubt(id)
	if !p.Status.Open() {
		return n
	}
	live := s.Engine.Live(id)
	n.text, n.ends = cmp.Or(n.text, live.Text), live.EndsAt
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
		return unknown(p, n)
	case p.Status == pos.RefundDue:
		return &Words{"refund", "The money came after the payment had ended. The platform gives it back by itself."}
	case p.Status == pos.ForwardDeclined && !p.Unfinished():
		return collect(p.Again, time.Now())
	case released(p):
		return &Words{"retry", "Nothing was charged, and the amount is not held any more. Try again, or take another tender."}
	case p.Status == pos.Refunded || p.Status == pos.Voided:
		return &Words{"retry", "The customer has the money back. Try again, or take another tender."}
	case p.Status.Uncharged():
		return &Words{"retry", "Nothing was charged. Try again, or take another tender."}
	}
	if step := nextOperation(p, n); step != nil {
		return step
	}
	if p.Status == pos.Reserved {
		return onHold(p)
	}
	return taken(p, n)
}

// takeBack is how the customer of a payment gets the money back, in a word for sentences.
func (n now) takeBack() string {
	if slices.Contains(n.lacks, drivers.Voiding) {
		return "refund"
	}
	return "void"
}

// taken says what is to be done with money that came and is not wanted.
func taken(p *view.Payment, n now) *Words {
	byHand := p.Intent.Tender == pos.Card && !p.Intent.ByReader() || p.Intent.Tender == pos.Cash
	switch {
	case !p.Status.Taken():
		return nil
	case p.Unwanted && byHand:
		return &Words{"refund", "The order was freed before this payment turned out to be paid: " + n.takeBack() + " it, so that the customer gets the money back."}
	case p.Unwanted:
		return &Words{"refund", "The order was freed before this payment turned out to be paid. The platform gives the money back by itself."}
	case n.late && p.Returned == 0:
		return &Words{"cancel_too_late", "The customer had paid before the card terminal could stop. Hand the goods over, or " + n.takeBack() + " the payment."}
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
	case tender == pos.Card && p.Intent.ByReader() && !shown:
		return &Words{"swipe_card", cmp.Or(n.text, "Swipe the card.")}
	case tender == pos.Card && p.Intent.ByReader():
		return &Words{"wait", cmp.Or(n.text, "The platform asks the card's issuer.")}
	case tender == pos.QR:
		return &Words{"not_confirmed", "Presented, not confirmed: the till is offline and will learn later whether the customer has paid."}
	}
	text := cmp.Or(n.text, "Wait for the card terminal.")
	if slices.Contains(n.lacks, drivers.Stopping) {
		text += " To stop, press the cancel key of the card terminal."
	}
	return &Words{"wait", text}
}

// unknown says who is asked. Nobody charges again meanwhile.
func unknown(p *view.Payment, n now) *Words {
	card := p.Intent.Tender == pos.Card && !p.Intent.ByReader()
	switch {
	case p.Evidence == record.Abandoned:
		return &Words{"given_up", "A supervisor gave the search up. Money that turns up is to be given back."}
	case card && p.Unwanted:
		return asked(n, "Given up.", "The card terminal is still asked; a payment that turns up is to be voided.")
	case card:
		return asked(n, "Do not charge again.", "The card terminal is asked what became of the payment.")
	case p.Unwanted:
		return &Words{"wait_platform", "Given up. The platform is still asked; money that turns up is given back."}
	}
	return &Words{"wait_platform", "Do not charge again. The platform is asked what became of the payment."}
}

// asked is how far the question to a card terminal has come.
func asked(n now, first, question string) *Words {
	switch d := n.doubt; {
	case d.Again > 0:
		return &Words{"wait_terminal", fmt.Sprintf("%s The card terminal may still change it by itself; it is asked again in %d seconds.",
			first, seconds(d.Again))}
	case d.Stuck:
		return &Words{"resolve", fmt.Sprintf("%s The card terminal cannot tell (%s). A supervisor decides by its slip or journal, or ask it once more.",
			first, strings.TrimRight(d.Answer, ". "))}
	}
	return &Words{"wait_terminal", first + " " + question}
}

// seconds rounds up to fives, so that the sentence does not change each second.
func seconds(d time.Duration) int {
	const step = 5 * time.Second
	return int((d + step - 1) / step * step / time.Second)
}

// nextOperation says what is to be done about the last operation, nil when it is simply done.
func nextOperation(p *view.Payment, n now) *Words {
	if len(p.Operations) == 0 {
		return nil
	}
	o := &p.Operations[len(p.Operations)-1]
	if i := slices.IndexFunc(p.Operations, func(o view.Operation) bool { return o.Open() && o.Evidence != record.Abandoned }); i >= 0 {
		o = &p.Operations[i]
	}
	atTerminal := o.Request.Tender == pos.Card && o.Request.What != pos.Capture && !p.Intent.ByReader()
	switch {
	case p.Status == pos.Reserved:
		return nextOfHeld(o, n)
	case o.State == pos.OperationRequested && atTerminal:
		return &Words{"wait", cmp.Or(n.text, "Wait for the card terminal: the money goes back.")}
	case o.State == pos.OperationUnknown && o.Evidence == record.Abandoned:
		return &Words{"given_up", "A supervisor gave the search for the last refund up. It may have reached the customer: do not repeat it."}
	case o.State == pos.OperationUnknown && atTerminal:
		return asked(n, "Do not give it back again.", "The card terminal is asked whether the money went back.")
	case o.Open() && o.Request.What == pos.Capture:
		return &Words{"wait_platform", "The platform collects the money once more; its answer comes by itself."}
	case o.Open():
		return &Words{"wait_platform", "The platform gives the money back; its answer comes by itself. Do not give it back again."}
	case o.State == pos.OperationRefused && p.Returnable() > 0:
		return &Words{"refund_refused", "Nothing went back this time. Try again with a new operation, or give cash back."}
	}
	return nil
}
