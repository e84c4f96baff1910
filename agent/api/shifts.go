package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// Shift is a cashier's shift with its report: so far while it is open (X), as it was when it was closed (Z). It is also the event `shift`.
type Shift struct {
	ID           pos.UUID     `json:"id" format:"uuid"`
	Number       uint64       `json:"number" doc:"Of the till's shifts, from 1"`
	State        string       `json:"state" enum:"open,closed"`
	Cashier      pos.PersonID `json:"cashier"`
	BusinessDate string       `json:"business_date" doc:"YYYY-MM-DD, fixed when the shift was opened"`
	OpenedAt     string       `json:"opened_at"`
	ClosedAt     string       `json:"closed_at,omitempty"`
	ClosedBy     pos.PersonID `json:"closed_by,omitempty"`
	Drawer       Drawer       `json:"drawer"`
	Report       Report       `json:"report"`
}

// Drawer is the cash of a shift, in minor units of the shop's currency.
type Drawer struct {
	Currency   pos.Currency `json:"currency"`
	Float      pos.Minor    `json:"float" doc:"At the beginning"`
	Expected   pos.Minor    `json:"expected" doc:"By the records: float and cash taken, less cash handed back"`
	Counted    *pos.Minor   `json:"counted,omitempty" doc:"At the end"`
	Difference *pos.Minor   `json:"difference,omitempty" doc:"counted less expected"`
}

// Report is what a range of records did to the money. A range begins behind the end of the report before, so that each record is in exactly one.
type Report struct {
	Totals          pos.Totals      `json:"totals" doc:"What the till's totals changed by, by the tender of the payment"`
	Sales           pos.Totals      `json:"sales"`
	Refunds         pos.Totals      `json:"refunds" doc:"By the tender by which the money went back"`
	Voids           pos.Totals      `json:"voids" doc:"By the tender by which the money went back"`
	Tips            pos.Totals      `json:"tips" doc:"Part of the sales"`
	Rounding        pos.Totals      `json:"rounding" doc:"Of cash: what was taken more than asked for, and handed back less"`
	Lost            pos.Totals      `json:"lost" doc:"Offline approvals that were refused later"`
	ApprovedOffline pos.Totals      `json:"approved_offline" doc:"Part of the sales: promised without the issuer"`
	Presented       pos.Totals      `json:"presented" doc:"QRs that were shown and that nobody can see the end of; no part of the sales"`
	UnknownSums     pos.Totals      `json:"unknown_sums" doc:"Payments whose outcome nobody knows; no part of the sales"`
	Unknown         []pos.PaymentID `json:"unknown" doc:"The oldest ones of these"`
	Records         RecordRange     `json:"records"`
	DurationS       int64           `json:"duration_s" doc:"From the opening to the closing, or until now"`
}

// RecordRange says which records a report counts: those behind `after`, through `through`.
type RecordRange struct {
	After   *RecordRef `json:"after,omitempty" doc:"Absent: from the first record on"`
	Through RecordRef  `json:"through"`
	Count   uint64     `json:"count"`
}

type openShiftInput struct {
	Body struct {
		Cashier      pos.PersonID `json:"cashier" doc:"1-32 of [a-z0-9-]"`
		PIN          string       `json:"pin,omitempty" maxLength:"12" writeOnly:"true" doc:"Needed where people are set up"`
		Float        pos.Minor    `json:"float" doc:"Cash in the drawer, minor units"`
		BusinessDate string       `json:"business_date,omitempty" doc:"YYYY-MM-DD; by default today's in the shop's zone"`
	}
}

type closeShiftInput struct {
	Body struct {
		Shift   *pos.UUID    `json:"shift,omitempty" format:"uuid" doc:"Which one is meant; by default the one that is open, or was closed last"`
		Counted pos.Minor    `json:"counted" doc:"Cash found in the drawer, minor units"`
		Cashier pos.PersonID `json:"cashier,omitempty" doc:"By default the shift's own; another one has to be a supervisor"`
		PIN     string       `json:"pin,omitempty" maxLength:"12" writeOnly:"true" doc:"Needed where people are set up"`
	}
}

