package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// DeviceTotals are both sides of a card terminal's day so far.
type DeviceTotals struct {
	Terminal record.TerminalTotals
	Journal  []record.BrandSum
	Reasons  []record.DayDifference // why the two differ; empty when they agree
}

// Count asks a card terminal for its totals since the last settlement and holds them against the journal's, without closing the day. It moves no money and
// writes no record, and is answered also while somebody has to decide about a payment, since it erases no evidence.
//
// Errors, all with no money moved through this call: not_found, not_supported, device_unavailable, and what the card terminal says. The end of ctx ends the
// wait and not the question.
func (e *Engine) Count(ctx context.Context, device pos.DeviceName) (DeviceTotals, error) {
	const words = "tell its totals without closing the day"
	return errand[DeviceTotals]{device: device, needs: drivers.Counting, words: words, shows: "it counts its day", reserve: e.reserveIdle,
		do: func(ctx context.Context, t drivers.CardTerminal, progress func(drivers.Progress)) (DeviceTotals, error) {
			counter, able := t.(drivers.Counter)
			if !able {
				return DeviceTotals{}, errLacks(device, words, "Its end of day tells them: settle.")
			}
			totals, err := counter.Count(ctx, progress)
			if err != nil {
				return DeviceTotals{}, err
			}
			return e.bothSides(device, withReceipts(terminalTotals(&totals), totals.Receipts))
		}}.run(ctx, e)
}

// bothSides holds what a terminal counts against the journal over the same range, on the goroutine of the device: nothing is under way at it.
func (e *Engine) bothSides(device pos.DeviceName, t *record.TerminalTotals) (DeviceTotals, error) {
	head := e.journal.Head()
	own, err := e.slipsOf(device, e.journal.Views().Till().Devices[device].Settled, record.Place{Epoch: head.Epoch, Seq: head.Seq})
	if err != nil {
		return DeviceTotals{}, pos.NewError("internal", pos.Permanent, pos.NoneMoved, "The journal's own totals cannot be read.",
			"Run `tillproof journal verify`. Selling goes on.").Because(err)
	}
	return DeviceTotals{Terminal: *t, Journal: own.sums(), Reasons: differences(t, own)}, nil
}

// Reprint has a card terminal give its last receipt again: the texts, or none when it prints by itself. Its rules and errors are those of [Engine.Count].
func (e *Engine) Reprint(ctx context.Context, device pos.DeviceName) ([]drivers.Receipt, error) {
	const words = "print its last receipt again"
	return errand[[]drivers.Receipt]{device: device, needs: drivers.Reprinting, words: words, shows: "it prints its last receipt again", reserve: e.reserveIdle,
		do: func(ctx context.Context, t drivers.CardTerminal, progress func(drivers.Progress)) ([]drivers.Receipt, error) {
			if r, able := t.(drivers.Reprinter); able {
				return r.Reprint(ctx, progress)
			}
			return nil, errLacks(device, words, "Print it at the card terminal's own menu.")
		}}.run(ctx, e)
}

// Service has a card terminal do a technician's chore and tells in words how it went. It moves no money. While a payment at the device is unknown it is
// refused with device_unresolved: a terminal that begins anew may forget what it was to tell (law 3). Its other rules and errors are those of [Engine.Count].
func (e *Engine) Service(ctx context.Context, device pos.DeviceName, chore drivers.Chore) (text string, err error) {
	return errand[string]{device: device, shows: "a technician's work (" + string(chore) + ") is running", reserve: e.reserve,
		do: func(ctx context.Context, t drivers.CardTerminal, progress func(drivers.Progress)) (string, error) {
			if s, able := t.(drivers.Servicer); able && slices.Contains(s.Chores(), chore) {
				return s.Service(ctx, chore, progress)
			}
			return "", errLacks(device, fmt.Sprintf("do %q at the till's wish", chore), "Do it at the card terminal's own menu; the till's status lists its chores.")
		}}.run(ctx, e)
}
