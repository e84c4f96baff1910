package wallet

import (
	"encoding/hex"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/acquirer"
)

// Kind is the way a payment asks for its money.
type Kind string

// The kinds of task. The empty kind is that of a tombstone, see [Loop.Tombstone].
const (
	Code  Kind = "code"  // the merchant scanned the customer: authorise, then the closed loop
	QR    Kind = "qr"    // the acquirer issues a QR that the customer scans
	Local Kind = "local" // the till made the QR itself: money with its reference is expected
	Card  Kind = "card"  // a card terminal has approved it without the issuer: its money is collected from the record
)

// Stage is what has left for the acquirer and what is to do next.
type Stage string

// The stages. In each, everything that the loop may do again is safe to do again.
const (
	Accepted  Stage = "accepted"  // durable, and proof that nothing has left
	Asked     Stage = "asked"     // the payment call may have left; no answer is known
	Waiting   Stage = "waiting"   // the acquirer knows it, the customer has not paid
	Closing   Stage = "closing"   // to be cancelled until the acquirer answers
	Watched   Stage = "watched"   // ended without money; late money is looked for
	Refunding Stage = "refunding" // all money is to go back until the acquirer says that it has
	Returning Stage = "returning" // refunds that tills have asked for are with the acquirer, one after the other
	Capturing Stage = "capturing" // the money of an offline approval is collected, until the acquirer says yes or no
	Done      Stage = "done"      // nothing is left to do
)

// Task is one payment in the loop. It marshals to JSON and CBOR, so that a Store may keep it as one value with Payment and Next
// as columns. The caller of [Loop.Begin] fills the first block, the loop the second. Times are milliseconds since 1970-01-01
// UTC, 0 for none.
type Task struct {
	Payment   pos.PaymentID  `json:"payment"`
	Till      pos.TillID     `json:"till"`
	Merchant  pos.MerchantID `json:"merchant,omitempty"`
	Order     pos.OrderRef   `json:"order"`
	Kind      Kind           `json:"kind"`
	Scheme    string         `json:"scheme,omitempty"`
	Amount    pos.Money      `json:"amount"`              // what is asked for, above 0
	Reference string         `json:"reference,omitempty"` // local only: what the customer's money comes with

	// Expires is when the customer can no longer pay. The caller may set an earlier end for a code (at least 20 s are given), the
	// lifetime wanted for a QR, and must set it for a local one. The loop replaces it by the end that it goes by.
	Expires int64 `json:"expires,omitempty"`

	Stage       Stage      `json:"stage"`
	Status      pos.Status `json:"status"`                // of the last result, pending before
	Stop        bool       `json:"stop,omitempty"`        // the cashier has cancelled
	Unwanted    bool       `json:"unwanted,omitempty"`    // the order is free again: money must go back
	Began       int64      `json:"began"`                 // when Begin made it durable
	Called      int64      `json:"called,omitempty"`      // when the payment call was marked as asked
	Ended       int64      `json:"ended,omitempty"`       // when it ended without money
	Next        int64      `json:"next,omitempty"`        // when to act next; 0: never again
	Tries       int        `json:"tries,omitempty"`       // calls of this stage that brought nothing
	Step        int        `json:"step,omitempty"`        // how many looks of the watch are over
	RefundID    string     `json:"refund_id,omitempty"`   // the refund's name at the acquirer, the same for every try
	Paid        pos.Money  `json:"paid"`                  // what the acquirer reported as paid
	Transaction string     `json:"transaction,omitempty"` // the acquirer's number
	Code        string     `json:"code,omitempty"`        // the acquirer's last words, for the cashier
	Text        string     `json:"text,omitempty"`
	QR          string     `json:"qr,omitempty"`       // the payload that was issued
	Refunds     []Refund   `json:"refunds,omitempty"`  // that tills have asked for, in that order; never changed in place
	Captures    []Capture  `json:"captures,omitempty"` // further tries that till or back office have asked for; never changed in place

	// Seen is the stored form that the task was read from, nil where it was not read. A [Store] that several processes write changes a task only where it
	// still looks so. The loop hands it on as it is.
	Seen     []byte `json:"-" cbor:"-"`
	Deadline int64  `json:"deadline,omitempty"` // the end of further tries, set when the first one was refused
}

// Ref is the payment's name at the acquirer: its id as 32 hex digits.
func (t Task) Ref() string { return hex.EncodeToString(t.Payment[:]) }

// order is the task in the acquirer's words.
func (t Task) order() acquirer.Order {
	return acquirer.Order{Ref: t.Ref(), Till: t.Till, OrderRef: t.Order, Amount: t.Amount, Scheme: t.Scheme}
}

// Result is a piece of news about a payment, or about a refund of it, that a till must journal. Status of a payment is approved, declined, cancelled,
// expired, refund_due or refunded, or pending with the payload of an issued QR.
type Result struct {
	Payment     pos.PaymentID `json:"payment"`
	Status      pos.Status    `json:"status"`
	Amount      pos.Money     `json:"amount"` // what was paid, or goes back; 0 of the currency when nothing moved
	Scheme      string        `json:"scheme,omitempty"`
	Code        string        `json:"code,omitempty"` // the reason, for machines
	Text        string        `json:"text,omitempty"` // the reason, for the cashier
	Transaction string        `json:"transaction,omitempty"`
	QR          string        `json:"qr,omitempty"` // pending only: what the symbol must hold

	// Operation is the refund that it speaks of, "" for the payment itself; Status is then refunded (Amount has gone back) or declined (it has not),
	// and Till is who has asked and must hear of it ("" is the task's).
	Operation pos.OperationKey `json:"operation,omitempty"`
	Till      pos.TillID       `json:"till,omitempty"`

	// TriesLeft and Deadline say how often and until when an offline approval may be asked for again; of one that its acquirer has refused only.
	TriesLeft int   `json:"tries_left,omitempty"`
	Deadline  int64 `json:"deadline,omitempty"` // milliseconds since 1970-01-01 UTC

	ExpiresAt int64 `json:"expires_at,omitempty"` // pending only: milliseconds since 1970-01-01 UTC
	At        int64 `json:"at"`                   // when it became known, milliseconds since 1970-01-01 UTC
}
