package zvt

import (
	"context"
	"errors"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// Count sends 06 10: the terminal tells the totals of its running day and goes on counting. One that prints them only, without a 04 0F, tells none:
// code not_supported. No money moves, and it may be repeated.
func (t *terminal) Count(ctx context.Context, progress func(drivers.Progress)) (drivers.Totals, error) {
	command, err := codec.Build(0x06, 0x10).Digits(t.options.password, 3).APDU()
	if err != nil {
		return drivers.Totals{}, err
	}
	var told *drivers.Totals
	slips := receipts{charset: t.charset}
	err = t.look(ctx, command, listener{progress: progress, receipts: &slips, result: func(fields codec.Fields) {
		said := t.report(fields)
		if result, coded := readTotals(said); coded && result.Code == approvedCode {
			totals := t.totals(said, result)
			told = &totals
		}
	}})
	if err != nil {
		return drivers.Totals{}, lookFailed("report of its totals", err)
	}
	if told == nil {
		return drivers.Totals{}, pos.NewError(notPossible, pos.Permanent, pos.NoneMoved,
			"The card terminal tells no totals to the till. It may have printed them.", "Read them from the terminal's own slip.")
	}
	told.Receipts = slips.all()
	return *told, nil
}

// Reprint sends 06 20 with printing and without a result: the terminal prints its last receipt again, or sends its text where the till prints for it.
// No money moves, and it may be repeated.
func (t *terminal) Reprint(ctx context.Context, progress func(drivers.Progress)) ([]drivers.Receipt, error) {
	command, err := codec.Build(0x06, 0x20).Digits(t.options.password, 3).Field(codec.Service, 0).APDU()
	if err != nil {
		return nil, err
	}
	slips := receipts{charset: t.charset}
	if err := t.look(ctx, command, listener{progress: progress, receipts: &slips}); err != nil {
		return nil, lookFailed("copy of a receipt", err)
	}
	return slips.all(), nil
}

// look sends a command that moves no money, after registering where that was lost.
func (t *terminal) look(ctx context.Context, command codec.APDU, to listener) error {
	if !t.registered {
		if err := t.register(ctx); err != nil {
			return err
		}
	}
	_, err := t.complete(ctx, command, to)
	var no *refusal
	if errors.As(err, &no) && no.code == notRegistered {
		t.registered = false
	}
	return err
}

// lookFailed is the error of such a command. What the terminal has no function for is not supported, and stays so.
func lookFailed(what string, err error) error {
	var no *refusal
	if errors.As(err, &no) && no.code == notSupported {
		return pos.NewError(notPossible, pos.Permanent, pos.NoneMoved, "The card terminal has no function for a "+what+" at the till's wish (code 83).",
			"Do it at the terminal itself.").With("result", "83")
	}
	return unavailable(err)
}
