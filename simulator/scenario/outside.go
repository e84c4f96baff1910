package scenario

import (
	"context"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform"
)

// compareOutside follows the money without asking the till: what the terminal and the acquirer themselves hold and what cash the
// cashier saw approved, traced to the orders by their amounts, must each stand in the ledger exactly once.
func (y *day) compareOutside(ctx context.Context) error {
	moved := map[pos.OrderRef]int{}
	byAmount := map[pos.Minor]pos.OrderRef{}
	orders := []pos.OrderRef{}
	for _, s := range y.plan.sales {
		byAmount[s.amount] = s.order
		orders = append(orders, s.order)
	}
	for i := range y.plan.phone {
		s := &y.plan.phone[i]
		byAmount[s.amount], byAmount[s.paid()] = s.order, s.order
		orders = append(orders, s.order)
	}
	for _, tx := range y.terminal.Memory().Transactions {
		if tx.Counts() {
			moved[byAmount[tx.Amount]]++
			y.result.TerminalTotal += tx.Amount
		}
	}
	for _, a := range y.bank.Accounts() {
		if a.Net.Amount > 0 {
			moved[byAmount[a.Net.Amount]]++
		}
	}
	acquired, err := y.bank.Totals()
	if err != nil {
		return err
	}
	y.result.TerminalTotal += sum(acquired)
	for order, answers := range y.answers {
		for _, p := range answers {
			if p.Tender == pos.Cash && p.Status == pos.Approved {
				moved[order]++
				y.result.TerminalTotal += p.Amount
			}
		}
	}
	booked, err := y.booked(ctx)
	if err != nil {
		return err
	}
	for order, n := range moved {
		y.result.Lost += max(0, n-booked[order])
	}
	for _, order := range orders {
		y.result.Duplicated += max(0, moved[order]-1, booked[order]-1)
	}
	return nil
}

// booked counts the taken payments of each order in the ledger.
func (y *day) booked(ctx context.Context) (map[pos.OrderRef]int, error) {
	l, err := platform.OpenLedger(y.places.ledger)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	count := map[pos.OrderRef]int{}
	for row, err := range l.Payments(ctx) {
		if err != nil {
			return nil, err
		}
		if row.Status.Taken() {
			count[row.Key.Order]++
		}
	}
	return count, nil
}
