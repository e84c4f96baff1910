package work

import (
	"context"
	"errors"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// Filter says which items are wanted; zero values mean all.
type Filter struct {
	Kind     Kind
	Merchant pos.MerchantID
	Till     pos.TillID
	Payment  pos.PaymentID
	State    State
	Waiting  bool     // open and retrying ones only
	After    pos.UUID // those that came after this one
	Limit    int      // at most 500; 0 means 100
}

// List lists items, the oldest first; next is what [Filter.After] wants for those behind, zero at the end.
func (w *Work) List(ctx context.Context, f Filter) (items []Item, next pos.UUID, err error) {
	text, args := "SELECT "+columns+" FROM work WHERE id > ?", []any{""}
	if f.After != (pos.UUID{}) {
		args[0] = f.After.String()
	}
	for _, c := range []struct{ name, value string }{{"kind", string(f.Kind)}, {"merchant", string(f.Merchant)}, {"till", string(f.Till)},
		{"payment", paymentText(f.Payment)}, {"state", string(f.State)}} {
		if c.value != "" {
			text += " AND " + c.name + " = ?"
			args = append(args, c.value)
		}
	}
	if f.Waiting {
		text += " AND state IN ('open', 'retrying')"
	}
	limit := min(f.Limit, 500)
	if limit <= 0 {
		limit = 100
	}
	items, err = database.All(ctx, w.db, scan, text+" ORDER BY id LIMIT ?", append(args, limit+1)...)
	if len(items) > limit {
		items = items[:limit]
		next = items[limit-1].ID
	}
	return items, next, err
}

// One reads one item; [ErrNoItem] when there is none.
func (w *Work) One(ctx context.Context, id pos.UUID) (Item, error) {
	i, err := scan(w.db.Row(ctx, "SELECT "+columns+" FROM work WHERE id = ?", id.String()))
	if errors.Is(err, database.ErrNoRows) {
		err = ErrNoItem
	}
	return i, err
}

// Waiting counts the items that wait for somebody, by kind.
func (w *Work) Waiting(ctx context.Context) (map[Kind]int, error) {
	counts := map[Kind]int{}
	rows, err := w.db.Query(ctx, "SELECT kind, count(*) FROM work WHERE state IN ('open', 'retrying') GROUP BY kind")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var kind string
		var n int
		if err := rows.Scan(&kind, &n); err != nil {
			return nil, err
		}
		counts[Kind(kind)] = n
	}
	return counts, rows.Err()
}

func scan(row database.Scanner) (i Item, err error) {
	var id, payment string
	err = row.Scan(&id, &i.Kind, &i.Merchant, &i.Till, &payment, &i.Ref, &i.Order, &i.Money.Amount, &i.Money.Currency, &i.Reason, &i.Text, &i.Deadline, &i.Tries,
		&i.TriesAllowed, &i.State, &i.Outcome, &i.By, &i.Note, &i.Created, &i.Updated)
	if err != nil {
		return i, err
	}
	if i.ID, err = pos.ParseUUID(id); err != nil || payment == "" {
		return i, err
	}
	i.Payment, err = pos.ParsePaymentID(payment)
	return i, err
}
