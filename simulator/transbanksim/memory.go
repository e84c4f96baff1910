package transbanksim

import (
	"errors"
	"io/fs"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/chassis"
)

// Memory is what a terminal keeps over power loss, as it stands in its file: one JSON object with these keys, amounts in whole pesos.
type Memory struct {
	MerchantID    string       `json:"merchant_id"` // twelve digits
	TerminalID    string       `json:"terminal_id"` // eight digits
	LastOperation int          `json:"last_operation"`
	CloseDue      bool         `json:"close_due,omitempty"` // sells again only after an end of day: 13
	KeysDue       bool         `json:"keys_due,omitempty"`  // sells again only after its keys were loaded: 26
	Vouchers      int          `json:"vouchers"`            // copies that it printed of vouchers
	Sales         []Sale       `json:"sales"`               // approved ones, in their order, settled ones too
	Settlements   []Settlement `json:"settlements"`
}

// Sale is one approved sale.
type Sale struct {
	Operation int       `json:"operation"`
	Ticket    string    `json:"ticket"`
	Amount    pos.Minor `json:"amount"` // tip included
	Tip       pos.Minor `json:"tip,omitempty"`
	At        time.Time `json:"at"`
	Brand     string    `json:"brand"` // two letters
	Last4     string    `json:"last4"`
	Debit     bool      `json:"debit,omitempty"`
	Auth      string    `json:"auth"`
	Commerce  string    `json:"commerce,omitempty"` // the sub-merchant of 0270
	Voided    bool      `json:"voided,omitempty"`
	Settled   bool      `json:"settled,omitempty"`
}

// Settlement is one end of day.
type Settlement struct {
	At     time.Time `json:"at"`
	Count  int       `json:"count"`
	Amount pos.Minor `json:"amount"`
}

// Load reads the memory of a terminal, whether it runs or not. The error is fs.ErrNotExist where none was written yet.
func Load(path string) (Memory, error) { return chassis.Load[Memory](path) }

// Totals are the money that the terminal took, settled or not: tender card in CLP.
func (m Memory) Totals() pos.Totals {
	totals := pos.Totals{}
	for _, s := range m.Sales {
		if !s.Voided {
			_ = totals.Add(pos.Card, pos.Money{Amount: s.Amount, Currency: "CLP"}) // cannot overflow: amounts have 9 digits
		}
	}
	return totals
}

// batch lists the sales since the last end of day that count.
func (m *Memory) batch(voided bool) (list []Sale) {
	for _, s := range m.Sales {
		if !s.Settled && (voided || !s.Voided) {
			list = append(list, s)
		}
	}
	return list
}

// sum counts the batch.
func (m *Memory) sum() (count int, amount pos.Minor) {
	for _, s := range m.batch(false) {
		count, amount = count+1, amount+s.Amount
	}
	return count, amount
}

// loadOrNew reads the memory, or begins one.
func loadOrNew(o Options) (Memory, error) {
	m, err := Load(o.Path)
	if o.Path == "" || errors.Is(err, fs.ErrNotExist) {
		return Memory{MerchantID: o.MerchantID, TerminalID: o.TerminalID, Sales: []Sale{}, Settlements: []Settlement{}}, nil
	}
	return m, err
}
