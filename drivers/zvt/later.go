package zvt

import (
	"context"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// Void implements [drivers.CardTerminal].
func (t *terminal) Void(context.Context, drivers.Sale, drivers.Last) (drivers.Outcome, error) {
	return drivers.Outcome{}, cannotDo()
}

// Refund implements [drivers.CardTerminal].
func (t *terminal) Refund(context.Context, drivers.Sale) (drivers.Outcome, error) {
	return drivers.Outcome{}, cannotDo()
}

// Settle implements [drivers.CardTerminal].
func (t *terminal) Settle(context.Context, func(drivers.Progress), func(drivers.Totals) error) (drivers.Totals, error) {
	return drivers.Totals{}, cannotDo()
}

func cannotDo() error {
	return pos.NewError("not_supported", pos.Permanent, pos.NoneMoved, "This driver cannot do it.", "Do it at the terminal itself.")
}
