package record

import (
	"bytes"
	"cmp"

	"github.com/tillproof/tillproof/pos"
)

// Place names a record of a till. The zero Place is before the first of all.
type Place struct {
	Epoch pos.Epoch `cbor:"1,keyasint" json:"epoch"`
	Seq   pos.Seq   `cbor:"2,keyasint" json:"seq"`
}

// Place is where the record stands.
func (r *Record) Place() Place { return Place{r.Epoch, r.Seq} }

// Compare orders places by the time of their records: below 0 when p is before o. Epochs sort by their time (RFC 9562 section 5.7).
func (p Place) Compare(o Place) int {
	return cmp.Or(bytes.Compare(p.Epoch[:], o.Epoch[:]), cmp.Compare(p.Seq, o.Seq))
}

// IsZero says whether no record is named.
func (p Place) IsZero() bool { return p == Place{} }

// ShiftOpened begins a cashier's shift. One shift is open on a till at a time.
type ShiftOpened struct {
	ID       pos.UUID     `cbor:"1,keyasint" json:"id"`
	Cashier  pos.PersonID `cbor:"2,keyasint" json:"cashier"`
	Date     string       `cbor:"3,keyasint" json:"business_date"` // YYYY-MM-DD in the shop's zone when the shift was opened; midnight does not change it
	Float    pos.Minor    `cbor:"4,keyasint" json:"float"`         // cash in the drawer at the beginning
	Currency pos.Currency `cbor:"5,keyasint" json:"currency"`      // of the drawer
	Number   uint64       `cbor:"6,keyasint" json:"number"`        // of the till's shifts, from 1
	After    Place        `cbor:"7,keyasint,omitzero" json:"after,omitzero"`
}

// ShiftClosed ends a shift. Its report is what was known then; what is learned later of its payments stands in a later report.
type ShiftClosed struct {
	ID       pos.UUID     `cbor:"1,keyasint" json:"id"`
	Cashier  pos.PersonID `cbor:"2,keyasint" json:"cashier"`
	Counted  pos.Minor    `cbor:"3,keyasint" json:"counted"`  // cash found in the drawer
	Expected pos.Minor    `cbor:"4,keyasint" json:"expected"` // cash that the records say lies there
	Report   DayReport    `cbor:"5,keyasint" json:"report"`
	Before   Place        `cbor:"6,keyasint,omitzero" json:"before,omitzero"` // the shift_closed before this one
	Opened   ShiftOpened  `cbor:"7,keyasint" json:"opened"`                   // so that the report can be read by itself
	OpenedAt int64        `cbor:"8,keyasint" json:"opened_at"`                // milliseconds since 1970-01-01 UTC
}

// DayReport is what a range of records did to the money.
type DayReport struct {
	After   Place           `cbor:"1,keyasint,omitzero" json:"after,omitzero"` // the range begins behind this record
	Through Place           `cbor:"2,keyasint" json:"through"`                 // and ends with this one
	Records uint64          `cbor:"3,keyasint" json:"records"`
	Sums    []DaySum        `cbor:"4,keyasint,omitempty" json:"sums,omitempty"`
	Unknown []pos.PaymentID `cbor:"5,keyasint,omitempty" json:"unknown,omitempty"` // the oldest ones of those that nobody knows the outcome of
	Open    uint64          `cbor:"6,keyasint,omitempty" json:"open,omitempty"`    // how many those are
}

// SumOf says what a [DaySum] counts.
type SumOf string

// What is counted. Taken is what the till's totals changed by, by the tender of the payment; refunds stand at the tender by which the money went
// back. The last three tell of payments that are counted apart because they are not sure (law 7).
const (
	SumTaken           SumOf = "taken"
	SumSales           SumOf = "sales"
	SumRefunds         SumOf = "refunds"
	SumVoids           SumOf = "voids"
	SumTips            SumOf = "tips"     // part of the sales
	SumRounding        SumOf = "rounding" // of cash, part of the sales
	SumLost            SumOf = "lost"     // offline approvals that were refused later
	SumApprovedOffline SumOf = "approved_offline"
	SumPresented       SumOf = "presented" // a QR was shown and nobody can see yet whether it was paid
	SumUnknown         SumOf = "unknown"
)

// DaySum is one line of a [DayReport]. Amounts of refunds, voids and lost approvals are above 0.
type DaySum struct {
	What     SumOf        `cbor:"1,keyasint" json:"what"`
	Tender   pos.Tender   `cbor:"2,keyasint" json:"tender"`
	Currency pos.Currency `cbor:"3,keyasint" json:"currency"`
	Count    int          `cbor:"4,keyasint" json:"count"`
	Amount   pos.Minor    `cbor:"5,keyasint" json:"amount"`
}

