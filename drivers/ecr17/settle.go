package ecr17

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/ecr17/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// Settle sends C once. What the terminal has counted is the total; where its host has counted something else, a note for the merchant says so.
func (t *terminal) Settle(ctx context.Context, progress func(drivers.Progress), commit func(drivers.Totals) error) (drivers.Totals, error) {
	var totals drivers.Totals
	var refused error
	r, err := t.perform(ctx, task{deed: closing, request: t.request('C', 26), answers: "C", progress: progress, keep: func(m codec.Message) (bool, error) {
		if _, known := meaningOf(m.At(11, 12)); !known {
			return false, nil
		}
		if refused = notClosed(m); refused != nil {
			return true, nil // a day that goes on has no totals
		}
		var known bool
		if totals, known = t.closed(m); !known {
			return false, nil
		}
		return true, commit(totals)
	}})
	switch {
	case err != nil:
		return drivers.Totals{}, err
	case refused != nil:
		return drivers.Totals{}, refused
	}
	totals.Receipts = append(totals.Receipts, r.receipts...)
	return totals, nil
}

// closed reads the totals of an end of day, false when they are no amounts.
func (t *terminal) closed(m codec.Message) (drivers.Totals, bool) {
	own, ok := cents(m.At(13, 28))
	if !ok {
		return drivers.Totals{}, false
	}
	totals := drivers.Totals{Currency: t.currency, Amount: own}
	if host, ok := cents(m.At(29, 44)); ok && host != own {
		totals.Receipts = append(totals.Receipts, drivers.Receipt{For: drivers.ForMerchant, Lines: []string{
			"TOTALS DIFFER",
			"terminal: " + pos.Money{Amount: own, Currency: t.currency}.String(),
			"host:     " + pos.Money{Amount: host, Currency: t.currency}.String(),
			"Ask the terminal's provider.",
		}})
	}
	return totals, true
}

// notClosed is the error of an end of day that the terminal refused, nil when it closed: its day goes on.
func notClosed(m codec.Message) error {
	code := m.At(11, 12)
	what, _ := meaningOf(code)
	if code == resultOK {
		return nil
	}
	reason := stx.SafeText(m.Bytes(13, 31))
	if reason == "" {
		reason = what.text
	}
	text := fmt.Sprintf("The card terminal did not close its day: %s (result %s, action code %s). It goes on counting.", reason, code, stx.Printable([]byte(m.At(32, 34))))
	return pos.NewError(terminalRefused, pos.Transient, pos.NoneMoved, text, "Try again later, or close the day in the terminal's own menu.").With("result", code)
}

// Count asks with T for the total since the last end of day.
func (t *terminal) Count(ctx context.Context, _ func(drivers.Progress)) (drivers.Totals, error) {
	told, err := t.wantReceipts(ctx)
	if err != nil {
		return drivers.Totals{}, t.unavailable(err)
	}
	e, err := t.enquire(ctx, t.request('T', 26), "T")
	if err != nil {
		return drivers.Totals{}, t.unavailable(err)
	}
	defer e.Wipe()
	m := codec.Message(e.Payload)
	total, ok := cents(m.At(13, 28))
	if m.At(11, 12) != resultOK || !ok {
		return drivers.Totals{}, pos.NewError(terminalRefused, pos.Transient, pos.NoneMoved,
			fmt.Sprintf("The card terminal does not tell its totals (result %s).", stx.Printable([]byte(m.At(11, 12)))), "Try again, or look in the terminal's own menu.")
	}
	totals := drivers.Totals{Currency: t.currency, Amount: total}
	if told {
		text := t.collect(ctx, nil, moreReceipts)
		totals.Receipts = receiptsOf(text)
		clear(text)
	}
	return totals, nil
}

// cents reads a total of sixteen characters. Whether one below zero has a sign, nobody says; one is taken where it stands.
func cents(s string) (pos.Minor, bool) {
	s = strings.Trim(s, " ")
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || len(s) < 1 {
		return 0, false
	}
	return pos.Minor(n), true
}

var (
	_ drivers.CardTerminal = (*terminal)(nil)
	_ drivers.Counter      = (*terminal)(nil)
	_ drivers.Reprinter    = (*terminal)(nil)
	_ drivers.Watcher      = (*terminal)(nil)
)
