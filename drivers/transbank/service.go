package transbank

import (
	"context"
	"fmt"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// Reprint makes the terminal print its last voucher again (0250). It gives the text only in Autoservicio with option voucher till.
func (t *terminal) Reprint(ctx context.Context, _ func(drivers.Progress)) ([]drivers.Receipt, error) {
	last, err := t.lastSale(ctx, t.options.printsSlip)
	if err != nil {
		return nil, t.unavailable(err)
	}
	if last.ticket == "" && last.operation == "" {
		return nil, pos.NewError(terminalRefused, pos.Permanent, pos.NoneMoved, "The card terminal has no sale whose receipt it could print again.",
			"Sales before the last end of day are not in its memory.")
	}
	return last.slip(), nil
}

// Chores lists loading of keys, and Autoservicio's initialisation.
func (t *terminal) Chores() []drivers.Chore {
	if t.options.kiosk {
		return []drivers.Chore{drivers.LoadKeys, drivers.Initialise}
	}
	return []drivers.Chore{drivers.LoadKeys}
}

// Service does a chore.
func (t *terminal) Service(ctx context.Context, chore drivers.Chore, progress func(drivers.Progress)) (string, error) {
	switch {
	case chore == drivers.LoadKeys:
		return t.answered(ctx, loadKeys(), progress, "The keys are loaded.", "0810")
	case chore == drivers.Initialise && t.options.kiosk:
		return t.initialise(ctx, progress)
	}
	return "", pos.NewError(notSupported, pos.Permanent, pos.NoneMoved, "The card terminal has no "+string(chore)+" at the till's wish.",
		"Do it at the terminal itself.")
}

// initialise begins with 0070, which the terminal only acknowledges, and asks for the outcome (0080) when it is free again.
func (t *terminal) initialise(ctx context.Context, progress func(drivers.Progress)) (string, error) {
	if err := t.hand(ctx, []byte("0070")); err != nil {
		return "", t.unavailable(err)
	}
	if err := t.wake(ctx); err != nil {
		return "", t.unavailable(err)
	}
	return t.answered(ctx, []byte("0080"), progress, "The terminal is initialised.", "0080", "1080")
}

// answered asks for something that the terminal does with its host.
func (t *terminal) answered(ctx context.Context, request []byte, progress func(drivers.Progress), done string, replies ...string) (string, error) {
	m, err := t.ask(ctx, request, progress, replies...)
	if err != nil {
		return "", t.unavailable(err)
	}
	if code := text(m.Field(1)); code != approved {
		return "", refusedError(code)
	}
	return fmt.Sprintf("%s (code %s)", done, approved), nil
}
