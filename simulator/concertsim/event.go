package concertsim

import "github.com/tillproof/tillproof/pos"

// Moment names what a terminal just did or is about to do.
type Moment string

// The moments.
const (
	Received  Moment = "received"  // a command came whole, before its ACK leaves; link repeats not told
	Stored    Moment = "stored"    // a transaction is in the memory: the money moved
	Ended     Moment = "ended"     // the customer's part is over, in whatever way
	Told      Moment = "told"      // the answer was sent
	Delivered Moment = "delivered" // its ACK has come; on a stream there is none
	GivenUp   Moment = "given_up"  // the answer will not be told any more
	Collected Moment = "collected" // the transactions went to the acquirer; Amount is what they came to
)

// Event is told to observers before the terminal goes on: what an observer stops then happens at exactly that moment. Those of a customer
// come from a goroutine of their own, the others from that of Serve. An observer must not call the terminal's Close.
type Event struct {
	Moment  Moment
	Kind    Kind // of the command concerned, "" for a question
	Good    bool // the answer is that of a success
	Number  int  // of the transaction concerned, 0 for none
	Amount  pos.Minor
	Private string
}
