package work

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// maxNote is the longest reason that a person may give, in bytes.
const maxNote = 500

// Retry asks for one more try, durably; the platform that runs carries it out, and its outcome changes the item. The error is [ErrNoItem], one of
// [Item.CanRetry], or one of the database.
func (w *Work) Retry(ctx context.Context, id pos.UUID, by string) (Item, error) {
	item, err := w.change(ctx, id, func(tx *database.Tx, i *Item) error {
		if err := i.CanRetry(time.Now().UnixMilli()); err != nil {
			return err
		}
		i.State, i.By = Retrying, by
		_, err := tx.Exec(ctx, "UPDATE work SET state = ?, by_whom = ?, wish = 1, updated_at = ? WHERE id = ?", string(i.State), by, i.Updated, id.String())
		return err
	})
	if err == nil {
		w.woken()
	}
	return item, err
}

// Resolve closes an item with a person's reason. [ErrRetrying] while a retry is under way: the money may come. An offline approval that is written off or
// was paid otherwise is never asked for again, and its till is told.
func (w *Work) Resolve(ctx context.Context, id pos.UUID, outcome Outcome, note, by string) (Item, error) {
	note = strings.TrimSpace(note)
	if !outcome.Known() || note == "" || len(note) > maxNote || !utf8.ValidString(note) {
		return Item{}, ErrOutcome
	}
	item, err := w.change(ctx, id, func(tx *database.Tx, i *Item) error {
		wish := 0
		switch {
		case !i.State.Waiting():
			return ErrClosed
		case i.State == Retrying:
			return ErrRetrying
		case i.Kind == ForwardDeclined && outcome != WrittenOff && outcome != PaidOtherwise:
			return ErrOutcome // only the acquirer can say that the money came
		case i.Kind == ForwardDeclined:
			wish = 2
		}
		i.State, i.Outcome, i.Note, i.By = outcome.ends(), outcome, note, by
		_, err := tx.Exec(ctx, "UPDATE work SET state = ?, outcome = ?, note = ?, by_whom = ?, wish = ?, updated_at = ? WHERE id = ?", string(i.State),
			string(outcome), note, by, wish, i.Updated, id.String())
		return err
	})
	if err == nil {
		w.woken()
	}
	return item, err
}

// change changes one item while nobody else does.
func (w *Work) change(ctx context.Context, id pos.UUID, f func(*database.Tx, *Item) error) (item Item, err error) {
	err = w.db.Transact(ctx, func(tx *database.Tx) error {
		item, err = scan(tx.Row(ctx, "SELECT "+columns+" FROM work WHERE id = ?"+tx.ForUpdate(), id.String()))
		if errors.Is(err, database.ErrNoRows) {
			return ErrNoItem
		}
		if err != nil {
			return err
		}
		item.Updated = time.Now().UnixMilli()
		return f(tx, &item)
	})
	return item, err
}

// Wished lists what was asked for and is not carried out yet: items that are to be retried, and offline approvals that were given up.
func (w *Work) Wished(ctx context.Context) ([]Item, error) {
	return database.All(ctx, w.db, scan, "SELECT "+columns+" FROM work WHERE wish > 0 ORDER BY id LIMIT 100")
}

// Granted notes that a wish was carried out. One that cannot be tried is open again, with the reason; pass "" for one that is under way or done.
func (w *Work) Granted(ctx context.Context, id pos.UUID, refused string) error {
	return w.db.Transact(ctx, func(tx *database.Tx) error {
		if refused == "" {
			_, err := tx.Exec(ctx, "UPDATE work SET wish = 0 WHERE id = ?", id.String())
			return err
		}
		_, err := tx.Exec(ctx, "UPDATE work SET wish = 0, state = CASE state WHEN 'retrying' THEN 'open' ELSE state END, text = ?, updated_at = ? WHERE id = ?",
			refused, time.Now().UnixMilli(), id.String())
		return err
	})
}
