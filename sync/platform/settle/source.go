package settle

import (
	"context"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/registry"
	"github.com/tillproof/tillproof/sync/platform/work"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// Source is where a platform's columns come from. What it is not given is not compared.
type Source struct {
	DB         *database.DB
	Keys       map[pos.TillID][]cose.PublicKey // that the tills were enrolled with by the configuration; nil and no Registry: signatures are not checked
	Owners     map[pos.TillID]pos.MerchantID   // by the configuration
	Schemes    map[string]string               // acquirer of a scheme, by the configuration
	Registry   *registry.Registry              // nil: nobody knows who is registered and what is agreed
	Statements *Statements                     // nil: without the acquirers' column
	Work       *work.Work                      // takes what [Source.Note] finds; nil: nobody is told
	Limits     reconcile.Limits                // how late is late; the zero value: as usual
	Zone       *time.Location                  // of merchants of which nobody knows another; nil: UTC
}

// Late are the limits in force for a comparison at a moment.
func (s *Source) Late(now time.Time) reconcile.Limits {
	if s.Limits == (reconcile.Limits{}) {
		return reconcile.UsualLimits(now)
	}
	limits := s.Limits
	limits.Now = now
	return limits
}

// Columns reads ledger, records and statements as they are at one moment, and proves the ledger by its records. Every payment of the ledger stands in the
// journal's column as its records tell it; a caller that has a till's own journal puts that in its place.
func (s *Source) Columns(ctx context.Context) (*reconcile.Columns, error) {
	who, err := s.register(ctx)
	if err != nil {
		return nil, err
	}
	custody, err := reconcile.NewCustody(reconcile.Known{Keys: who.keys, Zone: who.zone, Cut: who.cut, Owner: func(till pos.TillID) pos.MerchantID { return who.owners[till] }})
	if err != nil {
		return nil, err
	}
	p := &prover{ctx: ctx, custody: custody}
	if p.modern, err = s.DB.Has(ctx, "payments", "updated_at"); err != nil {
		return nil, err
	}
	if p.foreign, err = s.DB.Has(ctx, "foreign_pages", "returned"); err != nil {
		return nil, err
	}
	acquirers := map[pos.PaymentID]string{}
	err = s.DB.Read(ctx, func(db *database.Snapshot) error {
		p.db = db
		if err := p.run(); err != nil {
			return err
		}
		acquirers, err = begun(ctx, db)
		return err
	})
	if err != nil {
		return nil, err
	}
	c := &reconcile.Columns{Ledger: p.ledger, LedgerRecords: p.records, JournalRecords: p.records, Proof: custody.Differences(), Given: custody.Given(),
		TerminalTotals: custody.TerminalTotals(), Journals: []pos.TillID{}, Registry: who.agreed}
	c.Journal, c.Orphans = custody.Payments()
	for i := range c.Journal {
		who.assign(&c.Journal[i], acquirers, s.Schemes)
	}
	return c, s.statements(ctx, c)
}

// statements reads the acquirers' column.
func (s *Source) statements(ctx context.Context, c *reconcile.Columns) (err error) {
	if s.Statements == nil {
		return nil
	}
	for row, err := range s.Statements.Rows(ctx, "", "") {
		if err != nil {
			return err
		}
		c.Statement = append(c.Statement, row)
	}
	c.Covered, err = s.Statements.Coverage(ctx)
	return err
}

// begun says at which acquirer each wallet's payment was begun.
func begun(ctx context.Context, db *database.Snapshot) (map[pos.PaymentID]string, error) {
	found := map[pos.PaymentID]string{}
	type task struct{ payment, acquirer string }
	scan := func(row database.Scanner) (t task, err error) { return t, row.Scan(&t.payment, &t.acquirer) }
	for t, err := range database.Each(ctx, db, scan, "SELECT payment, acquirer FROM tasks WHERE acquirer <> '' ORDER BY payment") {
		if err != nil {
			return nil, err
		}
		id, err := pos.ParsePaymentID(t.payment)
		if err != nil {
			return nil, err
		}
		found[id] = t.acquirer
	}
	return found, nil
}
