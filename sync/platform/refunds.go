package platform

import (
	"context"
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/wallet"
)

// refundRow is one refund that a till has asked for.
type refundRow struct {
	payment pos.PaymentID
	till    pos.TillID
	key     pos.OperationKey
	money   pos.Money
	state   pos.OperationState
}

// errNotInCustody says that the platform does not hold the payment, or not yet: nothing was decided.
var errNotInCustody = errors.New("the payment is not in custody")

// refundColumns are what [scanRefund] reads.
const refundColumns = "SELECT payment, till, operation, amount, currency, state FROM refunds "

func scanRefund(row database.Scanner) (r refundRow, err error) {
	var payment string
	if err := row.Scan(&payment, &r.till, &r.key, &r.money.Amount, &r.money.Currency, &r.state); err != nil {
		return r, err
	}
	r.payment, err = pos.ParsePaymentID(payment)
	return r, err
}

// endRefund notes what became of a refund, in the transaction of the result that says so.
func endRefund(ctx context.Context, tx *database.Tx, r *wallet.Result) error {
	state := pos.OperationRefused
	if r.Status == pos.Refunded {
		state = pos.OperationDone
	}
	_, err := tx.Exec(ctx, "UPDATE refunds SET state = ? WHERE payment = ? AND till = ? AND operation = ?", string(state), r.Payment.String(), string(r.Till), string(r.Operation))
	return err
}

// reserve decides on a refund in one transaction, whichever till asks: what the payment's own journal says of it and all refunds that were asked for
// never sum above what was taken. It returns the refund as it stands: that of an earlier call with the same key, or a new one, which is requested (the
// acquirer is to be asked), done (money that a drawer gives back: it may leave now) or refused, the last two with their result. [errNotInCustody]
// when the platform does not hold the payment or may not tell this till of it.
func (s taskStore) reserve(ctx context.Context, till pos.TillID, op *record.Operation, mine func(pos.TillID) bool) (row refundRow, results []wallet.Result, err error) {
	err = s.db.Transact(ctx, func(tx *database.Tx) error {
		row, results = refundRow{}, nil
		if err := s.guard(ctx, tx, till); err != nil {
			return err
		}
		if err := tx.Lock(ctx, paymentLock(op.Payment)); err != nil {
			return err
		}
		p, owner, rows, err := s.books(ctx, tx, op.Payment)
		if err != nil {
			return err
		}
		if p == nil || owner != till && !mine(owner) {
			return errNotInCustody
		}
		for _, old := range rows {
			if old.till == till && old.key == op.Key {
				row = old
				return nil
			}
		}
		row = refundRow{op.Payment, till, op.Key, pos.Money{Amount: op.Amount, Currency: op.Currency}, pos.OperationRequested}
		if r := decide(p, owner, rows, till, op); r != nil {
			results = []wallet.Result{*r}
		}
		return s.putRefund(ctx, tx, &row, results)
	})
	return row, results, err
}

// putRefund writes a new refund, and the result of one that is decided already.
func (s taskStore) putRefund(ctx context.Context, tx *database.Tx, row *refundRow, results []wallet.Result) error {
	const add = "INSERT INTO refunds (payment, till, operation, amount, currency, state, at) VALUES (?,?,?,?,?,?,?)"
	if _, err := tx.Exec(ctx, add, row.payment.String(), string(row.till), string(row.key), int64(row.money.Amount),
		string(row.money.Currency), string(row.state), clock()); err != nil {
		return err
	}
	if len(results) > 0 {
		row.state = pos.OperationRefused
		if results[0].Status == pos.Refunded {
			row.state = pos.OperationDone
		}
	}
	return s.append(ctx, tx, row.till, results)
}

// books reads, within a transaction, the page of a payment, nil when there is none, whose it is, and all refunds of it that were asked for.
func (s taskStore) books(ctx context.Context, tx *database.Tx, payment pos.PaymentID) (p *view.Payment, owner pos.TillID, rows []refundRow, err error) {
	var state []byte
	switch err := tx.Row(ctx, "SELECT till, state FROM payments WHERE payment = ?", payment.String()).Scan(&owner, &state); {
	case errors.Is(err, database.ErrNoRows):
		return nil, "", nil, nil
	case err != nil:
		return nil, "", nil, err
	}
	if p, err = s.states.decode(state); err != nil {
		return nil, "", nil, err
	}
	rows, err = database.All(ctx, tx, scanRefund, refundColumns+"WHERE payment = ?", payment.String())
	return p, owner, rows, err
}

// left is what may still go back of a payment: what was taken, less what its own journal has given back or may be giving back, less every other refund
// that was asked for and not refused. Of the operation that is asked for now (by its till and key) nothing is taken off.
func left(p *view.Payment, owner pos.TillID, rows []refundRow, till pos.TillID, key pos.OperationKey) pos.Minor {
	rest, refused := p.Taken().Amount, map[pos.OperationKey]bool{}
	for _, r := range rows {
		refused[r.key] = refused[r.key] || r.till == owner && r.state == pos.OperationRefused
	}
	for i := range p.Operations {
		o := &p.Operations[i]
		mine := owner == till && o.Request.Key == key
		if o.Open() && o.Request.What != pos.Capture && !mine && !refused[o.Request.Key] {
			rest -= o.Request.Amount
		}
	}
	for _, r := range rows {
		if r.state == pos.OperationRefused || r.till == till && r.key == key {
			continue
		}
		if o := p.Operation(r.key); r.till == owner && o != nil && o.State != pos.OperationRefused {
			continue // the journal says it too
		}
		rest -= r.money.Amount
	}
	return max(0, rest)
}

// decide says what becomes of a new refund at once: nil when an acquirer is to be asked.
func decide(p *view.Payment, owner pos.TillID, rows []refundRow, till pos.TillID, op *record.Operation) *wallet.Result {
	r := &wallet.Result{Payment: op.Payment, Operation: op.Key, Till: till, Status: pos.Declined, Amount: pos.Money{Currency: op.Currency}, At: clock()}
	atAcquirer := p.Intent.Tender == pos.Code || p.Intent.Tender == pos.QR || p.Intent.ByReader()
	rest := left(p, owner, rows, till, op.Key)
	switch {
	case op.Currency != p.Intent.Currency || p.Decision == nil || !p.Status.Taken() || p.Unwanted:
		r.Code, r.Text = "not_refundable", fmt.Sprintf("The payment is %s: it holds no %s that could be given back.", p.Status, op.Currency)
	case op.Amount > rest:
		r.Code, r.Text = "refund_exceeds", fmt.Sprintf("Only %s can still go back of this payment, over all tills.", pos.Money{Amount: rest, Currency: op.Currency})
	case op.Tender == pos.Cash:
		r.Status, r.Amount.Amount, r.Code, r.Text = pos.Refunded, op.Amount, "reserved", "The money may leave the drawer: nobody else can give it back."
	case op.Tender != p.Intent.Tender || !atAcquirer:
		r.Code, r.Text = "not_supported", "The platform cannot give this back: refund it in cash, or where it was taken."
	default:
		return nil
	}
	return r
}
