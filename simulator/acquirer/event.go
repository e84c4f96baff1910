package acquirer

import "github.com/tillproof/tillproof/pos"

// Moment names what has just happened in the books, or to a call.
type Moment string

// The moments.
const (
	Opened      Moment = "opened"       // an order came, by authorise, issue or expect
	Charged     Moment = "charged"      // the customer's money came
	ChargedLate Moment = "charged_late" // it came although the order was closed or declined
	Snatched    Moment = "snatched"     // it came in the moment before a cancel
	Loose       Moment = "loose"        // it came with a reference that nobody expects yet
	Refused     Moment = "refused"      // declined by the customer
	CodeUsed    Moment = "code_used"    // declined: the code was used for another order
	Shut        Moment = "shut"         // closed unpaid
	Buried      Moment = "buried"       // closed before it ever came
	Overtaken   Moment = "overtaken"    // it came after it was closed, and is refused
	Reverted    Moment = "reverted"     // given back by a cancel
	GivenBack   Moment = "given_back"   // given back by a refund
	Collected   Moment = "collected"    // an offline approval was captured
	NotTaken    Moment = "not_taken"    // a try to capture one was declined
	CaptureLost Moment = "capture_lost" // carried out, the answer lost
	RequestLost Moment = "request_lost" // a call never arrived
	RequestSlow Moment = "request_slow" // a payment call arrives later
	AnswerLost  Moment = "answer_lost"  // a payment call was carried out, the answer lost
	QueryLost   Moment = "query_lost"
	CancelLost  Moment = "cancel_lost" // carried out, the answer lost
	RefundLost  Moment = "refund_lost" // carried out, the answer lost

	CardUnread     Moment = "card_unread"     // declined: no card can be read in what a reader has encrypted
	RefundRefused  Moment = "refund_refused"  // declined, and may be accepted later
	RefundPending  Moment = "refund_pending"  // under way, it was answered
	CapturePending Moment = "capture_pending" // under way, it was answered
)

// Event is told to observers after the books have changed. Those of one call, or of one timer, come in their order.
type Event struct {
	Moment Moment
	Ref    string       // 32 hex digits; "" for loose money
	Order  pos.OrderRef // "" when not known
	Amount pos.Money    // what the moment is about; what was asked where no money moved
	At     int64        // milliseconds since 1970-01-01 UTC
}
