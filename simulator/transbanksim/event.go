package transbanksim

// Moment names what a terminal just did.
type Moment string

// The moments.
const (
	Taken        Moment = "taken"        // a money command has arrived whole, before its ACK leaves
	Stored       Moment = "stored"       // a sale is in the memory
	Voided       Moment = "voided"       // a sale was taken back
	Closed       Moment = "closed"       // an end of day emptied the batch
	Told         Moment = "told"         // a result was sent for the first time
	Acknowledged Moment = "acknowledged" // its ACK has come
)

// Event is told to observers on the goroutine that serves the wire, before the terminal goes on: what an observer stops then happens at
// exactly that moment. An observer must not call the terminal's Close.
type Event struct {
	Moment  Moment
	Command string // the four digits of the command, or of the result
	Code    string // response code of a result
}
