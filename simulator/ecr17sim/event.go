package ecr17sim

import "github.com/tillproof/tillproof/pos"

// Moment names what a terminal just did or is about to do.
type Moment string

// The moments. Command is the message's code concerned, such as "X".
const (
	Received     Moment = "received"     // a whole message, before it is answered with ACK
	Sent         Moment = "sent"         // a message has left; again for each repetition
	Acknowledged Moment = "acknowledged" // its ACK has come
	Stored       Moment = "stored"       // a transaction stands
	Reversed     Moment = "reversed"     // a reversal took a payment back
	Settled      Moment = "settled"      // the session was closed; Amount is what it came to
	Printed      Moment = "printed"      // a receipt on the terminal's own paper
)

// Event is told to observers on the goroutine that serves the wire, before the terminal goes on: what an observer stops then happens at exactly that
// moment. An observer must not call the terminal's Close.
type Event struct {
	Moment  Moment
	Command string
	Stan    int  // of the transaction concerned, 0 for none
	Good    bool // of a result: it approves, or closes
	Amount  pos.Minor
}
