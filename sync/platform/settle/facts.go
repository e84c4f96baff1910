package settle

import (
	"context"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// lookBack is how long before a day payments are read that a statement of the day may name.
const lookBack = 8 * 24 * time.Hour

// Settle computes the settlement of a merchant's day as ledger, statements and fee rules say now.
func (s *Source) Settle(ctx context.Context, merchant pos.MerchantID, day string) (*Settlement, error) {
	who, err := s.register(ctx)
	if err != nil {
		return nil, err
	}
	zone := who.zoneOf(merchant)
	start, err := time.ParseInLocation(time.DateOnly, day, zone)
	if err != nil {
		return nil, errDay(err)
	}
	f := &facts{merchant: merchant, day: day, own: map[pos.PaymentID]bool{}}
	if who.agreed != nil {
		f.numbers = who.agreed.Numbers
	}
	if s.Registry != nil {
		if f.rules, err = s.Registry.FeeRules(ctx, merchant); err != nil {
			return nil, err
		}
	}
	err = s.DB.Read(ctx, func(db *database.Snapshot) error {
		r := &reading{ctx: ctx, db: db, who: who, schemes: s.Schemes, facts: f, zone: zone}
		return r.run(start.Add(-lookBack).UnixMilli())
	})
	if err != nil {
		return nil, err
	}
	if s.Statements != nil {
		if err := f.state(ctx, s.Statements); err != nil {
			return nil, err
		}
	}
	out, err := f.settle()
	if out != nil {
		out.Timezone = zone.String()
	}
	return out, err
}

// zoneOf is a merchant's zone.
func (w *who) zoneOf(merchant pos.MerchantID) *time.Location {
	if zone := w.zones[merchant]; zone != nil {
		return zone
	}
	return w.usual
}

// reading reads a merchant's payments from the ledger.
type reading struct {
	ctx     context.Context
	db      *database.Snapshot
	who     *who
	schemes map[string]string
	begun   map[pos.PaymentID]string
	facts   *facts
	zone    *time.Location
}

// stored is a row with a whole payment.
type stored struct {
	till  pos.TillID
	state []byte
}

func scanStored(row database.Scanner) (s stored, err error) { return s, row.Scan(&s.till, &s.state) }

func (r *reading) run(since int64) (err error) {
	if r.begun, err = begun(r.ctx, r.db); err != nil {
		return err
	}
	const own = "SELECT till, state FROM payments WHERE merchant IN (?, '') AND updated_at >= ? ORDER BY payment"
	if err := r.each(r.own, own, string(r.facts.merchant), since); err != nil {
		return err
	}
	return r.each(r.given, "SELECT till, state FROM foreign_pages ORDER BY payment, till")
}

// each hands over the payments of a query that are the merchant's.
func (r *reading) each(take func(*view.Payment, pos.TillID), text string, args ...any) error {
	for s, err := range database.Each(r.ctx, r.db, scanStored, text, args...) {
		if err != nil {
			return err
		}
		if r.who.owners[s.till] != r.facts.merchant {
			continue
		}
		p := &view.Payment{}
		if err := cbor.Unmarshal(s.state, p); err != nil {
			return err
		}
		take(p, s.till)
	}
	return nil
}

// own takes a payment of one of the merchant's tills.
func (r *reading) own(v *view.Payment, till pos.TillID) {
	p := reconcile.PaymentOf(v)
	p.Till, p.Merchant, p.Day = till, r.facts.merchant, r.day(v.Created)
	r.who.assign(&p, r.begun, r.schemes)
	r.facts.payments, r.facts.own[p.ID] = append(r.facts.payments, p), true
	back := p.Returned
	for i := range v.Operations {
		if o := &v.Operations[i]; o.State == pos.OperationDone && o.Request.What == pos.Refund {
			back -= o.Request.Amount
			r.refund(&p, o)
		}
	}
	if back > 0 && p.Booked > 0 { // the money came after the end, and the platform gave it back by itself
		r.facts.refunds = append(r.facts.refunds, moved{p.Acquirer, r.day(v.Updated), pos.Money{Amount: back, Currency: p.Money.Currency}})
	}
}

// given takes what one of the merchant's tills has given back of another's payment.
func (r *reading) given(v *view.Payment, till pos.TillID) {
	p := reconcile.PaymentOf(v)
	p.Till = till
	r.who.assign(&p, r.begun, r.schemes)
	for i := range v.Operations {
		if o := &v.Operations[i]; o.State == pos.OperationDone {
			r.refund(&p, o)
		}
	}
}

// refund counts what went back through the acquirer. What went out of a drawer is still there.
func (r *reading) refund(p *reconcile.Payment, o *view.Operation) {
	if o.Request.Tender == pos.Cash {
		return
	}
	r.facts.refunds = append(r.facts.refunds, moved{p.Acquirer, r.day(o.Updated), pos.Money{Amount: o.Request.Amount, Currency: o.Request.Currency}})
}

func (r *reading) day(ms int64) string { return time.UnixMilli(ms).In(r.zone).Format(time.DateOnly) }

// state reads what the statements say of the day, finds the payments that the lines name, and the payouts of their batches.
func (f *facts) state(ctx context.Context, s *Statements) error {
	batches := map[[2]string]bool{}
	for row, err := range s.Rows(ctx, f.day, f.day) {
		if err != nil {
			return err
		}
		if row.Kind == reconcile.RowPayout && row.Batch != "" {
			continue // read below, with the lines that it pays
		}
		if row.Batch != "" {
			batches[[2]string{row.Acquirer, row.Batch}] = true
		}
		f.rows = append(f.rows, row)
	}
	for batch := range batches {
		list, err := database.All(ctx, s.db, scanRow, "SELECT "+rowColumns+" FROM settle_rows WHERE acquirer = ? AND batch = ? AND kind = 'payout' ORDER BY digest",
			batch[0], batch[1])
		if err != nil {
			return err
		}
		f.rows = append(f.rows, list...)
	}
	c := &reconcile.Columns{Journal: f.payments, Statement: f.rows}
	c.Match()
	return nil
}
