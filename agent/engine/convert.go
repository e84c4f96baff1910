package engine

import (
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// decision is what the journal keeps of a terminal's result.
func decision(r drivers.Result) record.Decision {
	return record.Decision{
		Status: r.Decision.Status(), Amount: r.Amount.Amount, Currency: r.Amount.Currency, Tip: r.Tip, Code: r.Code, Text: r.Text, Trace: r.Trace,
		ReceiptNo: r.ReceiptNo, TerminalID: r.TerminalID, MerchantID: r.MerchantID, AuthCode: r.AuthCode, Brand: r.Brand, CardName: r.CardName,
		Last4: r.Last4, Entry: r.Entry, Date: r.Date, Time: r.Time,
	}
}

// result is a decision as the driver knows it, for a recovery.
func result(d record.Decision) drivers.Result {
	return drivers.Result{
		Decision: drivers.Decision(d.Status), Amount: pos.Money{Amount: d.Amount, Currency: d.Currency}, Tip: d.Tip, Code: d.Code, Text: d.Text,
		Trace: d.Trace, ReceiptNo: d.ReceiptNo, TerminalID: d.TerminalID, MerchantID: d.MerchantID, AuthCode: d.AuthCode, Brand: d.Brand,
		CardName: d.CardName, Last4: d.Last4, Entry: d.Entry, Date: d.Date, Time: d.Time,
	}
}

func receipts(list []drivers.Receipt) []record.Receipt {
	var out []record.Receipt
	for _, r := range list {
		out = append(out, record.Receipt{For: string(r.For), Lines: r.Lines})
	}
	return out
}
