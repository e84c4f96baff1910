package zvt

import (
	"context"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// Settle sends 06 50 once, where no reservation is open or the shop does not mind (option open_reservations). The totals of its 04 0F are durable before they are acknowledged; a terminal that could not close its day ends with a
// refusal, and counts on as before.
func (t *terminal) Settle(ctx context.Context, progress func(drivers.Progress), commit func(drivers.Totals) error) (drivers.Totals, error) {
	command, err := codec.Build(0x06, 0x50).Digits(t.options.password, 3).APDU()
	if err != nil {
		return drivers.Totals{}, err
	}
	if err := t.noneOpen(ctx); err != nil {
		return drivers.Totals{}, err
	}
	var told drivers.Totals
	r, err := t.perform(ctx, task{
		deed: closing, command: command, progress: progress, read: readTotals,
		keep: func(r report, result drivers.Result) error {
			if result.Code != approvedCode {
				return nil // a day that goes on has no totals
			}
			told = t.totals(r, result)
			return commit(told)
		},
	})
	if err != nil {
		return drivers.Totals{}, err
	}
	if r.last.Code != approvedCode {
		return drivers.Totals{}, notClosed(r.last)
	}
	told.Receipts = r.receipts.all()
	told.Emptied = t.emptied(ctx, r)
	return told, nil
}

// emptied asks whether the terminal has forgotten its transactions with its day, as some do: then it says that it holds none. One that announced an
// update or a new start with its end (06 0F 27 E0, FC) is left alone, and what cannot be asked is not known to be empty.
func (t *terminal) emptied(ctx context.Context, r *run) bool {
	if r.end == nil {
		return false
	}
	fields, _, _ := codec.ParseFields(r.end.Data)
	if code, told := fields.Byte(codec.ResultCode); told && code != 0 {
		return false
	}
	found, err := t.lastTransaction(ctx)
	return err == nil && found.result == nil && found.empty()
}

// readTotals takes totals without a result code for good ones: nobody tells the totals of a day that goes on.
func readTotals(r report) (drivers.Result, bool) {
	result, coded := r.result(pos.Money{})
	if _, single := r.fields.Find(codec.SingleTotals); !coded && single {
		r.fields = append(codec.Fields{{BMP: codec.ResultCode, Value: []byte{0}}}, r.fields...)
		return r.result(pos.Money{})
	}
	return result, coded
}

// Parts of BMP 60 (PA00P015): first and last receipt number, then a binary count and a BCD sum for each brand.
const (
	receiptBytes = 2
	countBytes   = 1
	sumBytes     = 6
	fullCount    = 0xFF
)

// totals reads the 04 0F of an end of day. Sums that are missing or broken are left out; the total is then what is left, or 0.
func (t *terminal) totals(r report, result drivers.Result) drivers.Totals {
	single, _ := r.fields.Find(codec.SingleTotals)
	totals := drivers.Totals{Currency: result.Amount.Currency, Brands: brandTotals(single), Trace: result.Trace, Date: result.Date, Time: result.Time}
	if totals.Currency == "" {
		totals.Currency = t.currency
	}
	if len(single) >= 2*receiptBytes {
		totals.First, totals.Last = receiptDigits(single[:receiptBytes]), receiptDigits(single[receiptBytes:2*receiptBytes])
	}
	if n, ok := r.fields.Number(codec.Amount); ok {
		totals.Amount = pos.Minor(n)
		return totals
	}
	for _, b := range totals.Brands {
		totals.Amount += b.Amount
	}
	return totals
}

// receiptDigits is "" for 0000, the receipt number of a day without a receipt.
func receiptDigits(b []byte) string { return moving(bcdDigits(b)) }

// brandTotals reads the brands of BMP 60, none when a sum is no BCD: sums that cannot be trusted as a whole are not told in part.
func brandTotals(single []byte) []drivers.BrandTotal {
	var all []drivers.BrandTotal
	at := 2 * receiptBytes
	for _, brand := range []string{"girocard", "jcb", "mastercard", "amex", "visa", "diners", "other"} {
		if len(single) < at+countBytes+sumBytes {
			break
		}
		sum, err := codec.ParseBCD(single[at+countBytes : at+countBytes+sumBytes])
		if err != nil {
			return nil
		}
		if count := int(single[at]); count > 0 || sum > 0 {
			all = append(all, drivers.BrandTotal{Brand: brand, Count: count, Amount: pos.Minor(sum), Full: count == fullCount})
		}
		at += countBytes + sumBytes
	}
	return all
}
