package engine

import (
	"errors"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// decision is what the journal keeps of a terminal's result.
func decision(r drivers.Result) record.Decision {
	return record.Decision{
		Status: r.Decision.Status(), Amount: r.Amount.Amount, Currency: r.Amount.Currency, Tip: r.Tip, Code: r.Code, Text: r.Text, Trace: r.Trace,
		ReceiptNo: r.ReceiptNo, TerminalID: r.TerminalID, MerchantID: r.MerchantID, AuthCode: r.AuthCode, Brand: r.Brand, CardName: r.CardName,
		Last4: r.Last4, Entry: r.Entry, Date: r.Date, Time: r.Time, DateGuessed: r.DateGuessed,
	}
}

// stored is a decision as the driver knows it, for a recovery; nil for none.
func stored(d *record.Decision) *drivers.Result {
	if d == nil {
		return nil
	}
	return &drivers.Result{
		Decision: decided(d.Status), Amount: pos.Money{Amount: d.Amount, Currency: d.Currency}, Tip: d.Tip, Code: d.Code, Text: d.Text,
		Trace: d.Trace, ReceiptNo: d.ReceiptNo, TerminalID: d.TerminalID, MerchantID: d.MerchantID, AuthCode: d.AuthCode, Brand: d.Brand,
		CardName: d.CardName, Last4: d.Last4, Entry: d.Entry, Date: d.Date, Time: d.Time, DateGuessed: d.DateGuessed,
	}
}

// decided is the terminal's word behind a status: it knows no difference between money that it took and money that it holds.
func decided(s pos.Status) drivers.Decision {
	if s == pos.Reserved {
		return drivers.Approved
	}
	return drivers.Decision(s)
}

// last is the base line of a recovery as the driver knows it, the zero value for none.
func last(b *record.Last) drivers.Last {
	if b == nil {
		return drivers.Last{}
	}
	return drivers.Last{Trace: b.Trace, ReceiptNo: b.ReceiptNo, Untold: b.Untold}
}

func receipts(list []drivers.Receipt) []record.Receipt {
	var out []record.Receipt
	for _, r := range list {
		out = append(out, record.Receipt{For: string(r.For), Lines: r.Lines})
	}
	return out
}

// refusal is why a command never reached its terminal. final says that trying the same again is of no use.
func refusal(cause error) (why reason, final bool) {
	why = reason{"not_sent", words(cause)}
	var known *pos.Error
	if errors.As(cause, &known) {
		why.code = string(known.Code)
		final = known.Retry == pos.Permanent && known.Code != "cancelled"
	}
	return why, final
}

// words is the part of an error that a cashier can read.
func words(err error) string {
	var known *pos.Error
	switch {
	case errors.As(err, &known):
		return known.Text
	case err != nil:
		return err.Error()
	}
	return "the wire failed"
}
