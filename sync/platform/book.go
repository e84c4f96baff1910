package platform

import (
	"bytes"
	"context"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// page is a payment of the ledger.
type page struct {
	till    pos.TillID
	payment *view.Payment
	fork    bool // begun by a branch that lost
	dirty   bool // not yet written back
	fresh   bool // begun now: the table has no such row
}

// foreignKey finds what a till has given back of a payment that another till has taken.
type foreignKey struct {
	payment pos.PaymentID
	till    pos.TillID
}

// book holds the payments that a transaction may touch, loaded before and written back after.
type book struct {
	pages   map[pos.PaymentID]*page
	foreign map[foreignKey]*page
	till    pos.TillID // whose records are folded now
	fork    bool       // whether they are of a losing branch
}

func newBook() *book { return &book{pages: map[pos.PaymentID]*page{}, foreign: map[foreignKey]*page{}} }

// page is where a till's records of a payment are folded: its own page, or what it has given back of another till's; nil when there is none yet.
func (b *book) page(payment pos.PaymentID) *page {
	own := b.pages[payment]
	if own != nil && own.till == b.till {
		return own
	}
	if p := b.foreign[foreignKey{payment, b.till}]; p != nil {
		return p
	}
	return own
}

// begin makes the page that a record begins, nil when it begins none.
func (b *book) begin(r *record.Record, body record.Subject) *page {
	id := body.PaymentID()
	if intent, is := body.(*record.Intent); is && b.pages[id] == nil {
		b.pages[id] = &page{till: b.till, payment: view.Begin(r, intent), fork: b.fork, fresh: true}
		return b.pages[id]
	}
	key := foreignKey{id, b.till}
	if own := b.pages[id]; b.foreign[key] == nil && (own == nil || own.till != b.till) && view.Foreign(r, body) {
		p := &page{till: b.till, payment: view.BeginForeign(r, body.(*record.Operation)), fork: b.fork}
		if p.payment.Apply(r, body) == nil {
			b.foreign[key] = p
			return p
		}
	}
	return nil
}

// load reads every payment that deliveries speak of into the book.
func (b *book) load(ctx context.Context, tx *database.Tx, states *stateCodec, deliveries []*Delivery) error {
	tills := subjects(deliveries)
	const own = "SELECT till, fork, state FROM payments WHERE payment IN (?)"
	if err := b.loadSome(ctx, tx, own, states, names(tills), func(p *page) { b.pages[p.payment.Intent.Payment] = p }); err != nil {
		return err
	}
	for id, s := range tills {
		if p := b.pages[id]; s.begun && p == nil || p != nil && p.till == s.till && !s.several {
			delete(tills, id) // the till's own: it gives nothing back of another till's
		}
	}
	const foreign = "SELECT till, fork, state FROM foreign_pages WHERE payment IN (?)"
	return b.loadSome(ctx, tx, foreign, states, names(tills), func(p *page) { b.foreign[foreignKey{p.payment.Intent.Payment, p.till}] = p })
}

// subject is a payment that deliveries speak of.
type subject struct {
	till    pos.TillID // that speaks of it
	several bool       // other tills do too
	begun   bool       // its first record is its intent
}

func subjects(deliveries []*Delivery) map[pos.PaymentID]subject {
	list := map[pos.PaymentID]subject{}
	for _, d := range deliveries {
		for i := range d.entries {
			e := &d.entries[i]
			s, known := list[e.payment]
			switch {
			case e.payment.IsZero() || known && s.till == d.till:
				continue
			case known:
				list[e.payment] = subject{till: s.till, several: true}
			default:
				_, intent := e.body.(*record.Intent)
				list[e.payment] = subject{till: d.till, begun: intent}
			}
		}
	}
	return list
}

// names are the payments' ids as the tables have them, in their order: neighbours lie together.
func names(payments map[pos.PaymentID]subject) []string {
	list := make([]string, 0, len(payments))
	for id := range payments {
		list = append(list, id.String())
	}
	slices.Sort(list)
	return list
}

func (b *book) loadSome(ctx context.Context, tx *database.Tx, text string, states *stateCodec, ids []string, keep func(*page)) error {
	if len(ids) == 0 {
		return nil
	}
	return tx.Among(ctx, text, ids, func(row database.Scanner) error {
		p, err := scanPage(row, states)
		if err == nil {
			keep(p)
		}
		return err
	})
}

// scanPage reads till, fork and state.
func scanPage(row database.Scanner, states *stateCodec) (p *page, err error) {
	var state []byte
	p = &page{}
	if err := row.Scan(&p.till, &p.fork, &state); err != nil {
		return nil, err
	}
	p.payment, err = states.decode(state)
	return p, err
}

// changed lists the payments to put back, in the order of their ids: that of the table, so that a new one goes to its end.
func (b *book) changed() []pos.PaymentID {
	var ids []pos.PaymentID
	for id, p := range b.pages {
		if p.dirty {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(x, y pos.PaymentID) int { return bytes.Compare(x[:], y[:]) })
	return ids
}

// write puts back what has changed.
func (b *book) write(s *sitting) error {
	var fresh, old []any
	for _, id := range b.changed() {
		p := b.pages[id]
		to := &old
		if p.fresh {
			to = &fresh
		}
		row, err := p.row(s)
		if err != nil {
			return err
		}
		*to = append(*to, row...)
	}
	if err := s.tx.Insert(s.ctx, paymentsTable(), fresh); err != nil {
		return err
	}
	if err := s.tx.Upsert(s.ctx, paymentsTable(), old); err != nil {
		return err
	}
	return b.writeForeign(s)
}

// row are the values of a payment in the order of paymentsTable.
func (p *page) row(s *sitting) ([]any, error) {
	state, err := s.custody.states.encode(p.payment)
	v, money := p.payment, ledgerMoney(p.payment)
	return []any{v.Intent.Payment.String(), string(p.till), v.Epoch.String(), int64(v.Seq), string(v.Intent.Order), int64(v.Intent.Attempt),
		string(v.Intent.Tender), string(v.Status), int64(money.Amount), string(money.Currency), truth(p.fork), state, string(s.custody.merchantOf(p.till)), s.now}, err
}

// merchantOf is the merchant whose till it is, "" when nobody knows.
func (c *Custody) merchantOf(till pos.TillID) pos.MerchantID {
	if c.merchant == nil {
		return ""
	}
	return c.merchant(till)
}

// writeForeign puts back what was given back of other tills' payments.
func (b *book) writeForeign(s *sitting) error {
	var values []any
	for key, p := range b.foreign {
		if !p.dirty {
			continue
		}
		state, err := s.custody.states.encode(p.payment)
		if err != nil {
			return err
		}
		v := p.payment
		values = append(values, key.payment.String(), string(p.till), string(v.Foreign), v.Epoch.String(), int64(v.Seq), string(v.Intent.Order),
			int64(v.Intent.Attempt), string(v.Intent.Tender), int64(v.Returned), int64(throughAcquirer(v)), string(v.Intent.Currency), truth(p.fork), state)
	}
	return s.tx.Upsert(s.ctx, foreignTable(), values)
}

// throughAcquirer is what a till has given back of another till's payment through the acquirer.
func throughAcquirer(p *view.Payment) (sum pos.Minor) {
	for i := range p.Operations {
		if o := &p.Operations[i]; o.State == pos.OperationDone && o.Request.Tender != pos.Cash {
			sum += o.Request.Amount
		}
	}
	return sum
}

// ledgerMoney is what ledger_v1 shows: what was taken, else what was asked for.
func ledgerMoney(p *view.Payment) pos.Money {
	if p.Status.Taken() && p.Decision != nil {
		return p.Taken()
	}
	return p.Asked()
}

// stateCodec keeps a whole payment in one column.
type stateCodec struct {
	enc cbor.EncMode
}

func newStateCodec() (*stateCodec, error) {
	enc, err := cbor.CoreDetEncOptions().EncMode()
	return &stateCodec{enc: enc}, err
}

// encode leaves receipts and bookings out: they are the larger part, nothing is folded by them, and the records hold them.
func (s *stateCodec) encode(p *view.Payment) ([]byte, error) {
	slim := *p
	slim.Receipts, slim.Bookings = nil, nil
	slim.Operations = slices.Clone(p.Operations)
	for i := range slim.Operations {
		slim.Operations[i].Receipts = nil
	}
	return s.enc.Marshal(&slim)
}

func (s *stateCodec) decode(b []byte) (*view.Payment, error) {
	p := &view.Payment{}
	return p, cbor.Unmarshal(b, p)
}