// SettlementState is a step of a settlement.
type SettlementState string

// The steps. A settlement that was told or may have been carried out closes its range; one that is abandoned never reached the card terminal.
const (
	SettlementBegun     SettlementState = "begun"     // durable before the command leaves (law 1)
	SettlementTold      SettlementState = "told"      // the terminal's totals, durable before they are acknowledged (law 2)
	SettlementDone      SettlementState = "done"      // compared with the journal
	SettlementUnknown   SettlementState = "unknown"   // the terminal's totals are lost
	SettlementAbandoned SettlementState = "abandoned" // nothing was settled
)

// Settlement is one step of the settlement of one device, or, without a device, of what the till takes by itself. The steps of one share id and device.
type Settlement struct {
	ID          pos.UUID        `cbor:"1,keyasint" json:"id"` // of the call, so that several devices may share it
	Device      pos.DeviceName  `cbor:"2,keyasint,omitempty" json:"device,omitempty"`
	State       SettlementState `cbor:"3,keyasint" json:"state"`
	Date        string          `cbor:"4,keyasint" json:"business_date"`           // YYYY-MM-DD
	After       Place           `cbor:"5,keyasint,omitzero" json:"after,omitzero"` // the range begins behind this record and ends at the first step
	Terminal    *TerminalTotals `cbor:"6,keyasint,omitempty" json:"terminal,omitempty"`
	Journal     []BrandSum      `cbor:"7,keyasint,omitempty" json:"journal,omitempty"`
	Differences []DayDifference `cbor:"8,keyasint,omitempty" json:"differences,omitempty"`
	Text        string          `cbor:"9,keyasint,omitempty" json:"text,omitempty"`
	Cashier     pos.PersonID    `cbor:"10,keyasint,omitempty" json:"cashier,omitempty"`
	Before      Place           `cbor:"11,keyasint,omitzero" json:"before,omitzero"`  // the last step of the settlement that ended before this one
	Through     Place           `cbor:"12,keyasint,omitzero" json:"through,omitzero"` // the range ends with this record instead of the first step
}

// TerminalTotals are what a card terminal said that it had counted.
type TerminalTotals struct {
	Currency pos.Currency `cbor:"1,keyasint" json:"currency"`
	Brands   []BrandSum   `cbor:"2,keyasint,omitempty" json:"brands,omitempty"`
	Amount   pos.Minor    `cbor:"3,keyasint" json:"amount"` // of all brands, as the terminal says
	First    string       `cbor:"4,keyasint,omitempty" json:"first,omitempty"`
	Last     string       `cbor:"5,keyasint,omitempty" json:"last,omitempty"`
	Trace    string       `cbor:"6,keyasint,omitempty" json:"trace,omitempty"`
	Date     string       `cbor:"7,keyasint,omitempty" json:"date,omitempty"` // of the terminal's own clock
	Time     string       `cbor:"8,keyasint,omitempty" json:"time,omitempty"`
	Receipts []Receipt    `cbor:"9,keyasint,omitempty" json:"receipts,omitempty"`
}

// BrandSum is one brand's or tender's part of a settlement. Full says that the terminal's counter stopped at what it can tell.
type BrandSum struct {
	Tender   pos.Tender   `cbor:"1,keyasint" json:"tender"`
	Brand    string       `cbor:"2,keyasint,omitempty" json:"brand,omitempty"`
	Currency pos.Currency `cbor:"3,keyasint" json:"currency"`
	Count    int          `cbor:"4,keyasint" json:"count"`
	Amount   pos.Minor    `cbor:"5,keyasint" json:"amount"`
	Full     bool         `cbor:"6,keyasint,omitempty" json:"full,omitempty"`
}

// DayDifference is one reason why terminal and journal differ.
type DayDifference struct {
	Payment pos.PaymentID `cbor:"1,keyasint,omitzero" json:"payment,omitzero"`
	Code    string        `cbor:"2,keyasint" json:"code"`
	Cause   string        `cbor:"3,keyasint" json:"cause"`
	Next    string        `cbor:"4,keyasint" json:"next"`
}

// Kind implements [Body].
func (*ShiftOpened) Kind() Kind { return KindShiftOpened }

// Kind implements [Body].
func (*ShiftClosed) Kind() Kind { return KindShiftClosed }

// Kind implements [Body].
func (*Settlement) Kind() Kind { return KindSettlement }
