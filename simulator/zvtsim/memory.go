package zvtsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// Memory is what a terminal keeps over power loss, as it stands in its file: one JSON object with these keys, amounts as
// integers in minor units.
type Memory struct {
	TerminalID   string        `json:"terminal_id"` // eight digits
	Currency     pos.Currency  `json:"currency"`
	LastTrace    int           `json:"last_trace"`   // 0 to 999999, never given twice until it wraps
	LastReceipt  int           `json:"last_receipt"` // 0 to 9999, wraps to 1
	Registration *Registration `json:"registration,omitempty"`
	Transactions []Transaction `json:"transactions"` // all, in the order of their traces
	Settlements  []Settlement  `json:"settlements"`
}

// Registration is what a till agreed on with 06 00 (PA00P015, registration).
type Registration struct {
	Config byte `json:"config"` // configuration byte
	TLV    bool `json:"tlv"`    // the till understands BMP 06
	Blocks bool `json:"blocks"` // the till takes print blocks (06 D3)
}

// Kind of a transaction.
type Kind string

// The kinds. A reversal is a transaction of its own that marks its payment as reversed.
const (
	Payment  Kind = "payment"
	Reversal Kind = "reversal"
)

// Transaction is one entry of the terminal's journal.
type Transaction struct {
	Trace      int          `json:"trace"`
	ReceiptNo  int          `json:"receipt_no"`
	Amount     pos.Minor    `json:"amount"` // tip included
	Tip        pos.Minor    `json:"tip,omitempty"`
	Currency   pos.Currency `json:"currency"`
	Kind       Kind         `json:"kind"`
	At         time.Time    `json:"at"`
	Brand      string       `json:"brand"`
	Last4      string       `json:"last4"`
	Entry      byte         `json:"entry"` // TLV 1F12: 1 chip, 2 contactless
	Offline    bool         `json:"offline"`
	Open       bool         `json:"open"`                  // stored, and not final yet
	Reversed   bool         `json:"reversed"`              // taken back: stays listed, does not count
	Settled    bool         `json:"settled"`               // went to the acquirer with an end of day
	ReversalOf int          `json:"reversal_of,omitempty"` // trace of the payment that a reversal takes back
}

// Counts says whether the customer's money is taken.
func (t Transaction) Counts() bool { return t.Kind == Payment && !t.Reversed && !t.Open }

// Settlement is one end of day.
type Settlement struct {
	At      time.Time          `json:"at"`
	Count   int                `json:"count"`
	Amount  pos.Minor          `json:"amount"`
	ByBrand map[string]pos.Sum `json:"by_brand"`
}

// Load reads the memory of a terminal, whether it runs or not. The error is fs.ErrNotExist where none was written yet.
func Load(path string) (Memory, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Memory{}, err
	}
	var m Memory
	if err := json.Unmarshal(raw, &m); err != nil {
		return Memory{}, fmt.Errorf("the memory of the simulated terminal, %s, is damaged: %w", path, err)
	}
	return m, nil
}

// Totals are the money that the terminal took, settled or not: tender card by currency.
func (m Memory) Totals() pos.Totals {
	totals := pos.Totals{}
	for _, t := range m.Transactions {
		if t.Counts() {
			_ = totals.Add(pos.Card, pos.Money{Amount: t.Amount, Currency: t.Currency}) // cannot overflow: amounts have 12 digits
		}
	}
	return totals
}

// Last is the last successful transaction, as 06 20 repeats it: not one that was taken back by the terminal itself, nor an open
// one.
func (m Memory) Last() (Transaction, bool) {
	for i := len(m.Transactions) - 1; i >= 0; i-- {
		if t := m.Transactions[i]; !t.Open && !t.Reversed {
			return t, true
		}
	}
	return Transaction{}, false
}

// loadOrNew reads the memory, or begins one.
func loadOrNew(o Options) (Memory, error) {
	m, err := Load(o.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return Memory{TerminalID: o.TerminalID, Currency: o.Currency, Transactions: []Transaction{}, Settlements: []Settlement{}}, nil
	}
	return m, err
}

// save writes the memory in one step that power loss cannot cut in two: temporary file, flush, rename.
func (m *Memory) save(path string) error {
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	return os.Rename(f.Name(), path)
}

// find is the transaction with a trace, nil when there is none.
func (m *Memory) find(trace int) *Transaction {
	for i := range m.Transactions {
		if m.Transactions[i].Trace == trace {
			return &m.Transactions[i]
		}
	}
	return nil
}

// number gives out the next trace and receipt number.
func (m *Memory) number() (trace, receipt int) {
	m.LastTrace = m.LastTrace%999_999 + 1
	m.LastReceipt = m.LastReceipt%9_999 + 1
	return m.LastTrace, m.LastReceipt
}

// batch are the sums of the payments that no end of day has taken yet.
func (m *Memory) batch() Settlement {
	s := Settlement{ByBrand: map[string]pos.Sum{}}
	for _, t := range m.Transactions {
		if !t.Counts() || t.Settled {
			continue
		}
		s.Count, s.Amount = s.Count+1, s.Amount+t.Amount
		b := s.ByBrand[t.Brand]
		s.ByBrand[t.Brand] = pos.Sum{Count: b.Count + 1, Amount: b.Amount + t.Amount}
	}
	return s
}
