package reconcile

import (
	"github.com/tillproof/tillproof/pos"
)

// Payment is a payment as the journal or the ledger tells it.
type Payment struct {
	ID          pos.PaymentID
	Order       pos.OrderRef
	Attempt     pos.Attempt
	Tender      pos.Tender
	Status      pos.Status
	Money       pos.Money // what was taken; what was asked while nothing is
	OrderAmount *pos.Minor
	Device      pos.DeviceName
	TerminalID  string
	Trace       string
	Epoch       pos.Epoch // of the record that changed it last
	Seq         pos.Seq   // of the record that changed it last
}

// Transaction is what a card terminal itself remembers.
type Transaction struct {
	Device     pos.DeviceName
	TerminalID string
	Trace      string
	Money      pos.Money
}

// Record is a record by its place and its bytes' hash.
type Record struct {
	Epoch pos.Epoch
	Seq   pos.Seq
	Hash  [32]byte
}

// Columns are the sides of the comparison. A terminal's column holds only transactions that count, not those it has reversed.
type Columns struct {
	Terminal       []Transaction
	Journal        []Payment
	Ledger         []Payment // the rows of the ledger, as they are
	JournalRecords []Record
	LedgerRecords  []Record                // records in the platform's custody
	Attached       map[pos.DeviceName]bool // terminals whose own memory is among the columns
	Acquirer       []Settled
	Books          bool // the acquirer's own books are among the columns
}

// Report is the answer.
type Report struct {
	OK          bool         `json:"ok"`
	Totals      Totals       `json:"totals"`
	Differences []Difference `json:"differences"`
}

// Totals are the sums of each column.
type Totals struct {
	Terminal pos.Totals `json:"terminal"`
	Journal  pos.Totals `json:"journal"`
	Ledger   pos.Totals `json:"ledger"`
	Acquirer pos.Totals `json:"acquirer"`
}

// Difference is something that does not agree.
type Difference struct {
	Check   string         `json:"check"`
	Payment *pos.PaymentID `json:"payment,omitempty"`
	Cause   string         `json:"cause"`
	Next    string         `json:"next"`
}
