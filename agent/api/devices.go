package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// DeviceTotals are a card terminal's totals since its last settlement beside the journal's, without a settlement.
type DeviceTotals struct {
	Device      pos.DeviceName `json:"device"`
	OK          bool           `json:"ok" doc:"Both sides agree"`
	Terminal    []BrandSum     `json:"terminal" doc:"As the card terminal told"`
	Journal     []BrandSum     `json:"journal"`
	Differences []Difference   `json:"differences"`
	AllBrands   pos.Minor      `json:"terminal_amount" doc:"Of all brands, as the card terminal told"`
	Currency    pos.Currency   `json:"currency,omitempty" doc:"Of terminal_amount"`
	FirstNo     string         `json:"first_receipt_no,omitempty"`
	LastNo      string         `json:"last_receipt_no,omitempty"`
	Receipts    [][]string     `json:"receipts" doc:"What the card terminal wanted printed, line by line"`
}

// Reprint is a card terminal's last receipt, once more.
type Reprint struct {
	Device   pos.DeviceName  `json:"device"`
	Receipts []DeviceReceipt `json:"receipts" doc:"Empty when the card terminal has printed by itself"`
}

// DeviceReceipt is what a card terminal wants printed for one person.
type DeviceReceipt struct {
	For   drivers.ReceiptFor `json:"for" enum:"merchant,customer,anyone"`
	Lines []string           `json:"lines"`
}

// ServiceDone is how a technician's chore went.
type ServiceDone struct {
	Device pos.DeviceName `json:"device"`
	Chore  drivers.Chore  `json:"chore"`
	Text   string         `json:"text" doc:"In the card terminal's words"`
}

type deviceInput struct {
	Name pos.DeviceName `path:"name" maxLength:"64"`
}

type serviceInput struct {
	Name pos.DeviceName `path:"name" maxLength:"64"`
	Body struct {
		Chore drivers.Chore `json:"chore" minLength:"1" maxLength:"32" doc:"Such as diagnosis, initialise, load_keys, set_clock"`
	}
}

type deviceTotalsOutput struct{ Body DeviceTotals }

type reprintOutput struct{ Body Reprint }

type serviceOutput struct{ Body ServiceDone }

func (s *server) registerDevices(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "device-totals", Method: http.MethodPost, Path: "/v1/devices/{name}/totals", DefaultStatus: http.StatusOK,
		Summary:     "Ask a card terminal for its totals without closing its day, and hold them against the journal's",
		Description: "It moves no money and erases nothing, so it is answered also while somebody has to decide about a payment."}, s.deviceTotals)
	huma.Register(api, huma.Operation{OperationID: "device-reprint", Method: http.MethodPost, Path: "/v1/devices/{name}/reprint", DefaultStatus: http.StatusOK,
		Summary: "Have a card terminal give its last receipt again"}, s.deviceReprint)
	huma.Register(api, huma.Operation{OperationID: "device-service", Method: http.MethodPost, Path: "/v1/devices/{name}/service", DefaultStatus: http.StatusOK,
		Summary:     "Have a card terminal do a technician's chore; `chores` of the status lists those that it can do",
		Description: "It moves no money. 409 device_unresolved while the terminal has to tell what became of a payment: it might forget it."}, s.deviceService)
	s.registerTraces(api)
}

func (s *server) deviceTotals(ctx context.Context, in *deviceInput) (*deviceTotalsOutput, error) {
	t, err := s.Engine.Count(ctx, in.Name)
	if err != nil {
		return nil, problemOf(err)
	}
	return &deviceTotalsOutput{deviceTotals(in.Name, &t)}, nil
}

// deviceTotals shows both sides.
func deviceTotals(device pos.DeviceName, t *engine.DeviceTotals) DeviceTotals {
	out := DeviceTotals{Device: device, OK: len(t.Reasons) == 0, Terminal: brandSums(t.Terminal.Brands), Journal: brandSums(t.Journal), Differences: []Difference{},
		AllBrands: t.Terminal.Amount, Currency: t.Terminal.Currency, FirstNo: t.Terminal.First, LastNo: t.Terminal.Last, Receipts: [][]string{}}
	for _, d := range t.Reasons {
		out.Differences = append(out.Differences, difference(device, d))
	}
	for _, r := range t.Terminal.Receipts {
		out.Receipts = append(out.Receipts, append([]string{}, r.Lines...))
	}
	return out
}

func (s *server) deviceReprint(ctx context.Context, in *deviceInput) (*reprintOutput, error) {
	list, err := s.Engine.Reprint(ctx, in.Name)
	if err != nil {
		return nil, problemOf(err)
	}
	out := Reprint{Device: in.Name, Receipts: []DeviceReceipt{}}
	for _, r := range list {
		out.Receipts = append(out.Receipts, DeviceReceipt{For: r.For, Lines: append([]string{}, r.Lines...)})
	}
	return &reprintOutput{out}, nil
}

func (s *server) deviceService(ctx context.Context, in *serviceInput) (*serviceOutput, error) {
	text, err := s.Engine.Service(ctx, in.Name, in.Body.Chore)
	if err != nil {
		return nil, problemOf(err)
	}
	return &serviceOutput{ServiceDone{Device: in.Name, Chore: in.Body.Chore, Text: text}}, nil
}
