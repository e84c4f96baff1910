package api

import (
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// Payment is a payment as the API shows it. Amounts are minor units of the currency. What is not known is absent.
type Payment struct {
	ID             pos.PaymentID  `json:"id"`
	Order          pos.OrderRef   `json:"order"`
	Attempt        pos.Attempt    `json:"attempt"`
	Tender         pos.Tender     `json:"tender"`
	Amount         pos.Minor      `json:"amount"`
	Currency       pos.Currency   `json:"currency"`
	Status         pos.Status     `json:"status"`
	ApprovedAmount *pos.Minor     `json:"approved_amount,omitempty" doc:"What was booked; it may differ from amount."`
	Tip            *pos.Minor     `json:"tip,omitempty"`
	RefundedAmount pos.Minor      `json:"refunded_amount"`
	Mode           pos.Mode       `json:"mode"`
	Unwanted       bool           `json:"unwanted"`
	Device         pos.DeviceName `json:"device,omitempty"`
	Brand          string         `json:"brand,omitempty"`
	Last4          string         `json:"last4,omitempty"`
	ReceiptNo      string         `json:"receipt_no,omitempty"`
	Trace          string         `json:"trace,omitempty"`
	AuthCode       string         `json:"auth_code,omitempty"`
	Change         *pos.Minor     `json:"change,omitempty"`
	Reason         *Words         `json:"reason,omitempty"`
	Next           *Words         `json:"next,omitempty" doc:"What the cashier should do now."`
	Operations     []Operation    `json:"operations"`
	CreatedAt      string         `json:"created_at"`
	UpdatedAt      string         `json:"updated_at"`
	Record         RecordRef      `json:"record"`
	Acknowledged   bool           `json:"acknowledged" doc:"The platform has signed that it holds the record."`
}

// Words are a code for machines and a sentence for people.
type Words struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Operation is something done to a payment after it was taken.
type Operation struct {
	ID     string             `json:"id"`
	Kind   pos.OperationKind  `json:"kind"`
	Amount pos.Minor          `json:"amount"`
	Status pos.OperationState `json:"status"`
}

// RecordRef names the record that changed a payment last.
type RecordRef struct {
	Epoch pos.Epoch `json:"epoch"`
	Seq   pos.Seq   `json:"seq"`
}

// payment shows a payment; acked is the end of the platform's custody, progress what the device shows now.
func payment(p *view.Payment, acked record.Head, progress string) Payment {
	out := Payment{
		ID: p.Intent.Payment, Order: p.Intent.Order, Attempt: p.Intent.Attempt, Tender: p.Intent.Tender, Amount: p.Intent.Amount,
		Currency: p.Intent.Currency, Status: p.Status, Mode: p.Intent.Mode, Unwanted: p.Unwanted, Device: p.Intent.Device,
		Operations: []Operation{}, CreatedAt: Timestamp(p.Created), UpdatedAt: Timestamp(p.Updated),
		Record: RecordRef{p.Epoch, p.Seq}, Acknowledged: held(p, acked), Next: next(p, progress),
	}
	if p.Reason.Code != "" || p.Reason.Text != "" {
		out.Reason = &Words{p.Reason.Code, p.Reason.Text}
	}
	if d := p.Decision; d != nil && !p.Status.Open() {
		out.Brand, out.Last4, out.ReceiptNo, out.Trace, out.AuthCode = d.Brand, d.Last4, d.ReceiptNo, d.Trace, d.AuthCode
		if p.Status.Taken() {
			out.ApprovedAmount = &d.Amount
		}
		if d.Tip > 0 {
			out.Tip = &d.Tip
		}
	}
	if t := p.Intent.Tendered; t != nil {
		change := *t - p.Intent.Amount
		out.Change = &change
	}
	return out
}

// held says whether the platform has custody of the last record. Epochs sort by their time.
func held(p *view.Payment, acked record.Head) bool {
	if p.Epoch == acked.Epoch {
		return p.Seq <= acked.Seq
	}
	return p.Epoch.String() < acked.Epoch.String()
}

// next is the cashier's exact next step, nil when there is nothing to do.
func next(p *view.Payment, progress string) *Words {
	switch {
	case p.Status == pos.Pending && progress != "":
		return &Words{"wait", progress}
	case p.Status == pos.Pending:
		return &Words{"wait", "Wait for the card terminal."}
	case p.Status == pos.Unknown && p.Unwanted:
		return &Words{"wait_terminal", "Given up. The card terminal is still asked; a payment that turns up is to be refunded."}
	case p.Status == pos.Unknown:
		return &Words{"wait_terminal", "Do not charge again. The card terminal is asked what became of the payment."}
	case p.Status.Taken() && p.Unwanted:
		return &Words{"refund", "The order was freed before this payment turned out to be paid: refund it at the card terminal."}
	case p.Status.Uncharged():
		return &Words{"retry", "Nothing was charged. Try again, or take another tender."}
	}
	return nil
}

// Timestamp writes milliseconds since 1970 as RFC 3339 in UTC.
func Timestamp(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }
