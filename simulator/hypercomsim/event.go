package hypercomsim

import "github.com/tillproof/tillproof/pos"

// Moment names what a terminal just did or is about to do.
type Moment string

// The moments. Command is the transaction code concerned, such as "20".
const (
	Received     Moment = "received"     // a whole command, before it is answered with ACK
	Sent         Moment = "sent"         // an answer has left; again for each repetition
	Acknowledged Moment = "acknowledged" // its ACK has come
	Stored       Moment = "stored"       // a transaction stands
	Settled      Moment = "settled"      // the batch went to the host; Amount is what it came to
	Stopped      Moment = "stopped"      // the till's cancel ended what ran
)

// Event is told to observers on the goroutine that serves the wire, before the terminal goes on: what an observer stops then happens at exactly that
// moment. An observer must not call the terminal's Close.
type Event struct {
	Moment  Moment
	Command string
	Trace   int  // of the transaction concerned, 0 for none
	Good    bool // of an answer: it approves, or closes
	Amount  pos.Minor
}
