package platform

import (
	"context"

	"github.com/tillproof/tillproof/pos"
)

// newest lists payments in the falling order of their ids, which is that of time.
func (l *Ledger) newest(ctx context.Context, before string, limit int) ([]paymentLine, error) {
	if before == "" {
		before = "~" // sorts behind every id
	}
	states, err := newStateCodec()
	if err != nil {
		return nil, err
	}
	rows, err := l.db.QueryContext(ctx, `SELECT payment, till, order_ref, attempt, tender, status, amount, currency, fork, state
		FROM payments WHERE payment < ? ORDER BY payment DESC LIMIT ?`, before, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	items := []paymentLine{}
	for rows.Next() {
		var p paymentLine
		var state []byte
		if err := rows.Scan(&p.ID, &p.Till, &p.Order, &p.Attempt, &p.Tender, &p.Status, &p.Amount, &p.Currency, &p.Fork, &state); err != nil {
			return nil, err
		}
		v, err := states.decode(state)
		if err != nil {
			return nil, err
		}
		if p.Scheme = v.Intent.Scheme; p.Scheme == "" && v.Presented != nil {
			p.Scheme = v.Presented.Scheme
		}
		p.Refunded, p.Unwanted, p.CreatedAt, p.UpdatedAt = int64(v.Returned), v.Unwanted, stamp(v.Created), stamp(v.Updated)
		items = append(items, p)
	}
	return items, rows.Err()
}

// sums adds all payments up.
func (l *Ledger) sums(ctx context.Context) (*sums, error) {
	rows, err := l.db.QueryContext(ctx, "SELECT tender, status, currency, count(*), sum(amount) FROM payments GROUP BY tender, status, currency")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	t := &sums{Totals: pos.Totals{}, ByStatus: map[pos.Status]map[pos.Currency]*pos.Sum{}, Exponent: map[pos.Currency]int{}, AsOf: stamp(clock())}
	for rows.Next() {
		var tender pos.Tender
		var status pos.Status
		var currency pos.Currency
		var part pos.Sum
		if err := rows.Scan(&tender, &status, &currency, &part.Count, &part.Amount); err != nil {
			return nil, err
		}
		t.add(tender, status, currency, part)
	}
	return t, rows.Err()
}

func (t *sums) add(tender pos.Tender, status pos.Status, currency pos.Currency, part pos.Sum) {
	t.Exponent[currency] = currency.Exponent()
	if t.ByStatus[status] == nil {
		t.ByStatus[status] = map[pos.Currency]*pos.Sum{}
	}
	if t.ByStatus[status][currency] == nil {
		t.ByStatus[status][currency] = &pos.Sum{}
	}
	sum := t.ByStatus[status][currency]
	sum.Count, sum.Amount = sum.Count+part.Count, sum.Amount+part.Amount
	if !status.Taken() {
		return
	}
	if t.Totals[tender] == nil {
		t.Totals[tender] = map[pos.Currency]pos.Sum{}
	}
	taken := t.Totals[tender][currency]
	t.Totals[tender][currency] = pos.Sum{Count: taken.Count + part.Count, Amount: taken.Amount + part.Amount}
}
