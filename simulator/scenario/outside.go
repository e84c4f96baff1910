package scenario

import (
	"context"
	"fmt"

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
	y.terminalMoved(byAmount, moved)
	for _, a := range y.bank.Accounts() {
		if a.Net.Amount > 0 {
			moved[numbered(a.Net.Amount)]++ // of what is left the last digits stay
		}
	}
	acquired, err := y.bank.Totals()
	if err != nil {
		return err
	}
	y.result.TerminalTotal += sum(acquired)
	for order, answers := range y.answers {
		for _, p := range answers {
			kept := -y.handed[p.ID] // of a card or a code too, when it went back in cash
			if p.Tender == pos.Cash && p.Status == pos.Approved {
				kept += p.Amount
			}
			if kept > 0 {
				moved[order]++
			}
			y.result.TerminalTotal += kept
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

// terminalMoved counts the payments that the terminal itself remembers. Its refunds are transactions of their own: what all of an order went back by
// did not move.
func (y *day) terminalMoved(byAmount map[pos.Minor]pos.OrderRef, moved map[pos.OrderRef]int) {
	kept := map[pos.OrderRef]pos.Minor{}
	for _, tx := range y.terminal.Memory().Transactions {
		switch {
		case tx.Counts():
			moved[byAmount[tx.Amount]]++
			kept[byAmount[tx.Amount]] += tx.Amount
			y.result.TerminalTotal += tx.Amount
		case tx.Returns():
			kept[numbered(tx.Amount)] -= tx.Amount
			y.result.TerminalTotal -= tx.Amount
		}
	}
	for order, left := range kept {
		if left <= 0 {
			moved[order]--
		}
	}
}

// numbered is the order of an amount, or of a part of it, by its last digits: those of the sale's number, or that and what is paid oddly.
func numbered(amount pos.Minor) pos.OrderRef {
	return pos.OrderRef(fmt.Sprintf("day/%04d", amount%oddly))
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
