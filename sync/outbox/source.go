package outbox

import (
	"bytes"
	"context"

	"github.com/tillproof/tillproof/store/record"
)

// Chunk is a run of records of one epoch, copied out of the journal. It ends on a signed record. The zero Chunk means that there
// is nothing.
type Chunk struct {
	Prev      record.Head // the record before the first one
	Last      record.Head // the last record
	Records   []byte      // the records' own bytes, one after another
	Signature []byte      // over the last record
}

// Count is the number of records, 0 for the zero Chunk.
func (c *Chunk) Count() int { return int(c.Last.Seq - c.Prev.Seq) }

// Place says how a head that the platform names lies to our own journal.
type Place int

// The places of a head.
const (
	Elsewhere Place = iota // an epoch that is not ours, or a record that cannot be read: it says nothing
	Same                   // we hold that very record, or it is the beginning of one of our epochs
	Differs                // we hold another record under that number: two journals have lived under our name
	Beyond                 // it lies behind the end of the epoch: we come from a backup
	Removed                // it lies before the first record that is still here: all up to that one was removed after its retention
)

// Source is the journal as the outbox sees it. It is safe for concurrent use.
type Source interface {
	// Head is the end of the newest epoch.
	Head() record.Head
	// Acked is the last record in the platform's custody, with all before it; the zero Head when there is none.
	Acked() record.Head
	// Backlog is the number of records behind Acked, over all epochs.
	Backlog() uint64
	// Changed gets a value after records were added. It has room for one, so that nobody waits for the outbox.
	Changed() <-chan struct{}
	// Next returns the records behind a head: whole commits, within the bounds unless a single commit is larger. Behind the zero
	// Head begins the oldest epoch, behind the end of an epoch the next one. A head with Seq 0 is the beginning of its epoch. An
	// error passes or sticks; it is shown and tried again, and nothing is skipped.
	Next(ctx context.Context, after record.Head, maxRecords, maxBytes int) (Chunk, error)
	// Locate compares a head with our own records.
	Locate(h record.Head) (Place, error)
	// Acknowledge moves Acked to a record of ours that lies behind it. Proof is the platform's signed message, verified.
	Acknowledge(h record.Head, proof []byte) error
	// Diverged says that the platform holds what does not fit the newest epoch; the agent opens a new one, naming both heads. It
	// may be called again until Head is of a new epoch. The reason Damaged says that the platform has lost what was removed here: the new epoch brings
	// what lies behind that, and nothing more of the old one is offered.
	Diverged(platform record.Head, reason record.BootReason) error
}

// Courier carries a message to the platform, at least once or not at all. An error means that it cannot carry any more.
type Courier interface {
	Publish(ctx context.Context, topic string, payload []byte) error
}

// sameEpoch says whether two heads are of one epoch.
func sameEpoch(a, b record.Head) bool { return a.Epoch == b.Epoch }

// covers says whether a head of an epoch takes in another one.
func covers(by, what record.Head) bool { return sameEpoch(by, what) && by.Seq >= what.Seq }

// reaches says whether custody up to a head takes in another one: an epoch is drained before the next one, which has the greater name, begins.
func reaches(acked, what record.Head) bool {
	return covers(acked, what) || bytes.Compare(acked.Epoch[:], what.Epoch[:]) > 0
}
