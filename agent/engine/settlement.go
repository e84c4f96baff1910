package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// SettleRequest asks for the end of the business day at card terminals.
type SettleRequest struct {
	Devices []pos.DeviceName // empty: all, and what the till takes by itself
	Date    string           // business date, YYYY-MM-DD; "" takes that of the open shift, or today's in the shop's zone
	Cashier pos.PersonID     // "" takes that of the open shift
}

// Settlement is one call for settlement: a part for each device, and one without a device for what the till takes by itself.
type Settlement struct {
	ID    pos.UUID
	Parts []record.Settlement // the last step of each
	At    int64               // of the newest step, milliseconds since 1970-01-01 UTC; 0 while none has ended
}

// OK says whether every part is done and agrees with the journal.
func (s *Settlement) OK() bool {
	for i := range s.Parts {
		if s.Parts[i].State != record.SettlementDone || len(s.Parts[i].Differences) > 0 {
			return false
		}
	}
	return true
}

// Settle closes the business day of card terminals and compares their totals with the journal's for the same range of records. It returns when every
// device has answered or is known not to; the end of ctx ends the wait and not the settlement. Sales of other devices and in cash go on meanwhile.
//
// Errors, all with nothing settled: settlement_blocked with member payment (law 3: its evidence would be erased), settlement_running, device_unavailable,
// request_invalid, and those of the journal. A terminal's totals that are lost are no error: that part is unknown.
func (e *Engine) Settle(ctx context.Context, r SettleRequest) (Settlement, error) {
	date, err := e.settlementDate(r.Date)
	if err != nil {
		return Settlement{}, err
	}
	c := &closing{engine: e, id: pos.NewUUID(time.Now()), date: date, cashier: r.Cashier, own: len(r.Devices) == 0}
	if c.cashier == "" {
		c.cashier = e.cashier()
	}
	devices := slices.Compact(slices.Sorted(slices.Values(r.Devices)))
	if c.own {
		for _, s := range e.stations {
			devices = append(devices, s.name)
		}
	}
	if err := c.begin(devices); err != nil {
		return Settlement{}, err
	}
	c.hand()
	for _, p := range c.parts {
		select {
		case <-p.ended:
		case <-ctx.Done():
		}
	}
	return c.result()
}

// settlementDate is the business date of a settlement.
func (e *Engine) settlementDate(asked string) (string, error) {
	if s := e.journal.Views().Till().Shift; asked == "" && s != nil {
		return s.Opened.Date, nil
	}
	return e.businessDate(asked)
}

// settledSince says whether a settlement of its device came after a sale, so that the terminal cannot void it any more. When one that settles by itself has
// done so, the till does not know: it is asked.
func (e *Engine) settledSince(p *view.Payment) bool {
	day := e.journal.Views().Till().Devices[p.Intent.Device]
	return p.Intent.Device != "" && len(p.Bookings) > 0 && p.Bookings[0].Place.Compare(day.Settled) < 0 && e.can(p.Intent.Device, drivers.Settling)
}

// Settlements lists settlements, those under way first, then the last one first. It ends where the records do.
func (e *Engine) Settlements(limit int) ([]Settlement, error) {
	till := e.journal.Views().Till()
	list := []Settlement{}
	for _, day := range till.Devices {
		if day.Open != nil {
			list = join(list, *day.Open, 0)
		}
	}
	for at := till.Settled; !at.IsZero() && len(list) <= limit; {
		rec, body, err := e.recordAt(at)
		if errors.Is(err, journal.ErrNotFound) {
			break // retention has taken it
		}
		step, is := body.(*record.Settlement)
		if err != nil || !is {
			return nil, errors.Join(err, errChain(at, body))
		}
		list, at = join(list, *step, rec.Times.Wall), step.Before
	}
	for i := range list {
		list[i].sort()
	}
	return list[:min(limit, len(list))], nil
}

// join puts a part to the others of its settlement.
func join(list []Settlement, part record.Settlement, at int64) []Settlement {
	i := slices.IndexFunc(list, func(s Settlement) bool { return s.ID == part.ID })
	if i < 0 {
		list, i = append(list, Settlement{ID: part.ID}), len(list)
	}
	list[i].Parts, list[i].At = append(list[i].Parts, part), max(list[i].At, at)
	return list
}

func (s *Settlement) sort() {
	slices.SortFunc(s.Parts, func(a, b record.Settlement) int { return slices.Compare([]byte(a.Device), []byte(b.Device)) })
}

// resumeSettlements ends what the last life of the agent left open. Totals that a terminal has told count; without them nobody knows.
func (e *Engine) resumeSettlements() error {
	for device, day := range e.journal.Views().Till().Devices {
		if day.Open == nil {
			continue
		}
		part := &settling{engine: e, device: device, step: *day.Open, through: day.Began}
		var err error
		switch {
		case day.Open.State == record.SettlementTold:
			err = part.done(day.Open.Terminal, "The till was restarted after the terminal had told its totals.")
		case !e.can(device, drivers.Settling):
			err = part.byJournal()
		default:
			err = part.lost("The till was restarted while the end of day was under way.")
		}
		if err != nil {
			return err
		}
	}
	return nil
}
