package platform

import (
	"bytes"
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// page is a payment of the ledger.
type page struct {
	till    pos.TillID
	payment *view.Payment
	fork    bool // begun by a branch that lost
	dirty   bool // not yet written back
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
	if p := b.foreign[foreignKey{payment, b.till}]; p != nil {
		return p
	}
	return b.pages[payment]
}

// begin makes the page that a record begins, nil when it begins none.
func (b *book) begin(r *record.Record, body record.Subject) *page {
	id := body.PaymentID()
	if intent, is := body.(*record.Intent); is && b.pages[id] == nil {
		b.pages[id] = &page{till: b.till, payment: view.Begin(r, intent), fork: b.fork}
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

// lookupSize is the number of payments that one query asks for.
const lookupSize = 100

// load reads payments into the book.
func (b *book) load(ctx context.Context, c *Custody, ids []pos.PaymentID) error {
	for len(ids) > 0 {
		n := min(lookupSize, len(ids))
		asked := make([]any, lookupSize)
		for i := range asked {
			asked[i] = ids[min(i, n-1)].String() // filled up with the last one: the statement has a fixed length
		}
		err := b.loadSome(ctx, c.q.payments, c.states, asked, func(p *page) { b.pages[p.payment.Intent.Payment] = p })
		if err != nil {
			return err
		}
		err = b.loadSome(ctx, c.q.foreign, c.states, asked, func(p *page) { b.foreign[foreignKey{p.payment.Intent.Payment, p.till}] = p })
		if err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

func (b *book) loadSome(ctx context.Context, q *sql.Stmt, states *stateCodec, asked []any, keep func(*page)) error {
	rows, err := q.QueryContext(ctx, asked...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var state []byte
		p := &page{}
		if err := rows.Scan(&p.till, &p.fork, &state); err != nil {
			return err
		}
		if p.payment, err = states.decode(state); err != nil {
			return err
		}
		keep(p)
	}
	return rows.Err()
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
func (b *book) write(ctx context.Context, c *Custody) error {
	ids := b.changed()
	values := make([]any, 0, 12*len(ids))
	for _, id := range ids {
		p := b.pages[id]
		state, err := c.states.encode(p.payment)
		if err != nil {
			return err
		}
		v, money := p.payment, ledgerMoney(p.payment)
		values = append(values, id.String(), string(p.till), v.Epoch.String(), int64(v.Seq), string(v.Intent.Order), int64(v.Intent.Attempt),
			string(v.Intent.Tender), string(v.Status), int64(money.Amount), string(money.Currency), p.fork, state)
	}
	if err := c.q.putPayments.insert(ctx, values); err != nil {
		return err
	}
	return b.writeForeign(ctx, c)
}

// writeForeign puts back what was given back of other tills' payments.
func (b *book) writeForeign(ctx context.Context, c *Custody) error {
	var values []any
	for key, p := range b.foreign {
		if !p.dirty {
			continue
		}
		state, err := c.states.encode(p.payment)
		if err != nil {
			return err
		}
		v := p.payment
		values = append(values, key.payment.String(), string(p.till), string(v.Foreign), v.Epoch.String(), int64(v.Seq), string(v.Intent.Order),
			int64(v.Intent.Attempt), string(v.Intent.Tender), int64(v.Returned), int64(throughAcquirer(v)), string(v.Intent.Currency), p.fork, state)
	}
	return c.q.putForeign.insert(ctx, values)
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

// placeholders is "?,?,...".
func placeholders(n int) string { return "?" + strings.Repeat(",?", n-1) }

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
