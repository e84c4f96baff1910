package api

import (
	"slices"
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
	Reserve        bool           `json:"reserve,omitempty" doc:"The amount is to be held on the card, not taken."`
	ReservedAmount *pos.Minor     `json:"reserved_amount,omitempty" doc:"What was held on the card, however much of it was booked."`
	Tip            *pos.Minor     `json:"tip,omitempty"`
	RefundedAmount pos.Minor      `json:"refunded_amount"`
	Mode           pos.Mode       `json:"mode"`
	Unwanted       bool           `json:"unwanted"`
	Device         pos.DeviceName `json:"device,omitempty"`
	Scheme         string         `json:"scheme,omitempty" doc:"Of the customer's code or of the QR"`
	Brand          string         `json:"brand,omitempty"`
	Last4          string         `json:"last4,omitempty"`
	ReceiptNo      string         `json:"receipt_no,omitempty"`
	Trace          string         `json:"trace,omitempty"`
	AuthCode       string         `json:"auth_code,omitempty"`
	QR             *QR            `json:"qr,omitempty" doc:"While the outcome is open"`
	Change         *pos.Minor     `json:"change,omitempty"`
	Rounding       *pos.Minor     `json:"rounding,omitempty" doc:"Of cash: what was due in coins, less amount."`
	Returnable     *pos.Minor     `json:"returnable,omitempty" doc:"The most that a refund may still give back."`
	Reason         *Words         `json:"reason,omitempty"`
	Next           *Words         `json:"next,omitempty" doc:"What the cashier should do now."`
	AskAgainAt     string         `json:"ask_again_at,omitempty" doc:"When the card terminal is asked again by itself"`
	Collect        *Collect       `json:"collect,omitempty" doc:"Of a payment that is forward_declined"`
	Operations     []Operation    `json:"operations"`
	CreatedAt      string         `json:"created_at"`
	UpdatedAt      string         `json:"updated_at"`
	ExpiresAt      string         `json:"expires_at,omitempty" doc:"While the outcome is open: the end of the customer's time"`
	Record         RecordRef      `json:"record"`
	Acknowledged   bool           `json:"acknowledged" doc:"The platform has signed that it holds the record."`
}

// Words are a code for machines and a sentence for people.
type Words struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// QR is what the customer scans.
type QR struct {
	Payload   string `json:"payload" doc:"The text in the symbol"`
	ExpiresAt string `json:"expires_at,omitempty"`
	Image     string `json:"image" doc:"Path of the symbol"`
}

// RecordRef names the record that changed a payment last.
type RecordRef struct {
	Epoch pos.Epoch `json:"epoch"`
	Seq   pos.Seq   `json:"seq"`
}

// payment shows a payment as it is now: its records, and what device and platform say meanwhile.
func (s *server) payment(p *view.Payment) Payment {
	out := Payment{
		ID: p.Intent.Payment, Order: p.Intent.Order, Attempt: p.Intent.Attempt, Tender: p.Intent.Tender, Amount: p.Intent.Amount,
		Currency: p.Intent.Currency, Status: p.Status, RefundedAmount: p.Returned, Mode: p.Intent.Mode, Unwanted: p.Unwanted,
		Device: p.Intent.Device, Scheme: p.Intent.Scheme, Operations: operations(p), CreatedAt: Timestamp(p.Created),
		UpdatedAt: Timestamp(p.Updated), Reserve: p.Intent.Reserve, Record: RecordRef{p.Epoch, p.Seq}, Acknowledged: held(p, s.Journal.Acked()),
	}
	if p.Presented != nil {
		out.Scheme = p.Presented.Scheme
	}
	if p.Reason.Code != "" || p.Reason.Text != "" {
		out.Reason = &Words{p.Reason.Code, p.Reason.Text}
	}
	showCash(&out, p)
	if rest := p.Returnable(); rest > 0 {
		out.Returnable = &rest
	}
	s.showNow(&out, p)
	showDecision(&out, p)
	out.Collect = collectable(p)
	return out
}

// showNow adds what changes without a record.
func (s *server) showNow(out *Payment, p *view.Payment) {
	n := s.now(p)
	out.Next = next(p, n)
	if n.doubt.AgainAt > 0 {
		out.AskAgainAt = Timestamp(n.doubt.AgainAt)
	}
	if !p.Status.Open() {
		return
	}
	if n.ends > 0 {
		out.ExpiresAt = Timestamp(n.ends)
	}
	if isQR(p) {
		out.QR = &QR{Payload: p.Presented.QR, ExpiresAt: out.ExpiresAt, Image: "/v1/payments/" + p.Intent.Payment.String() + "/qr?format=svg"}
	}
}

// showDecision adds what device or platform decided.
func showDecision(out *Payment, p *view.Payment) {
	d := p.Decision
	if d == nil || p.Status.Open() {
		return
	}
	out.Brand, out.Last4, out.ReceiptNo, out.Trace, out.AuthCode = d.Brand, d.Last4, d.ReceiptNo, d.Trace, d.AuthCode
	if p.Status.Taken() {
		out.ApprovedAmount = &d.Amount
	}
	if p.Held > 0 {
		out.ReservedAmount = &p.Held
	}
	if d.Tip > 0 {
		out.Tip = &d.Tip
	}
}

// showCash adds what the drawer gives back. What was due in coins may differ from the amount.
func showCash(out *Payment, p *view.Payment) {
	due := p.Intent.Amount
	if d := p.Decision; d != nil && d.Rounding != 0 {
		due, out.Rounding = d.Amount, &d.Rounding
	}
	if t := p.Intent.Tendered; t != nil {
		change := *t - due
		out.Change = &change
	}
}

// open says whether an outcome is still to come, the payment's own or an operation's.
func (p *Payment) open() bool {
	return p.Status.Open() || slices.ContainsFunc(p.Operations, func(o Operation) bool {
		return o.Status == pos.OperationRequested || o.Status == pos.OperationUnknown
	})
}

// isQR says whether there is a QR for the customer to scan.
func isQR(p *view.Payment) bool {
	return p.Intent.Tender == pos.QR && p.Status.Open() && p.Presented != nil && p.Presented.QR != ""
}

// held says whether the platform has custody of the last record. Epochs sort by their time.
func held(p *view.Payment, acked record.Head) bool {
	if p.Epoch == acked.Epoch {
		return p.Seq <= acked.Seq
	}
	return p.Epoch.String() < acked.Epoch.String()
}

// Timestamp writes milliseconds since 1970 as RFC 3339 in UTC.
func Timestamp(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }
