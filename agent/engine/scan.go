package engine

import (
	"errors"
	"time"

	"github.com/tillproof/tillproof/agent/goods"
	"github.com/tillproof/tillproof/drivers/scanner"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/qr/code"
)

// Goods finds what the shop sells.
type Goods interface {
	Find(code string) (goods.Item, bool)
}

// ScanKind says what a scan was taken for.
type ScanKind string

// The kinds of scan.
const (
	ScannedGoods ScanKind = "goods"
	ScannedCode  ScanKind = "payment_code" // a customer's, for the payment that waited for it
	ScannedOther ScanKind = "other"
)

// Scan is what became of a scan. The text of a customer's code is a secret and left out.
type Scan struct {
	Device    pos.DeviceName // "" when it was typed
	Kind      ScanKind
	Text      string
	Symbology string
	Item      *goods.Item
	Payment   pos.PaymentID // that the code was for
	Note      string        // for the cashier
	At        int64         // milliseconds since 1970-01-01 UTC
}

// Scanned takes what a scanner read. Only while a payment waits for a customer's code is the text looked at as one: at any other time the same digits
// are goods or a membership.
func (e *Engine) Scanned(device pos.DeviceName, text, symbology string) Scan {
	s := Scan{Device: device, Kind: ScannedOther, Text: text, Symbology: symbology, At: time.Now().UnixMilli()}
	if scanner.OfAPaymentCard([]byte(text)) { // a scanner's driver drops it by itself; this one was typed by a stripe reader
		s.Text, s.Note = "", "That was the stripe of a payment card. Nothing of it was kept, and nothing was charged: take the card at the card terminal."
		return s
	}
	waiting, err := e.waiting()
	if err != nil {
		s.Note = "The till cannot read its journal."
		return s
	}
	if waiting != nil {
		return e.scannedForPayment(s, waiting.Intent.Payment)
	}
	if e.opts.Goods != nil {
		if item, found := e.opts.Goods.Find(text); found {
			s.Kind, s.Item = ScannedGoods, &item
			return s
		}
	}
	s.Note = "Not among the goods of this till."
	return s
}

func (e *Engine) scannedForPayment(s Scan, payment pos.PaymentID) Scan {
	class := e.classify(code.Trim(s.Text))
	s.Payment = payment
	if !class.Kind.Payable() {
		s.Note = class.Note
		return s
	}
	text := s.Text
	s.Kind, s.Text = ScannedCode, ""
	if _, err := e.GiveCode(payment, text); err != nil {
		s.Note = err.Error()
		var known *pos.Error
		if errors.As(err, &known) {
			s.Note = known.Text + " " + known.Next
		}
	}
	return s
}
