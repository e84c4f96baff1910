package zvtsim

import "github.com/tillproof/tillproof/pos"

// Moment names what a terminal just did or is about to do.
type Moment string

// The moments. Command is the class and instruction concerned, such as "06 01".
const (
	ByteReceived Moment = "byte_received" // Byte is the position in the frame, from 0, known from 3 on (serial only)
	Received     Moment = "received"      // a whole message, before its ACK leaves
	Sending      Moment = "sending"       // before a message leaves; again for each repetition
	Delivered    Moment = "delivered"     // its ACK has come (on a stream: it was written)
	Stored       Moment = "stored"        // a transaction is in the memory, not final
	Accepted     Moment = "accepted"      // 80 00 to the result has come
	Final        Moment = "final"         // the money is the merchant's
	Doomed       Moment = "doomed"        // its answers are missing: it is told still, and will be taken back (Options.ReverseLate)
	Reversed     Moment = "reversed"      // the terminal or a reversal took it back
	Settled      Moment = "settled"       // an end of day closed the batch; Amount is what it came to
	Unnumbered   Moment = "unnumbered"    // a command without an id where ids are agreed (Options.MessageIDs)
	DayFailed    Moment = "day_failed"    // an end of day was begun and not done
)

// Event is told to observers on the goroutine that serves the wire, before the terminal goes on: what an observer stops then
// happens at exactly that moment. Only a late reversal is told from a goroutine of its own. An observer must not call the terminal's Close.
type Event struct {
	Moment  Moment
	Command string
	Byte    int
	Trace   int  // of the transaction concerned, 0 for none
	Kind    Kind // of the transaction concerned, "" for none
	Amount  pos.Minor
}
