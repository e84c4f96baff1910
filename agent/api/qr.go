package api

import (
	"bytes"
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/qr/image"
)

type qrInput struct {
	ID     string `path:"id"`
	Format string `query:"format" enum:"svg,png,text" default:"svg"`
	Module int    `query:"module" minimum:"2" maximum:"40" default:"8" doc:"Pixels a module, png only"`
}

type qrOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *server) registerQR(api huma.API) {
	content := map[string]*huma.MediaType{}
	for _, format := range []string{"svg", "png", "text"} {
		content[typeOf(format)] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	huma.Register(api, huma.Operation{OperationID: "get-payment-qr", Method: http.MethodGet, Path: "/v1/payments/{id}/qr", Summary: "The QR that the customer scans",
		Description: "Dark on light with the quiet zone of 4 modules (ISO/IEC 18004). The SVG's viewBox counts modules. Only while the payment's outcome is open, " +
			"so that nobody pays what has ended.",
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: content}}, Errors: []int{http.StatusNotFound}}, s.qr)
}

// typeOf is the content type of a format.
func typeOf(format string) string {
	switch format {
	case "png":
		return "image/png"
	case "text":
		return "text/plain; charset=utf-8"
	}
	return "image/svg+xml"
}

func (s *server) qr(_ context.Context, in *qrInput) (*qrOutput, error) {
	id, err := parsePayment(in.ID)
	if err != nil {
		return nil, err
	}
	p, err := s.Engine.Payment(id)
	if err != nil {
		return nil, problemOf(err)
	}
	if !isQR(p) {
		return nil, problemOf(pos.NewError("not_found", pos.Permanent, pos.NoneMoved, "There is no QR to be paid by for this payment now.",
			"Ask for the payment to see what it waits for."))
	}
	body, err := draw(p.Presented.QR, in.Format, in.Module)
	if err != nil {
		return nil, problemOf(pos.NewError("not_supported", pos.Permanent, pos.NoneMoved, "This QR cannot be drawn: "+err.Error()+".",
			"Cancel the payment and take another tender.").Because(err))
	}
	return &qrOutput{ContentType: typeOf(in.Format), Body: body}, nil
}

// draw makes the symbol of a payload.
func draw(payload, format string, module int) ([]byte, error) {
	symbol, err := image.New(payload)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	switch format {
	case "png":
		err = symbol.PNG(&out, module)
	case "text":
		out.WriteString(symbol.Text(false))
	default:
		err = symbol.SVG(&out)
	}
	return out.Bytes(), err
}
