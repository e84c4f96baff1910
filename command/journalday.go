package command

import (
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// describeDay puts records into words that speak of shifts and settlements.
func describeDay(body record.Body) string {
	switch b := body.(type) {
	case *record.ShiftOpened:
		return fmt.Sprintf("%s  number %d of %s  %s  float %s", b.ID, b.Number, b.Cashier, b.Date, pos.Money{Amount: b.Float, Currency: b.Currency})
	case *record.ShiftClosed:
		counted, expected := pos.Money{Amount: b.Counted, Currency: b.Opened.Currency}, pos.Money{Amount: b.Expected, Currency: b.Opened.Currency}
		return fmt.Sprintf("%s  by %s  counted %s, expected %s, %d unknown", b.ID, b.Cashier, counted, expected, b.Report.Open)
	case *record.Settlement:
		device := string(b.Device)
		if device == "" {
			device = "the till itself"
		}
		return fmt.Sprintf("%s  %s  %s  %s  %d differences", b.ID, device, b.Date, b.State, len(b.Differences))
	}
	return describeKeeping(body)
}
