package concertsim

import (
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/chassis"
)

// Memory is what a terminal keeps over power loss, as it stands in its file: one JSON object with these keys, amounts as integers in minor
// units.
type Memory struct {
	Contract     string        `json:"contract"` // number of the merchant's contract, ten digits
	Currency     pos.Currency  `json:"currency"`
	LastNumber   int           `json:"last_number"`
	Transactions []Transaction `json:"transactions"` // all, in the order of their numbers
	Refusals     []Refusal     `json:"refusals"`     // by their private field, the latest last; at most 100
	Collections  []Collection  `json:"collections"`
}

// Kind of a transaction.
type Kind string

// The kinds. A cancellation is a transaction of its own that marks its debit as cancelled; a credit stands for itself.
const (
	Debit        Kind = "debit"
	Credit       Kind = "credit"
	Cancellation Kind = "cancellation"
)

// Transaction is one entry of the terminal's journal.
type Transaction struct {
	Number    int          `json:"number"` // printed on the ticket
	Kind      Kind         `json:"kind"`
	Amount    pos.Minor    `json:"amount"`
	Currency  pos.Currency `json:"currency"`
	At        time.Time    `json:"at"`
	Register  string       `json:"register"`
	Private   string       `json:"private,omitempty"`
	Brand     string       `json:"brand"`
	Last4     string       `json:"last4"`
	Cancelled bool         `json:"cancelled,omitempty"` // stays listed, does not count
	Of        int          `json:"of,omitempty"`        // number of the debit that a cancellation takes back
	Collected bool         `json:"collected"`
}

// Refusal is a command that moved nothing.
type Refusal struct {
	Private string    `json:"private"`
	Kind    Kind      `json:"kind"`
	Amount  pos.Minor `json:"amount"`
	Reason  string    `json:"reason"`
}

// Collection is one hand-over to the acquirer: debits less credits.
type Collection struct {
	At     time.Time `json:"at"`
	Count  int       `json:"count"`
	Amount pos.Minor `json:"amount"`
}

// Counts says whether the customer's money is taken.
func (t Transaction) Counts() bool { return t.Kind == Debit && !t.Cancelled }

// Returns says whether money was given back to a customer by a credit.
func (t Transaction) Returns() bool { return t.Kind == Credit }

// Load reads the memory of a terminal, whether it runs or not. The error is fs.ErrNotExist where none was written yet.
func Load(path string) (Memory, error) { return chassis.Load[Memory](path) }

// Totals are the money that the terminal took less what it gave back, collected or not: tender card by currency. The count is that of the
// debits that count; a credit lowers the amount only.
func (m Memory) Totals() pos.Totals {
	sum := pos.Sum{}
	for _, t := range m.Transactions {
		switch {
		case t.Counts():
			sum.Count, sum.Amount = sum.Count+1, sum.Amount+t.Amount
		case t.Returns():
			sum.Amount -= t.Amount
		}
	}
	if sum == (pos.Sum{}) {
		return pos.Totals{}
	}
	return pos.Totals{pos.Card: {m.Currency: sum}}
}

// loadOrNew reads the memory, or begins one.
func loadOrNew(o Options) (Memory, error) {
	m, err := Load(o.Path)
	if o.Path == "" || errors.Is(err, fs.ErrNotExist) {
		return Memory{Contract: "0123456789", Currency: o.Currency, Transactions: []Transaction{}, Refusals: []Refusal{}, Collections: []Collection{}}, nil
	}
	return m, err
}

// clone is a copy that shares nothing.
func (m Memory) clone() Memory {
	m.Transactions, m.Refusals, m.Collections = slices.Clone(m.Transactions), slices.Clone(m.Refusals), slices.Clone(m.Collections)
	return m
}

// mostRefusals bounds what is remembered of commands that moved nothing.
const mostRefusals = 100

func (m *Memory) refuse(r Refusal) {
	if m.Refusals = append(m.Refusals, r); len(m.Refusals) > mostRefusals {
		m.Refusals = m.Refusals[1:]
	}
}

// debit finds the latest debit of an amount that can be taken back, nil when there is none.
func (m *Memory) debit(amount pos.Minor) *Transaction {
	for i := len(m.Transactions) - 1; i >= 0; i-- {
		if t := &m.Transactions[i]; t.Counts() && !t.Collected && t.Amount == amount {
			return t
		}
	}
	return nil
}

// book enters a transaction and does to others what it does.
func (m *Memory) book(t Transaction) (Transaction, bool) {
	if t.Kind == Cancellation {
		paid := m.debit(t.Amount)
		if paid == nil {
			return t, false
		}
		paid.Cancelled, t.Of = true, paid.Number
	}
	m.LastNumber++
	t.Number = m.LastNumber
	m.Transactions = append(m.Transactions, t)
	return t, true
}

// collect hands over what is left.
func (m *Memory) collect(now time.Time) Collection {
	c := Collection{At: now}
	for i := range m.Transactions {
		t := &m.Transactions[i]
		switch {
		case t.Collected:
		case t.Counts():
			c.Count, c.Amount = c.Count+1, c.Amount+t.Amount
		case t.Returns():
			c.Amount -= t.Amount
		}
		t.Collected = true
	}
	m.Collections = append(m.Collections, c)
	return c
}
