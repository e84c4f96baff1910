package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
)

// Scan is what became of a scan, as the event `scan` tells it. The text of a customer's code is a secret and left out.
type Scan struct {
	Device    pos.DeviceName  `json:"device,omitempty" doc:"Absent when it was typed"`
	Text      string          `json:"text,omitempty" doc:"Absent for a customer's code, which is a secret"`
	Kind      engine.ScanKind `json:"kind" enum:"goods,payment_code,other"`
	Symbology string          `json:"symbology,omitempty"`
	Item      *Item           `json:"item,omitempty"`
	Payment   *pos.PaymentID  `json:"payment,omitempty" doc:"That waited for the customer's code"`
	Note      string          `json:"note,omitempty" doc:"For the cashier"`
	At        string          `json:"at"`
}

// scanned shows a scan.
func scanned(s engine.Scan) Scan {
	out := Scan{Device: s.Device, Text: s.Text, Kind: s.Kind, Symbology: s.Symbology, Note: s.Note, At: Timestamp(s.At)}
	if s.Kind == engine.ScannedCode {
		out.Text = ""
	}
	if s.Item != nil {
		found := item(*s.Item)
		out.Item = &found
	}
	if !s.Payment.IsZero() {
		out.Payment = &s.Payment
	}
	return out
}

type scanInput struct {
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"8192" doc:"As the scanner typed it, without its Enter"`
	}
}

type scanOutput struct {
	Body struct {
		Kind engine.ScanKind `json:"kind" enum:"goods,payment_code,other"`
	}
}

func (s *server) registerScan(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "scan", Method: http.MethodPost, Path: "/v1/scan", DefaultStatus: http.StatusAccepted,
		Summary: "Take what a scanner that types, or a hand, has put in", Description: "The same as a scan of the till's own scanner; what became of it is the event `scan`."}, s.scan)
}

func (s *server) scan(_ context.Context, in *scanInput) (*scanOutput, error) {
	if s.Scan == nil {
		return nil, problemOf(pos.NewError("not_supported", pos.Permanent, pos.NoneMoved, "This till takes no scans.", "Send the code with the payment."))
	}
	scan := s.Scan(in.Body.Text)
	s.Hub.Scan(scan)
	out := &scanOutput{}
	out.Body.Kind = scan.Kind
	return out, nil
}
