package work

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// Work is the items in a database. It is safe for concurrent use, by several processes too.
type Work struct {
	db *database.DB

	mu   sync.Mutex
	wake func() // guarded by mu
}

// schema makes the table. subject is kind, till, payment and ref, joined by blanks. wish is 1 when a retry was asked for and the wallet is still to be
// told, 2 when it is to be told that the money is written off, 0 otherwise.
const schema = `
CREATE TABLE work (
	id TEXT NOT NULL PRIMARY KEY, subject TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, merchant TEXT NOT NULL, till TEXT NOT NULL, payment TEXT NOT NULL,
	ref TEXT NOT NULL, order_ref TEXT NOT NULL, amount BIGINT NOT NULL, currency TEXT NOT NULL, reason TEXT NOT NULL, text TEXT NOT NULL,
	deadline_at BIGINT NOT NULL, tries BIGINT NOT NULL, tries_allowed BIGINT NOT NULL, state TEXT NOT NULL, outcome TEXT NOT NULL, by_whom TEXT NOT NULL,
	note TEXT NOT NULL, wish BIGINT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL
);
CREATE INDEX work_waiting ON work (id) WHERE state IN ('open', 'retrying');
CREATE INDEX work_wished ON work (id) WHERE wish > 0;
CREATE INDEX work_of_payment ON work (payment);
`

const columns = "id, kind, merchant, till, payment, ref, order_ref, amount, currency, reason, text, deadline_at, tries, tries_allowed, state, outcome, by_whom, " +
	"note, created_at, updated_at"

// Open makes the table where it is missing. The database stays the caller's.
func Open(ctx context.Context, db *database.DB) (*Work, error) {
	return &Work{db: db}, db.Migrate(ctx, "work", database.Both(schema))
}

// OnWish has a function called after a retry or a write-off was asked for in this process. It must not block.
func (w *Work) OnWish(wake func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wake = wake
}

func (w *Work) woken() {
	w.mu.Lock()
	wake := w.wake
	w.mu.Unlock()
	if wake != nil {
		wake()
	}
}

func subject(i *Item) string {
	return strings.Join([]string{string(i.Kind), string(i.Till), paymentText(i.Payment), i.Ref}, " ")
}

func paymentText(id pos.PaymentID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

// Add puts an item on the list, in the transaction of what it is about. The same subject again changes nothing: added is false then. ID, State and the times
// are made here, and nothing of an outcome is kept.
func (w *Work) Add(ctx context.Context, tx *database.Tx, i Item) (added bool, err error) {
	now := time.Now()
	n, err := tx.Exec(ctx, "INSERT INTO work (subject, wish, "+columns+") VALUES (?, 0, ?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (subject) DO NOTHING",
		subject(&i), pos.NewUUID(now).String(), string(i.Kind), string(i.Merchant), string(i.Till), paymentText(i.Payment), i.Ref, string(i.Order),
		int64(i.Money.Amount), string(i.Money.Currency), i.Reason, i.Text, i.Deadline, i.Tries, i.TriesAllowed, string(Todo), "", "", "", now.UnixMilli(),
		now.UnixMilli())
	return n > 0, err
}

// Tried notes, in the transaction of the outcome, that one more try of a subject was refused: it waits for somebody again. tries counts all so far.
func (w *Work) Tried(ctx context.Context, tx *database.Tx, i Item) error {
	_, err := tx.Exec(ctx, "UPDATE work SET tries = ?, reason = ?, text = ?, state = 'open', wish = 0, updated_at = ? WHERE subject = ? AND state IN ('open', 'retrying')",
		i.Tries, i.Reason, i.Text, time.Now().UnixMilli(), subject(&i))
	return err
}

// Settle closes a subject's item by facts, in their transaction. One that is closed, or that there is none of, stays as it is; but money that was collected
// after all says more than a person who had given it up.
func (w *Work) Settle(ctx context.Context, tx *database.Tx, i Item, outcome Outcome, by string) error {
	which := "state IN ('open', 'retrying')"
	if outcome == Collected {
		which = "(state IN ('open', 'retrying') OR outcome IN ('written_off', 'paid_otherwise'))"
	}
	_, err := tx.Exec(ctx, "UPDATE work SET state = ?, outcome = ?, by_whom = ?, wish = 0, updated_at = ? WHERE subject = ? AND "+which,
		string(outcome.ends()), string(outcome), by, time.Now().UnixMilli(), subject(&i))
	return err
}