type shiftOutput struct {
	Status int
	Body   Shift
}

type shiftInput struct {
	ID string `path:"id"`
}

type shiftsInput struct {
	Limit int `query:"limit" default:"20" minimum:"1" maximum:"100"`
}

type shiftsOutput struct {
	Body struct {
		Items []Shift `json:"items"`
	}
}

func (s *server) registerShifts(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "open-shift", Method: http.MethodPost, Path: "/v1/shifts", DefaultStatus: http.StatusCreated,
		Summary: "Open a shift", Description: "201: opened. 200: the same cashier had opened it with the same float."}, s.openShift)
	huma.Register(api, huma.Operation{OperationID: "close-shift", Method: http.MethodPost, Path: "/v1/shifts/close", DefaultStatus: http.StatusOK,
		Summary: "Close the shift with the cash counted (Z report)", Description: "The same again gives the same report."}, s.closeShift)
	huma.Register(api, huma.Operation{OperationID: "current-shift", Method: http.MethodGet, Path: "/v1/shifts/current", Summary: "The open shift so far (X report)"}, s.currentShift)
	huma.Register(api, huma.Operation{OperationID: "get-shift", Method: http.MethodGet, Path: "/v1/shifts/{id}", Summary: "Ask for a shift"}, s.getShift)
	huma.Register(api, huma.Operation{OperationID: "list-shifts", Method: http.MethodGet, Path: "/v1/shifts", Summary: "Closed shifts, the last one first"}, s.listShifts)
}

func (s *server) openShift(_ context.Context, in *openShiftInput) (*shiftOutput, error) {
	b := &in.Body
	opened, created, err := s.Engine.OpenShift(engine.ShiftRequest{Cashier: b.Cashier, PIN: b.PIN, Float: b.Float, Date: b.BusinessDate})
	out, err := s.shiftAnswer(opened, err)
	if err == nil && created {
		out.Status = http.StatusCreated
	}
	return out, err
}

func (s *server) closeShift(_ context.Context, in *closeShiftInput) (*shiftOutput, error) {
	b := &in.Body
	r := engine.ShiftClose{Cashier: b.Cashier, PIN: b.PIN, Counted: b.Counted}
	if b.Shift != nil {
		r.ID = *b.Shift
	}
	return s.shiftAnswer(s.Engine.CloseShift(r))
}

func (s *server) currentShift(context.Context, *struct{}) (*shiftOutput, error) {
	return s.shiftAnswer(s.Engine.CurrentShift())
}

func (s *server) getShift(_ context.Context, in *shiftInput) (*shiftOutput, error) {
	id, err := pos.ParseUUID(in.ID)
	if err != nil {
		return nil, problemOf(pos.NewError("not_found", pos.Permanent, pos.NoneMoved, err.Error(), "Check the id."))
	}
	return s.shiftAnswer(s.Engine.Shift(id))
}

func (s *server) listShifts(_ context.Context, in *shiftsInput) (*shiftsOutput, error) {
	list, err := s.Engine.Shifts(in.Limit)
	if err != nil {
		return nil, problemOf(err)
	}
	out := &shiftsOutput{}
	out.Body.Items = []Shift{}
	for i := range list {
		out.Body.Items = append(out.Body.Items, s.shift(&list[i]))
	}
	return out, nil
}

func (s *server) shiftAnswer(found engine.Shift, err error) (*shiftOutput, error) {
	if err != nil {
		return nil, problemOf(err)
	}
	return &shiftOutput{Status: http.StatusOK, Body: s.shift(&found)}, nil
}

// sums are the lines of a report that count one thing.
func sums(r *record.DayReport, what record.SumOf) pos.Totals {
	totals := pos.Totals{}
	for _, sum := range r.Sums {
		if sum.What != what {
			continue
		}
		if totals[sum.Tender] == nil {
			totals[sum.Tender] = map[pos.Currency]pos.Sum{}
		}
		totals[sum.Tender][sum.Currency] = pos.Sum{Count: sum.Count, Amount: sum.Amount}
	}
	return totals
}
