package hypercomsim

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
	MerchantID   string        `json:"merchant_id"` // fifteen digits
	Currency     pos.Currency  `json:"currency"`
	Batch        int           `json:"batch"`        // the open one, from 1
	LastTrace    int           `json:"last_trace"`   // 0 to 999999, wraps to 1
	LastInvoice  int           `json:"last_invoice"` // 0 to 999999, wraps to 1
	Transactions []Transaction `json:"transactions"` // what was approved, in its order
	Settlements  []Settlement  `json:"settlements"`
}

// Kind of a transaction.
type Kind string

// The kinds. A void is a transaction of its own that marks its sale as voided; it has the sale's invoice.
const (
	Sale   Kind = "sale"
	Void   Kind = "void"
	Refund Kind = "refund"
)

// Transaction is one entry of the terminal's journal.
type Transaction struct {
	Kind    Kind      `json:"kind"`
	Trace   int       `json:"trace"`
	Invoice int       `json:"invoice"`
	ID      string    `json:"id,omitempty"` // the till's own name of it, field 66
	Amount  pos.Minor `json:"amount"`
	At      time.Time `json:"at"`
	Batch   int       `json:"batch"`
	Host    int       `json:"host,omitempty"`
	Scheme  string    `json:"scheme"`
	Last4   string    `json:"last4"`
	Entry   string    `json:"entry"`
	Wallet  bool      `json:"wallet,omitempty"`
	Voided  bool      `json:"voided,omitempty"`  // taken back: stays listed, does not count
	Settled bool      `json:"settled,omitempty"` // went to the host with a settlement
}

// Counts says whether the customer's money is taken.
func (t Transaction) Counts() bool { return t.Kind == Sale && !t.Voided }

// Returns says whether money was given back to a customer by a refund.
func (t Transaction) Returns() bool { return t.Kind == Refund && !t.Voided }

// Settlement is one end of day: Count is that of the sales that count, Amount theirs less the refunds.
type Settlement struct {
	At     time.Time `json:"at"`
	Batch  int       `json:"batch"`
	Count  int       `json:"count"`
	Amount pos.Minor `json:"amount"`
}

// Load reads the memory of a terminal, whether it runs or not. The error is fs.ErrNotExist where none was written yet.
func Load(path string) (Memory, error) { return chassis.Load[Memory](path) }

// Totals are the money that the terminal took less what it gave back, settled or not: tender card by currency. The count is that of the sales that count; a
// refund lowers the amount only.
func (m Memory) Totals() pos.Totals {
	var sum pos.Sum
	for _, t := range m.Transactions {
		sum = t.onto(sum)
	}
	if sum == (pos.Sum{}) {
		return pos.Totals{}
	}
	return pos.Totals{pos.Card: {m.Currency: sum}}
}

// onto adds a transaction to a sum. It cannot overflow: amounts have twelve digits.
func (t Transaction) onto(sum pos.Sum) pos.Sum {
	switch {
	case t.Counts():
		sum.Count, sum.Amount = sum.Count+1, sum.Amount+t.Amount
	case t.Returns():
		sum.Amount -= t.Amount
	}
	return sum
}

// open lists what no settlement has taken yet.
func (m Memory) open() (list []Transaction) {
	for _, t := range m.Transactions {
		if !t.Settled {
			list = append(list, t)
		}
	}
	return list
}

// loadOrNew reads the memory, or begins one.
func loadOrNew(o Options) (m Memory, err error) {
	if o.Path != "" {
		m, err = Load(o.Path)
	}
	if o.Path == "" || errors.Is(err, fs.ErrNotExist) {
		return Memory{TerminalID: o.TerminalID, MerchantID: o.MerchantID, Currency: o.Currency, Batch: 1, LastTrace: o.FirstTrace, LastInvoice: o.FirstInvoice,
			Transactions: []Transaction{}, Settlements: []Settlement{}}, nil
	}
	return m, err
}

// next is the number behind one of six digits.
func next(n int) int { return n%999_999 + 1 }

// settle closes the open batch.
func (m *Memory) settle() Settlement {
	var sum pos.Sum
	for i := range m.Transactions {
		if t := &m.Transactions[i]; !t.Settled {
			sum, t.Settled = t.onto(sum), true
		}
	}
	done := Settlement{At: time.Now(), Batch: m.Batch, Count: sum.Count, Amount: sum.Amount}
	m.Settlements, m.Batch = append(m.Settlements, done), next(m.Batch)
	return done
}
