package zvtsim

import (
	"errors"
	"io/fs"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/chassis"
)

// Memory is what a terminal keeps over power loss, as it stands in its file: one JSON object with these keys, amounts as
// integers in minor units.
type Memory struct {
	TerminalID   string        `json:"terminal_id"` // eight digits
	Currency     pos.Currency  `json:"currency"`
	LastTrace    int           `json:"last_trace"`         // 0 to 999999, never given twice until it wraps
	LastReceipt  int           `json:"last_receipt"`       // 0 to 9999, wraps to 1
	DayDue       bool          `json:"day_due,omitempty"`  // an end of day has failed: no payment before one succeeds
	Wants        byte          `json:"wants,omitempty"`    // what is needed before a sale, in the bits of a registration's status byte
	ClockSet     time.Time     `json:"clock_set,omitzero"` // by 06 91
	Registration *Registration `json:"registration,omitempty"`
	Transactions []Transaction `json:"transactions"` // all, in the order of their traces
	Settlements  []Settlement  `json:"settlements"`
}

// Bits of Wants (PA00P015, completion of a registration, BMP 19).
const (
	WantsInitialisation byte = 0x01
	WantsDiagnosis      byte = 0x02
)

// Registration is what a till agreed on with 06 00 (PA00P015, registration).
type Registration struct {
	Config byte `json:"config"`                // configuration byte
	TLV    bool `json:"tlv"`                   // the till understands BMP 06
	Blocks bool `json:"blocks"`                // the till takes print blocks (06 D3)
	Counts bool `json:"message_ids,omitempty"` // messages have ids (TLV 1F73)
}

// Kind of a transaction.
type Kind string

// The kinds. A reversal is a transaction of its own that marks its payment as reversed; a refund stands for itself.
const (
	Payment  Kind = "payment"
	Reversal Kind = "reversal"
	Refund   Kind = "refund"
)

// Transaction is one entry of the terminal's journal.
type Transaction struct {
	Trace      int          `json:"trace"`
	ReceiptNo  int          `json:"receipt_no"`
	Amount     pos.Minor    `json:"amount"` // tip included
	Tip        pos.Minor    `json:"tip,omitempty"`
	TipUntold  bool         `json:"tip_untold,omitempty"` // results do not tell the tip apart
	Currency   pos.Currency `json:"currency"`
	Kind       Kind         `json:"kind"`
	At         time.Time    `json:"at"`
	Brand      string       `json:"brand"`
	Last4      string       `json:"last4"`
	Entry      byte         `json:"entry"` // TLV 1F12: 1 chip, 2 contactless
	Offline    bool         `json:"offline"`
	Open       bool         `json:"open"`                  // stored, and not final yet
	Doomed     bool         `json:"doomed,omitempty"`      // open, told as if it stood, and to be taken back (Options.ReverseLate)
	Reversed   bool         `json:"reversed"`              // taken back: stays listed, does not count
	Settled    bool         `json:"settled"`               // went to the acquirer with an end of day
	ReversalOf int          `json:"reversal_of,omitempty"` // trace of the payment that a reversal takes back
	Books      int          `json:"books,omitempty"`       // trace of the reservation that this payment books
	Freed      bool         `json:"freed,omitempty"`       // booked by what was left (06 23): results tell that
	Booked     bool         `json:"booked,omitempty"`      // of a reservation

	answer time.Duration // how long the till may take to answer
}

// Counts says whether the customer's money is taken.
func (t Transaction) Counts() bool { return t.Kind == Payment && !t.Reversed && !t.Open }

// Returns says whether money was given back to a customer by a refund.
func (t Transaction) Returns() bool { return t.Kind == Refund && !t.Reversed && !t.Open }

// Settlement is one end of day: Count and the Count of each brand are the payments that count, amounts those less the refunds.
type Settlement struct {
	At      time.Time          `json:"at"`
	Trace   int                `json:"trace,omitempty"`
	Count   int                `json:"count"`
	Amount  pos.Minor          `json:"amount"` // below 0 when more went back than came
	ByBrand map[string]pos.Sum `json:"by_brand"`
}

// Load reads the memory of a terminal, whether it runs or not. The error is fs.ErrNotExist where none was written yet.
func Load(path string) (Memory, error) { return chassis.Load[Memory](path) }

// Totals are the money that the terminal took less what it gave back, settled or not: tender card by currency. The count is that of the
// payments that count; a refund lowers the amount only.
func (m Memory) Totals() pos.Totals {
	totals := pos.Totals{}
	for _, t := range m.Transactions {
		if t.Counts() {
			_ = totals.Add(pos.Card, pos.Money{Amount: t.Amount, Currency: t.Currency}) // cannot overflow: amounts have 12 digits
		}
	}
	for _, t := range m.Transactions {
		if !t.Returns() {
			continue
		}
		if totals[pos.Card] == nil {
			totals[pos.Card] = map[pos.Currency]pos.Sum{}
		}
		sum := totals[pos.Card][t.Currency]
		totals[pos.Card][t.Currency] = pos.Sum{Count: sum.Count, Amount: sum.Amount - t.Amount}
	}
	return totals
}

// Last is the last successful transaction, as 06 20 repeats it: not one that was taken back, nor an open one, unless it is told for the time
// being.
func (m Memory) Last() (Transaction, bool) {
	for i := len(m.Transactions) - 1; i >= 0; i-- {
		if t := m.Transactions[i]; (!t.Open || t.Doomed) && !t.Reversed {
			return t, true
		}
	}
	return Transaction{}, false
}

// loadOrNew reads the memory, or begins one.
func loadOrNew(o Options) (Memory, error) {
	m, err := Load(o.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return Memory{TerminalID: o.TerminalID, Currency: o.Currency, Wants: o.Wants, Transactions: []Transaction{}, Settlements: []Settlement{}}, nil
	}
	return m, err
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

// batch are the sums of the payments and refunds that no end of day has taken yet.
func (m *Memory) batch() Settlement {
	s := Settlement{ByBrand: map[string]pos.Sum{}}
	for _, t := range m.Transactions {
		part := pos.Sum{Count: 1, Amount: t.Amount}
		if t.Returns() {
			part = pos.Sum{Amount: -t.Amount}
		}
		if t.Settled || !t.Counts() && !t.Returns() {
			continue
		}
		s.Count, s.Amount = s.Count+part.Count, s.Amount+part.Amount
		b := s.ByBrand[t.Brand]
		s.ByBrand[t.Brand] = pos.Sum{Count: b.Count + part.Count, Amount: b.Amount + part.Amount}
	}
	return s
}

// effect carries out what a transaction does to another once it is final: a reversal marks its payment. It returns that payment.
func (m *Memory) effect(tx Transaction) (paid Transaction, ok bool) {
	if p := m.find(tx.Books); tx.Books > 0 && p != nil {
		p.Booked = true
	}
	if tx.Kind != Reversal {
		return Transaction{}, false
	}
	p := m.find(tx.ReversalOf)
	if p == nil {
		return Transaction{}, false
	}
	p.Reversed = true
	return *p, true
}
