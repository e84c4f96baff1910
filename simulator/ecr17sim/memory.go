package ecr17sim

import (
	"errors"
	"io/fs"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/chassis"
)

// Memory is what a terminal keeps over power loss, as it stands in its file: one JSON object with these keys, amounts as integers in minor units.
type Memory struct {
	TerminalID   string        `json:"terminal_id"` // eight digits
	Currency     pos.Currency  `json:"currency"`
	LastStan     int           `json:"last_stan"`    // 0 to 999999, never given twice until it wraps
	LastResult   string        `json:"last_result"`  // the payload that G tells, "" for none; the card's number in it is masked
	Transactions []Transaction `json:"transactions"` // all, in the order of their STANs
	Settlements  []Settlement  `json:"settlements"`
}

// Kind of a transaction.
type Kind string

// The kinds. A reversal is a transaction of its own that marks its payment as reversed.
const (
	Payment  Kind = "payment"
	Reversal Kind = "reversal"
)

// Transaction is one entry of the terminal's journal: what was approved.
type Transaction struct {
	Stan       int       `json:"stan"`
	Kind       Kind      `json:"kind"`
	Amount     pos.Minor `json:"amount"`
	At         time.Time `json:"at"`
	Last4      string    `json:"last4"`
	Reversed   bool      `json:"reversed"`              // taken back: stays listed, does not count
	Settled    bool      `json:"settled"`               // went to the host with a closing
	ReversalOf int       `json:"reversal_of,omitempty"` // STAN of the payment that a reversal takes back
}

// Counts says whether the customer's money is taken.
func (t Transaction) Counts() bool { return t.Kind == Payment && !t.Reversed }

// Settlement is one closing of the session.
type Settlement struct {
	At     time.Time `json:"at"`
	Count  int       `json:"count"`
	Amount pos.Minor `json:"amount"`
}

// Load reads the memory of a terminal, whether it runs or not. The error is fs.ErrNotExist where none was written yet.
func Load(path string) (Memory, error) { return chassis.Load[Memory](path) }

// Totals are the money that the terminal took, settled or not: tender card by currency.
func (m Memory) Totals() pos.Totals {
	totals := pos.Totals{}
	for _, t := range m.Transactions {
		if t.Counts() {
			_ = totals.Add(pos.Card, pos.Money{Amount: t.Amount, Currency: m.Currency}) // cannot overflow: amounts have 8 digits
		}
	}
	return totals
}

// batch is what no closing has taken yet.
func (m Memory) batch() (s Settlement) {
	for _, t := range m.Transactions {
		if t.Counts() && !t.Settled {
			s.Count, s.Amount = s.Count+1, s.Amount+t.Amount
		}
	}
	return s
}

// loadOrNew reads the memory, or begins one.
func loadOrNew(o Options) (m Memory, err error) {
	if o.Path != "" {
		m, err = Load(o.Path)
	}
	if o.Path == "" || errors.Is(err, fs.ErrNotExist) {
		return Memory{TerminalID: o.TerminalID, Currency: o.Currency, LastStan: o.FirstStan, Transactions: []Transaction{}, Settlements: []Settlement{}}, nil
	}
	return m, err
}

// number gives out the next STAN.
func (m *Memory) number() int {
	m.LastStan = m.LastStan%999_999 + 1
	return m.LastStan
}

// last is the last transaction, nil when there is none.
func (m *Memory) last() *Transaction {
	if len(m.Transactions) == 0 {
		return nil
	}
	return &m.Transactions[len(m.Transactions)-1]
}
