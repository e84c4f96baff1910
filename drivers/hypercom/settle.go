package hypercom

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/pos"
)

// Settle sends the settlement once. Its answer tells the totals of each host.
func (t *terminal) Settle(ctx context.Context, progress func(drivers.Progress), commit func(drivers.Totals) error) (drivers.Totals, error) {
	c := t.options.profile.settlement
	if c.code == "" {
		return drivers.Totals{}, t.lacking(string(closing))
	}
	var totals drivers.Totals
	var refused error
	w := t.dayWish()
	err := t.perform(ctx, task{deed: closing, request: t.options.request(c, w), wish: w, progress: progress,
		keep: func(in *incoming, r reply, _ bool) (known bool, err error) {
			if !isCode(r.response) {
				return false, nil
			}
			if refused = notClosed(r); refused != nil {
				return true, nil // a day that goes on has no totals
			}
			if totals, known = t.totals(in); !known {
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
	return totals, nil
}

// dayWish names an end of day by its time, so that the answer to an earlier one is not taken for its own; no recovery asks for it.
func (t *terminal) dayWish() wish {
	if !t.options.profile.named {
		return wish{}
	}
	return wish{id: drivers.Ticket("end of day "+time.Now().UTC().Format(time.RFC3339Nano), idLength)}
}

// notClosed is the error of an end of day that the terminal refused, nil when it closed: its day goes on.
func notClosed(r reply) error {
	if r.response == approvedCode {
		return nil
	}
	return pos.NewError(terminalRefused, pos.Transient, pos.NoneMoved, "The card terminal did not close its day: "+reason(r)+". It goes on counting.",
		"Try again later, or settle in the terminal's own menu.").With("result", r.response)
}

// Totals of one host (fields 80 to 86), by their place.
const (
	sales = iota
	offline
	voids
	cashback
	voidedCashback
	refunds
	voidedRefunds
	kinds
)

// totals reads what was settled, one group of fields a host. known is false when the answer tells none, or not all: then nobody knows what was settled.
func (t *terminal) totals(in *incoming) (totals drivers.Totals, known bool) {
	head, groups := in.message.Groups()
	totals = drivers.Totals{Currency: t.currency, Trace: number(in.message, "50"), Date: stamp("060102", time.DateOnly, text(in.message, fieldDate)),
		Time: stamp("150405", time.TimeOnly, text(in.message, fieldTime))}
	for _, group := range slices.Concat([][]codec.Field{head}, groups) {
		brand, told, ok := t.host(codec.Message{Fields: group})
		if !ok || in.cut != nil {
			return drivers.Totals{}, false
		}
		known = known || told
		if totals.Amount += brand.Amount; brand.Count != 0 || brand.Amount != 0 {
			totals.Brands = append(totals.Brands, brand)
		}
	}
	return totals, known
}

// mostCount is what a total's count can tell.
const mostCount = 9999

// host reads the totals of one host; told is false when there is none, ok when all that is there can be read.
func (t *terminal) host(m codec.Message) (b drivers.BrandTotal, told, ok bool) {
	var sums [kinds]pos.Minor
	for i := range sums {
		data := m.Get(fmt.Sprint(80 + i))
		if len(data) == 0 {
			continue
		}
		count, minor, readable := codec.ReadTotal(data)
		if !readable {
			return b, true, false
		}
		sums[i], told, b.Full = pos.Minor(minor), true, b.Full || count >= mostCount
		if i == sales || i == offline {
			b.Count += count
		}
	}
	b.Brand = brandID(text(m, fieldHost))
	if b.Brand == "" {
		b.Brand = "other"
	}
	b.Amount = sums[sales] + sums[offline] + sums[cashback] - sums[refunds]
	if t.options.voided {
		b.Amount += sums[voidedRefunds] - sums[voids] - sums[voidedCashback]
	}
	return b, told, true
}
