package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// Settlement is the end of the business day at card terminals, held against the journal.
type Settlement struct {
	ID           pos.UUID         `json:"id" format:"uuid"`
	OK           bool             `json:"ok" doc:"Every part is done and agrees with the journal"`
	BusinessDate string           `json:"business_date"`
	Totals       SettlementTotals `json:"totals"`
	Differences  []Difference     `json:"differences"`
	Parts        []SettlementPart `json:"parts"`
	EndedAt      string           `json:"ended_at,omitempty"`
}

// SettlementTotals are the totals of both sides. What is no card is counted by the journal alone.
type SettlementTotals struct {
	Terminal pos.Totals `json:"terminal"`
	Journal  pos.Totals `json:"journal"`
}

// Difference is one reason why terminal and journal differ.
type Difference struct {
	Payment *pos.PaymentID `json:"payment,omitempty"`
	Device  pos.DeviceName `json:"device,omitempty"`
	Code    string         `json:"code"`
	Cause   string         `json:"cause"`
	Next    string         `json:"next"`
}

// SettlementPart is the settlement of one device; without a device, of what the till takes by itself.
type SettlementPart struct {
	Device    pos.DeviceName         `json:"device,omitempty"`
	State     record.SettlementState `json:"state" enum:"begun,told,done,unknown,abandoned"`
	Text      string                 `json:"text,omitempty"`
	Terminal  []BrandSum             `json:"terminal" doc:"As the card terminal told"`
	Journal   []BrandSum             `json:"journal"`
	FirstNo   string                 `json:"first_receipt_no,omitempty"`
	LastNo    string                 `json:"last_receipt_no,omitempty"`
	Trace     string                 `json:"trace,omitempty"`
	Receipts  [][]string             `json:"receipts" doc:"What the card terminal wanted printed, line by line"`
	Cashier   pos.PersonID           `json:"cashier,omitempty"`
	After     *RecordRef             `json:"after,omitempty" doc:"The range begins behind this record"`
	AllBrands *pos.Minor             `json:"terminal_amount,omitempty" doc:"Of all brands, as the card terminal told"`
	Alone     bool                   `json:"journal_only,omitempty" doc:"The card terminal closes its day by itself and tells the till nothing: the journal's sums stand alone"`
}

// BrandSum is one brand's or tender's part.
type BrandSum struct {
	Tender   pos.Tender   `json:"tender"`
	Brand    string       `json:"brand,omitempty"`
	Currency pos.Currency `json:"currency"`
	Count    int          `json:"count"`
	Amount   pos.Minor    `json:"amount"`
	Full     bool         `json:"full,omitempty" doc:"The card terminal's counter has stopped: only the amount says something"`
}

type settleInput struct {
	Body struct {
		BusinessDate string           `json:"business_date,omitempty" doc:"YYYY-MM-DD; by default that of the open shift, or today's"`
		Devices      []pos.DeviceName `json:"devices,omitempty" maxItems:"32" doc:"By default all card terminals, and what the till takes by itself"`
	}
}

type settlementOutput struct{ Body Settlement }

type settlementsOutput struct {
	Body struct {
		Items []Settlement `json:"items"`
	}
}

func (s *server) registerSettlements(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "settle", Method: http.MethodPost, Path: "/v1/settlements", DefaultStatus: http.StatusOK,
		Summary:     "Close the business day of card terminals and compare their totals with the journal's",
		Description: "Answers when every card terminal has. The end of the connection does not stop a settlement."}, s.settle)
	huma.Register(api, huma.Operation{OperationID: "list-settlements", Method: http.MethodGet, Path: "/v1/settlements", Summary: "Settlements, the last one first"}, s.listSettlements)
}

func (s *server) settle(ctx context.Context, in *settleInput) (*settlementOutput, error) {
	done, err := s.Engine.Settle(ctx, engine.SettleRequest{Devices: in.Body.Devices, Date: in.Body.BusinessDate})
	if err != nil {
		return nil, problemOf(err)
	}
	return &settlementOutput{settlement(&done)}, nil
}

func (s *server) listSettlements(_ context.Context, in *shiftsInput) (*settlementsOutput, error) {
	list, err := s.Engine.Settlements(in.Limit)
	if err != nil {
		return nil, problemOf(err)
	}
	out := &settlementsOutput{}
	out.Body.Items = []Settlement{}
	for i := range list {
		out.Body.Items = append(out.Body.Items, settlement(&list[i]))
	}
	return out, nil
}

// settlement shows a settlement.
func settlement(s *engine.Settlement) Settlement {
	out := Settlement{ID: s.ID, OK: s.OK(), Totals: SettlementTotals{Terminal: pos.Totals{}, Journal: pos.Totals{}}, Differences: []Difference{},
		Parts: []SettlementPart{}}
	if s.At > 0 {
		out.EndedAt = Timestamp(s.At)
	}
	for i := range s.Parts {
		p := &s.Parts[i]
		out.BusinessDate = p.Date
		out.Parts = append(out.Parts, settlementPart(p))
		addSums(out.Totals.Terminal, told(p.Terminal))
		addSums(out.Totals.Journal, p.Journal)
		for _, d := range p.Differences {
			out.Differences = append(out.Differences, difference(p.Device, d))
		}
	}
	return out
}

// told are the sums that a card terminal told; one that tells no brands has a single one.
func told(t *record.TerminalTotals) []record.BrandSum {
	switch {
	case t == nil:
		return nil
	case len(t.Brands) == 0 && t.Amount != 0:
		return []record.BrandSum{{Tender: pos.Card, Currency: t.Currency, Amount: t.Amount}}
	}
	return t.Brands
}

func difference(device pos.DeviceName, d record.DayDifference) Difference {
	out := Difference{Device: device, Code: d.Code, Cause: d.Cause, Next: d.Next}
	if !d.Payment.IsZero() {
		out.Payment = &d.Payment
	}
	return out
}

func settlementPart(p *record.Settlement) SettlementPart {
	out := SettlementPart{Device: p.Device, State: p.State, Text: p.Text, Terminal: []BrandSum{}, Journal: brandSums(p.Journal), Receipts: [][]string{}, Cashier: p.Cashier}
	if !p.After.IsZero() {
		after := RecordRef(p.After)
		out.After = &after
	}
	out.Alone = p.Device != "" && p.State == record.SettlementDone && p.Terminal == nil
	if t := p.Terminal; t != nil {
		out.Terminal, out.FirstNo, out.LastNo, out.Trace, out.AllBrands = brandSums(t.Brands), t.First, t.Last, t.Trace, &t.Amount
		for _, r := range t.Receipts {
			out.Receipts = append(out.Receipts, append([]string{}, r.Lines...))
		}
	}
	return out
}

func brandSums(list []record.BrandSum) []BrandSum {
	out := []BrandSum{}
	for _, b := range list {
		out = append(out, BrandSum(b))
	}
	return out
}

// addSums adds brands up to totals. They come from records that were checked when they were made, so the sums cannot leave int64.
func addSums(totals pos.Totals, list []record.BrandSum) {
	for _, b := range list {
		if totals[b.Tender] == nil {
			totals[b.Tender] = map[pos.Currency]pos.Sum{}
		}
		sum := totals[b.Tender][b.Currency]
		totals[b.Tender][b.Currency] = pos.Sum{Count: sum.Count + b.Count, Amount: sum.Amount + b.Amount}
	}
}
