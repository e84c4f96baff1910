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
	GivenUp     bool      // of one that is unknown: a supervisor gave the search up, and nobody asks any more
	Money       pos.Money // what the shop still holds; what was asked while it holds nothing
	Booked      pos.Minor // of a journal's payment: what was taken before anything went back, 0 when nothing ever was
	Returned    pos.Minor // of a journal's payment: what went back of it, by whatever way
	Returns     []Return  // of a journal's payment: its refunds, those that are done or have no outcome yet
	OrderAmount *pos.Minor
	Device      pos.DeviceName
	TerminalID  string
	Trace       string
	Epoch       pos.Epoch // of the record that changed it last
	Seq         pos.Seq   // of the record that changed it last
}

// Return is a refund by the journal. What a void takes back is no refund: terminal and acquirer then hold nothing of the payment.
type Return struct {
	Operation  pos.OperationKey
	Tender     pos.Tender // by which the money went back
	Open       bool       // nobody knows yet whether it did
	GivenUp    bool       // of an open one: nobody asks any more
	Amount     pos.Minor
	Device     pos.DeviceName // of tender card
	TerminalID string
	Trace      string
}

// Given is what a till has given back of a payment that another till has taken, by the ledger.
type Given struct {
	Payment pos.PaymentID
	Till    pos.TillID
	Amount  pos.Minor // by whatever way

	Acquirer pos.Minor // of Amount: through the acquirer that had taken it
}

// Transaction is what a card terminal itself remembers: a payment that counts, or a refund.
type Transaction struct {
	Device     pos.DeviceName
	TerminalID string
	Trace      string
	Money      pos.Money
	Refund     bool // the customer got it back
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
	Given          []Given                 // what other tills have given back of this journal's payments
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
