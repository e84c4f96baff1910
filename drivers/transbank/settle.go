package transbank

import (
	"context"
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// Count asks for the totals since the last end of day (0700). The terminal prints them.
func (t counting) Count(ctx context.Context, progress func(drivers.Progress)) (drivers.Totals, error) {
	totals, err := t.totals(ctx, progress)
	if err != nil {
		return drivers.Totals{}, t.unavailable(err)
	}
	return totals, nil
}

// totals reads count and sum. The terminal does not tell brands: all is "other".
func (t *terminal) totals(ctx context.Context, progress func(drivers.Progress)) (drivers.Totals, error) {
	totals := drivers.Totals{Currency: currency}
	m, err := t.ask(ctx, t.options.totals(), progress, "0710")
	if err != nil {
		return totals, err
	}
	count, counted := number(text(m.Field(2)))
	sum, summed := pesos(text(m.Field(3)))
	switch code := text(m.Field(1)); {
	case code == noSale:
		return totals, nil
	case code != approved:
		return totals, &refusal{code}
	case !counted || !summed:
		return totals, fmt.Errorf("totals %q and %q are no numbers", text(m.Field(2)), text(m.Field(3)))
	}
	if totals.Amount = sum; count > 0 || sum > 0 {
		totals.Brands = []drivers.BrandTotal{{Brand: "other", Count: int(count), Amount: sum}}
	}
	return totals, nil
}

// Settle reads the totals (0700) and closes the batch (0500), which tells none itself. The totals are durable before the end of day is
// acknowledged.
func (t *terminal) Settle(ctx context.Context, progress func(drivers.Progress), commit func(drivers.Totals) error) (drivers.Totals, error) {
	if t.options.kiosk {
		return drivers.Totals{}, pos.NewError(notSupported, pos.Permanent, pos.NoneMoved, "Autoservicio tells the till no totals, so the till does not close its day.",
			"Close the day at the terminal itself.")
	}
	if err := t.ready(ctx); err != nil {
		return drivers.Totals{}, t.unavailable(err)
	}
	totals, err := t.totals(ctx, progress)
	if err != nil {
		return drivers.Totals{}, t.unavailable(err)
	}
	in, err := t.perform(ctx, task{deed: closing, request: t.options.closeDay(), progress: progress, ours: isReply("0510")})
	if err != nil {
		return drivers.Totals{}, withTotals(err, totals)
	}
	if code := text(in.Field(1)); code != approved && (code != noSale || len(totals.Brands) > 0) { // an empty day may be closed with "no sale"
		_ = t.accept(in)
		return drivers.Totals{}, notClosed(code)
	}
	totals.Emptied = true
	if err := commit(totals); err != nil {
		in.event.Wipe()
		return drivers.Totals{}, unknown(closing, "The totals could not be stored; the card terminal has closed its day.", err)
	}
	_ = t.accept(in) // the day is closed, whether or not the terminal hears that we know
	return totals, nil
}

// withTotals adds what was counted before an end of day whose outcome is not known.
func withTotals(err error, totals drivers.Totals) error {
	var known *pos.Error
	if !errors.As(err, &known) || known.Retry != pos.OutcomeUnknown {
		return err
	}
	count := 0
	for _, b := range totals.Brands {
		count += b.Count
	}
	counted := *known
	counted.Text += fmt.Sprintf(" Before it the terminal counted %d sales over %d pesos.", count, totals.Amount)
	return &counted
}

// notClosed is the error of an end of day that the terminal ended with a code: its day goes on.
func notClosed(code string) error {
	if !isCode(code) {
		return unknown(closing, "The card terminal answered the end of day without a response code.", nil)
	}
	e := refusedError(code)
	e.Text = fmt.Sprintf("The card terminal did not close its day: %s (code %s). It goes on counting.", meaningOf(code).text, code)
	return e
}
