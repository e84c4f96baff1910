package settle

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/answer"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/work"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// stated are the checks that tell of an acquirer's statement and a payment: a person must look at each, and nothing settles by itself what they name.
func stated() []string {
	return []string{"acquirer_only", "acquirer_missing", "acquirer_differs", "acquirer_doubled", "chargeback", "fee_differs", "refund_missing", "refund_doubled",
		"statement_doubled", "transaction_shared"}
}

// Note puts what a reconciliation has found between statements and payments on the list of work, each difference once. It returns how many are new.
func (s *Source) Note(ctx context.Context, c *reconcile.Columns, report *reconcile.Report) (added int, err error) {
	payments := map[pos.PaymentID]*reconcile.Payment{}
	for i := range c.Journal {
		payments[c.Journal[i].ID] = &c.Journal[i]
	}
	err = s.DB.Transact(ctx, func(tx *database.Tx) error {
		added = 0
		for _, d := range report.Differences {
			if d.Payment == nil || payments[*d.Payment] == nil || !slices.Contains(stated(), d.Check) {
				continue
			}
			p := payments[*d.Payment]
			fresh, err := s.Work.Add(ctx, tx, work.Item{Kind: work.StatementDifference, Merchant: p.Merchant, Till: p.Till, Payment: p.ID, Ref: d.Check, Order: p.Order,
				Money: pos.Money{Amount: p.Booked, Currency: p.Money.Currency}, Reason: d.Check, Text: d.Cause + " " + d.Next})
			if err != nil {
				return err
			}
			if fresh {
				added++
			}
		}
		return nil
	})
	return added, err
}

// serveReconcile compares as serveReconciliation does, and puts what concerns statements on the list of work.
func (s *Source) serveReconcile(w http.ResponseWriter, r *http.Request, _ access.Person) {
	c, report, err := s.compare(r.Context(), r.FormValue("day"))
	if err == nil && s.Work != nil {
		_, err = s.Note(r.Context(), c, report)
	}
	if err != nil {
		refuse(w, err)
		return
	}
	answer.JSON(w, http.StatusOK, report)
}

// compare runs a reconciliation of ledger, its records and statements; "" for all days.
func (s *Source) compare(ctx context.Context, day string) (*reconcile.Columns, *reconcile.Report, error) {
	if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
		return nil, nil, errDay(err)
	}
	c, err := s.Columns(ctx)
	if err != nil {
		return nil, nil, err
	}
	c.Limits = s.Late(time.Now())
	if day != "" {
		c.Only(day)
	}
	report, err := reconcile.Run(*c)
	return c, &report, err
}
