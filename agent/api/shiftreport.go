package api

import (
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// shift shows a shift.
func (s *server) shift(f *engine.Shift) Shift {
	out := Shift{ID: f.Opened.ID, Number: f.Opened.Number, State: "open", Cashier: f.Opened.Cashier, BusinessDate: f.Opened.Date,
		OpenedAt: Timestamp(f.OpenedAt), Drawer: Drawer{Currency: f.Opened.Currency, Float: f.Opened.Float, Expected: f.Expected}}
	until := time.Now().UnixMilli()
	if c := f.Closed; c != nil {
		until = f.ClosedAt
		difference := c.Counted - f.Expected
		out.State, out.ClosedAt, out.ClosedBy = "closed", Timestamp(f.ClosedAt), c.Cashier
		out.Drawer.Counted, out.Drawer.Difference = &c.Counted, &difference
	}
	out.Report = report(&f.Report)
	out.Report.DurationS = max(0, (until-f.OpenedAt)/1000)
	return out
}

func report(r *record.DayReport) Report {
	out := Report{Totals: sums(r, record.SumTaken), Sales: sums(r, record.SumSales), Refunds: sums(r, record.SumRefunds), Voids: sums(r, record.SumVoids),
		Tips: sums(r, record.SumTips), Rounding: sums(r, record.SumRounding), Lost: sums(r, record.SumLost),
		ApprovedOffline: sums(r, record.SumApprovedOffline), Presented: sums(r, record.SumPresented), UnknownSums: sums(r, record.SumUnknown),
		Unknown: append([]pos.PaymentID{}, r.Unknown...), Records: RecordRange{Through: RecordRef(r.Through), Count: r.Records}}
	if !r.After.IsZero() {
		after := RecordRef(r.After)
		out.Records.After = &after
	}
	return out
}
