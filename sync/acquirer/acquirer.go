package acquirer

import (
	"context"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// Acquirer moves money on the platform's behalf. Calls are made by many goroutines at once, at most one at a time for a ref.
//
// Every method may block until its context ends. Every error means: unclear, it may have happened. Two orders never share a ref.
type Acquirer interface {
	// Authorise asks for the money of a customer's code. It moves money: nobody calls it twice for one ref. Paid, Waiting (the
	// customer is asked for a password) and Declined are the usual answers; Closed says that Cancel came first. An
	// implementation that receives it again must not charge again: with the same order it answers what became of the first.
	Authorise(ctx context.Context, order Order, code string) (Answer, error)

	// Issue asks for a QR that the customer scans, payable for ttl. It moves no money and may be repeated: the same order gives the
	// same payload. An order that was cancelled gets none (an error).
	Issue(ctx context.Context, order Order, ttl time.Duration) (Issued, error)

	// Query asks what became of a ref. It changes nothing and may be repeated at any time.
	Query(ctx context.Context, ref string) (Answer, error)

	// Cancel makes sure that no money stays: unpaid is closed (Closed), paid is given back (Reversed), and a ref that never came
	// is remembered (Closed), so that an Authorise or Issue which is still on its way is refused. It may be repeated until it
	// answers; only its answer closes the case, since a customer may pay between the last query and the cancel (WeChat Pay
	// reverse, Alipay cancel).
	Cancel(ctx context.Context, ref string) (Answer, error)

	// Refund gives back amount of a paid ref. refundID makes it safe to repeat: the same id is the same refund. Refunded is
	// the only answer that says that it is done.
	Refund(ctx context.Context, ref, refundID string, amount pos.Money) (Answer, error)

	// Expect announces a QR that the till made itself: money that comes in, or came in already, with this reference belongs to the
	// order. It moves no money and may be repeated.
	Expect(ctx context.Context, order Order, reference string) error

	// Capture collects the money of a payment that a card terminal has approved without the issuer, from the record that the platform holds of it.
	// captureID makes it safe to repeat: the same id is the same try. Paid and Declined are the only answers that prove something; after Declined
	// another try, under another id, may be accepted.
	Capture(ctx context.Context, order Order, captureID string) (Answer, error)
}

// Order is what money is asked for.
type Order struct {
	Ref      string       // 32 hex digits: the payment's id without dashes; the name of everything that follows
	Till     pos.TillID   // who sells
	OrderRef pos.OrderRef // the merchant's reference
	Amount   pos.Money    // minor units, above 0
	Scheme   string       // such as "wechat", "alipay", "unionpay"; "" when the acquirer is to find out
}

// State is what an acquirer proves about the money of a ref.
type State string

// The states. Paid and Waiting may change, Declined stays; money may reach a Closed one late, then it is Paid.
const (
	Paid     State = "paid"     // the customer's money is ours: Answer.Amount of it
	Waiting  State = "waiting"  // nothing moved yet; the customer may still pay
	Declined State = "declined" // refused for good, nothing moved
	Closed   State = "closed"   // given up before money moved; the customer can no longer pay
	Reversed State = "reversed" // it was paid, and Cancel gave all of it back
	Refunded State = "refunded" // it was paid, and Refund gave it back
	Absent   State = "absent"   // never heard of; a call that is still on its way may change that
)

// Known says whether s is one of the states above.
func (s State) Known() bool {
	switch s {
	case Paid, Waiting, Declined, Closed, Reversed, Refunded, Absent:
		return true
	}
	return false
}

// HasMoney says whether an answer of this state names an amount: money that is here, or was and has gone back.
func (s State) HasMoney() bool { return s == Paid || s == Reversed || s == Refunded }

// Answer is what an acquirer says of a ref.
type Answer struct {
	State       State
	Amount      pos.Money // what moved, see [State.HasMoney]; for a QR it may differ from what was asked
	Transaction string    // the acquirer's own number, for the receipt
	Code, Text  string    // the reason in the acquirer's words, for the cashier; may be empty
	At          int64     // when it happened by the acquirer's clock, milliseconds since 1970-01-01 UTC; 0 when not known
}

// Issued is a QR for the customer. No money has moved.
type Issued struct {
	Payload   string // what the symbol must hold, unchanged
	ExpiresAt int64  // milliseconds since 1970-01-01 UTC; the acquirer takes no payment later
}
