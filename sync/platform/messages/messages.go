// Package messages keeps what was said to acquirers and what they answered, word for word but for secrets, beside the records: evidence for a dispute, from
// which nothing is ever computed.
package messages

import (
	"context"
	"encoding/hex"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/acquirer"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// Messages are those in a database. They are written behind the call, so that no customer waits for them: a platform that is killed may lack the last second
// of them. It is safe for concurrent use.
type Messages struct {
	db   *database.DB
	in   chan message
	lost atomic.Uint64 // that found the queue full, or the database away
}

// message is one of them, and the name of the acquirer.
type message struct {
	acquirer string
	told     acquirer.Message
}

// The bounds of what is kept. Of a payment with more messages the first and the last ones stay: how it began, and how it stands.
const (
	queue     = 1024 // that wait
	group     = 64   // in one transaction
	firstKept = 40   // of a payment
	lastKept  = 60   // of a payment
)

const schema = `
CREATE TABLE acquirer_messages (
	payment TEXT NOT NULL, n BIGINT NOT NULL, at BIGINT NOT NULL, acquirer TEXT NOT NULL, call TEXT NOT NULL, direction TEXT NOT NULL, status BIGINT NOT NULL,
	bytes BYTEA NOT NULL, PRIMARY KEY (payment, n)
);
`

// Open makes the table where it is missing. The database stays the caller's.
func Open(ctx context.Context, db *database.DB) (*Messages, error) {
	return &Messages{db: db, in: make(chan message, queue)}, db.Migrate(ctx, "acquirer_messages", database.Both(schema))
}

// Of gives the watcher of the client of one acquirer, by its name. It does not block; what it is told it keeps.
func (m *Messages) Of(name string) func(acquirer.Message) {
	return func(told acquirer.Message) {
		select {
		case m.in <- message{name, told}:
		default:
			m.lost.Add(1)
		}
	}
}

// Run writes until the context ends, and then what still waits.
func (m *Messages) Run(ctx context.Context, log *slog.Logger) {
	for {
		select {
		case <-ctx.Done():
			last, stop := lasting(ctx)
			defer stop()
			for len(m.in) > 0 {
				m.write(last, <-m.in, log)
			}
			return
		case first := <-m.in: // perhaps when ctx has ended already
			last, stop := lasting(ctx)
			m.write(last, first, log)
			stop()
		}
	}
}

// lasting is a context that gives what is being written a little time, whether or not ctx ends.
func lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
}

// write puts what waits into one transaction.
func (m *Messages) write(ctx context.Context, first message, log *slog.Logger) {
	together := []message{first}
	for len(together) < group && len(m.in) > 0 {
		together = append(together, <-m.in)
	}
	err := m.db.Transact(ctx, func(tx *database.Tx) error {
		for i := range together {
			if err := m.put(ctx, tx, &together[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		m.lost.Add(uint64(len(together)))
		log.Warn("what was said to an acquirer was not kept; no payment depends on it", "messages", len(together), "error", err)
	}
}

// put writes one and takes away what lies between the first and the last ones of its payment.
func (m *Messages) put(ctx context.Context, tx *database.Tx, one *message) error {
	payment, err := paymentOf(one.told.Ref)
	if err != nil {
		return nil // it speaks of no payment of ours
	}
	var n int64
	if err := tx.Row(ctx, "SELECT coalesce(max(n), 0) FROM acquirer_messages WHERE payment = ?", payment.String()).Scan(&n); err != nil {
		return err
	}
	told := &one.told
	if _, err := tx.Exec(ctx, "INSERT INTO acquirer_messages (payment, n, at, acquirer, call, direction, status, bytes) VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
		payment.String(), n+1, told.At, one.acquirer, told.Call, string(told.Direction), told.Status, told.Bytes); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "DELETE FROM acquirer_messages WHERE payment = ? AND n > ? AND n <= ?", payment.String(), firstKept, n+1-lastKept)
	return err
}

// paymentOf reads a ref.
func paymentOf(ref string) (payment pos.PaymentID, err error) {
	raw, err := hex.DecodeString(ref)
	if err == nil {
		err = payment.UnmarshalBinary(raw)
	}
	return payment, err
}
