package work

import (
	"errors"

	"github.com/tillproof/tillproof/pos"
)

// Kind is what an item is about.
type Kind string

// The kinds.
const (
	ForwardDeclined     Kind = "forward_declined"     // an offline approval was refused by its issuer: collect it again, or write it off
	OrderChargedTwice   Kind = "order_charged_twice"  // two tills have taken the money of one order
	RecordHeld          Kind = "record_held"          // a record could not be interpreted and was set aside
	Fork                Kind = "fork"                 // a till brought other records under numbers that are in custody
	Forged              Kind = "forged"               // somebody sent what a till has not signed
	RefundFailed        Kind = "refund_failed"        // the acquirer does not give money back that is owed
	StatementDifference Kind = "statement_difference" // the acquirer's statement says something else than the ledger
)

// Known says whether it is a kind.
func (k Kind) Known() bool {
	switch k {
	case ForwardDeclined, OrderChargedTwice, RecordHeld, Fork, Forged, RefundFailed, StatementDifference:
		return true
	}
	return false
}

// State is how far an item has come.
type State string

// The states. Those that are open or retrying wait for somebody.
const (
	Todo     State = "open"
	Retrying State = "retrying" // a retry was asked for and has no outcome yet
	Done     State = "done"     // it is settled; Outcome says how
	GivenUp  State = "given_up" // nobody will settle it; Outcome says why it may rest
)

// Waiting says whether somebody must still do something.
func (s State) Waiting() bool { return s == Todo || s == Retrying }

// Item is one thing that a person must look at. Times are milliseconds since 1970-01-01 UTC, 0 for none.
type Item struct {
	ID       pos.UUID       // UUIDv7, so that ids grow with time; made by Add
	Kind     Kind           // with Till, Payment and Ref it names the subject: one subject has one item
	Merchant pos.MerchantID // "" when not known
	Till     pos.TillID     // "" for none
	Payment  pos.PaymentID  // zero for none
	Ref      string         // tells subjects of one payment or till apart, such as a refund's key; "" when there is only one
	Order    pos.OrderRef   // "" when not known
	Money    pos.Money      // that is in question; its currency is "" for none

	Reason, Text string // why, for machines and for people
	Deadline     int64  // after that no retry is made
	Tries        int    // that were made, the first one included
	TriesAllowed int    // 0 where nothing can be tried

	State   State
	Outcome Outcome // of one that waits no more
	By      string  // who closed it, or asked for the last retry: a person's name, "till", or "platform"
	Note    string  // what that person said
	Created int64
	Updated int64
}

// Outcome is how an item ended.
type Outcome string

// The outcomes.
const (
	Collected     Outcome = "collected"      // the money came
	WrittenOff    Outcome = "written_off"    // nobody will collect it
	PaidOtherwise Outcome = "paid_otherwise" // the customer has paid by another way
	GivenBack     Outcome = "given_back"     // the customer has the money back
	Explained     Outcome = "explained"      // somebody looked: nothing is owed to anybody
)

// Known says whether it is an outcome.
func (o Outcome) Known() bool {
	switch o {
	case Collected, WrittenOff, PaidOtherwise, GivenBack, Explained:
		return true
	}
	return false
}

// ends is the state that an outcome leads to.
func (o Outcome) ends() State {
	if o == WrittenOff {
		return GivenUp
	}
	return Done
}

// CanRetry says whether a retry may be asked for at a moment; nil when it may. The error is one of [ErrClosed], [ErrRetrying], [ErrNoTries] and [ErrLate].
func (i *Item) CanRetry(now int64) error {
	switch {
	case !i.State.Waiting():
		return ErrClosed
	case i.State == Retrying:
		return ErrRetrying
	case i.Deadline > 0 && now >= i.Deadline:
		return ErrLate
	case i.Tries >= i.TriesAllowed:
		return ErrNoTries
	}
	return nil
}

// Why something was not done. Nothing was changed.
var (
	ErrNoItem   = errors.New("there is no such item")
	ErrClosed   = errors.New("the item is closed already")
	ErrRetrying = errors.New("a retry is under way: its outcome comes by itself")
	ErrNoTries  = errors.New("no retry is allowed any more")
	ErrLate     = errors.New("the deadline for retries is over")
	ErrOutcome  = errors.New("this is no outcome of such an item, or the reason is missing")
)
