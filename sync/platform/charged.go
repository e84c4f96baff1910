package platform

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/work"
)

// orderStripes is the number of locks that all orders share.
const orderStripes = 64

// orderKey is an order of a merchant.
type orderKey struct {
	merchant pos.MerchantID
	order    pos.OrderRef
}

// chargedTwice puts on the list of work which orders two tills have charged: both payments are recorded as they are, and a person gives one of them back. It is
// the last that a transaction does: it holds locks that the tills of a merchant share, so that of two tills at the same time the second one sees the first.
func (s *sitting) chargedTwice() error {
	taken := s.takenNow()
	if s.custody.work == nil || len(taken) == 0 {
		return nil
	}
	var stripes []string
	refs := map[pos.MerchantID][]string{}
	for key := range taken {
		refs[key.merchant] = append(refs[key.merchant], string(key.order))
		if name := key.stripe(); !slices.Contains(stripes, name) {
			stripes = append(stripes, name)
		}
	}
	if err := s.tx.LockAll(s.ctx, stripes...); err != nil {
		return err
	}
	for merchant, list := range refs {
		slices.Sort(list)
		if err := s.othersOf(merchant, list, taken); err != nil {
			return err
		}
	}
	return nil
}

func (k orderKey) stripe() string {
	h := fnv.New32a()
	_, _ = fmt.Fprint(h, k.merchant, " ", k.order)
	return fmt.Sprintf("orders/%02d", h.Sum32()%orderStripes)
}

// takenNow are the orders of the payments that the transaction has changed and that hold money, with the till of each.
func (s *sitting) takenNow() map[orderKey]pos.TillID {
	taken := map[orderKey]pos.TillID{}
	for _, p := range s.book.pages {
		if !p.dirty || !p.payment.Status.Taken() || p.payment.Intent.Order == "" {
			continue
		}
		if merchant := s.custody.merchantOf(p.till); merchant != "" {
			taken[orderKey{merchant, p.payment.Intent.Order}] = p.till
		}
	}
	return taken
}

// othersOf looks for payments of other tills for the same orders, of which there are none as a rule.
func (s *sitting) othersOf(merchant pos.MerchantID, refs []string, taken map[orderKey]pos.TillID) error {
	var shared []pos.OrderRef
	const text = "SELECT order_ref, till FROM payments WHERE merchant = ? AND order_ref IN (?)"
	err := s.tx.Among(s.ctx, text, refs, func(row database.Scanner) error {
		var order pos.OrderRef
		var till pos.TillID
		if err := row.Scan(&order, &till); err != nil {
			return err
		}
		if till != taken[orderKey{merchant, order}] && !slices.Contains(shared, order) {
			shared = append(shared, order)
		}
		return nil
	}, string(merchant))
	if err != nil {
		return err
	}
	for _, order := range shared {
		if err := s.judgeOrder(orderKey{merchant, order}); err != nil {
			return err
		}
	}
	return nil
}

// judgeOrder adds up what several tills have taken for one order.
func (s *sitting) judgeOrder(key orderKey) error {
	pages, err := s.pagesOf(key)
	if err != nil {
		return err
	}
	var sum, limit pos.Minor
	var last *page
	tills := map[pos.TillID]bool{}
	for _, p := range pages {
		money := p.payment.Taken()
		if !p.payment.Status.Taken() || money.Amount <= 0 || last != nil && money.Currency != last.payment.Taken().Currency {
			continue
		}
		sum, limit, last = sum+money.Amount, max(limit, orderAmount(p.payment)), p
		tills[p.till] = true
	}
	if len(tills) < 2 || sum <= limit {
		return nil
	}
	over := pos.Money{Amount: sum - limit, Currency: last.payment.Taken().Currency}
	_, err = s.custody.work.Add(s.ctx, s.tx, work.Item{Kind: work.OrderChargedTwice, Merchant: key.merchant, Ref: string(key.merchant) + "/" + string(key.order),
		Till: last.till, Payment: last.payment.Intent.Payment, Order: key.order, Money: over, Reason: "order_charged_twice",
		Text: fmt.Sprintf("%d tills have taken money for order %s, %s more than it costs. Give one payment back.", len(tills), key.order, over)})
	return err
}

// pagesOf are all payments of an order, in the order of their ids.
func (s *sitting) pagesOf(key orderKey) (pages []*page, err error) {
	const text = "SELECT till, fork, state FROM payments WHERE merchant = ? AND order_ref = ? ORDER BY payment"
	return database.All(s.ctx, s.tx, func(row database.Scanner) (*page, error) { return scanPage(row, s.custody.states) }, text,
		string(key.merchant), string(key.order))
}

// orderAmount is what the whole order costs, as far as a payment says so.
func orderAmount(p *view.Payment) pos.Minor {
	if p.Intent.OrderAmount != nil {
		return *p.Intent.OrderAmount
	}
	return p.Intent.Amount
}

// notice puts on the list of work what a delivery has left for a person, in the transaction that takes it.
func (c *Custody) notice(ctx context.Context, tx *database.Tx, d *Delivery, fork bool, held []pos.Seq) error {
	if c.work == nil || !fork && len(held) == 0 {
		return nil
	}
	item := work.Item{Kind: work.RecordHeld, Merchant: c.merchantOf(d.till), Till: d.till, Ref: d.prev.Epoch.String(), Reason: "record_held"}
	if fork {
		item.Kind, item.Reason = work.Fork, "fork"
		item.Text = "The till has brought other records under numbers that are in custody: its journal was copied or restored. Find out whether two tills use one identity."
	} else {
		item.Text = fmt.Sprintf("Record %d of the till's journal could not be interpreted, or does not fit what came before; it is in custody, set aside. Look at it in the ledger.", held[0])
	}
	_, err := c.work.Add(ctx, tx, item)
	return err
}
