package webhook

import "github.com/tillproof/tillproof/pos"

// Type says what an event is about.
type Type string

// The types of event. A receiver passes over those that it does not know.
const (
	PaymentUpdated Type = "payment.updated"
	ShiftOpened    Type = "shift.opened"
	ShiftClosed    Type = "shift.closed"
	SettlementDone Type = "settlement.done" // it has ended, well or not
)

// Types lists all types.
func Types() []Type { return []Type{PaymentUpdated, ShiftOpened, ShiftClosed, SettlementDone} }

// Ref names an event by the record that made it.
type Ref struct {
	ID      string        `json:"id"` // `<epoch>.<seq>` of the record: the header webhook-id, the same at every try
	Type    Type          `json:"type"`
	Payment pos.PaymentID `json:"payment,omitzero"` // zero where the event is not about a payment
}

// Event is what a receiver is told.
type Event struct {
	Ref
	At   int64 // when it happened, milliseconds since 1970-01-01 UTC of the till's wall clock
	Data any   // what JSON shows of it
}

// Source reads events from the journal. Places are `<epoch>.<seq>` of a record; the events behind a place are those of later records. All methods
// are safe for concurrent use.
type Source interface {
	// Head is the place of the newest record.
	Head() string

	// Back is the place a number of records before the newest one, within its epoch.
	Back(records uint64) string

	// Behind counts the records that lie behind a place.
	Behind(place string) uint64

	// Next names some of the next events behind a place, in their order, and the place to go on from. It is the same place at the end of the journal.
	// A record that cannot be read makes no event. An error says that nothing can be read now.
	Next(place string) (events []Ref, reached string, err error)

	// Build makes an event as it is now, nil when a newer one has taken its place.
	Build(ref Ref) (*Event, error)

	// Changed returns a channel that is closed when there may be more.
	Changed() <-chan struct{}
}
