package platform

import (
	"context"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/answer"
)

// sums adds all payments up.
func (l *Ledger) sums(ctx context.Context) (*sums, error) {
	rows, err := l.db.Query(ctx, "SELECT tender, status, currency, count(*), CAST(sum(amount) AS BIGINT) FROM payments GROUP BY tender, status, currency")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	t := &sums{Totals: pos.Totals{}, ByStatus: map[pos.Status]map[pos.Currency]*pos.Sum{}, Exponent: map[pos.Currency]int{}, AsOf: answer.Stamp(clock())}
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
