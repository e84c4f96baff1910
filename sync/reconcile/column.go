package reconcile

import (
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
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

	Till       pos.TillID     // who has taken it; "" where there is one till only
	Merchant   pos.MerchantID // whose till that is, "" where there is one merchant only
	Acquirer   string         // who holds the money, "" where nobody knows
	Day        string         // of the shop's calendar, YYYY-MM-DD, "" where nobody knows
	Business   string         // business date of the shift that it belongs to; that of Day where none was open
	Created    int64          // milliseconds since 1970-01-01 UTC of the till's clock, 0 where nobody knows
	Decided    int64          // of the record that changed it last; as Created
	Delivered  int64          // when the record that decided it came to the platform, by its clock; 0 where nobody knows
	Scheme     string
	Brand      string
	ReceiptNo  string
	MerchantID string // the shop's number at the acquirer, as the card terminal says
	Reference  string // in a QR that the till made
	Folded     bool   // told by the records in the platform's custody, because its till's journal is not among the columns
	Steps      []Step // its records in their order, empty where nobody has read them
}

// Step is a record that speaks of a payment.
type Step struct {
	Kind      record.Kind
	Status    pos.Status         // of a result or a resolution: what it says
	Operation pos.OperationKey   // of a record that speaks of one
	What      pos.OperationKind  // of an operation's request
	State     pos.OperationState // of an operation's end
	At        int64              // milliseconds since 1970-01-01 UTC of the till's clock
	Epoch     pos.Epoch
	Seq       pos.Seq
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
	Day        string // when it was done, YYYY-MM-DD in UTC; "" where nobody knows
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
	Till  pos.TillID // "" where there is one till only
	Epoch pos.Epoch
	Seq   pos.Seq
	Hash  [32]byte
}

// Columns are the sides of the comparison. A terminal's column holds only transactions that count, not those it has reversed.
type Columns struct {
	Terminal       []Transaction
	TerminalTotals []TerminalTotal // what card terminals said at the end of a day, by settlements in the journals
	Journal        []Payment
	Ledger         []Payment // the rows of the ledger, as they are
	JournalRecords []Record
	LedgerRecords  []Record                // records in the platform's custody
	Given          []Given                 // what other tills have given back of this journal's payments
	Attached       map[pos.DeviceName]bool // terminals whose own memory is among the columns
	Acquirer       []Settled
	Books          bool // the acquirer's own books are among the columns

	Journals  []pos.TillID // whose journals are the column; nil: everybody's. Payments of others are told by the records in custody
	Statement []Row        // lines of acquirers' statements
	Covered   []Coverage   // the days that those statements speak of; a payment outside is not missed
	Registry  *Registry    // who exists and what is agreed; nil: configuration is not checked
	Limits    Limits       // how late is late; the zero value: timeliness is not checked
	Orphans   []Payment    // payments of which custody holds steps and no beginning
	Proof     []Difference // what reading the ledger by its own records has found, see [Custody]
}

// TerminalTotal is one settlement of a card terminal: what it said that it had counted, and what the till had counted.
type TerminalTotal struct {
	Till     pos.TillID
	Device   pos.DeviceName
	Day      string // business date
	Currency pos.Currency
	Terminal pos.Minor
	Journal  pos.Minor
	Lost     bool // the terminal's totals are lost: it settled, and nobody heard what
}

// Coverage is the range of days of an acquirer's statements.
type Coverage struct {
	Acquirer string
	From, To string // business dates as YYYY-MM-DD, both within
}

// covers says whether the statements of a payment's acquirer speak of its day.
func (c *Columns) covers(p *Payment) bool {
	for i := range c.Covered {
		if k := &c.Covered[i]; k.Acquirer == p.Acquirer && p.Acquirer != "" && p.Day != "" && k.From <= p.Day && p.Day <= k.To {
			return true
		}
	}
	return false
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

// Kind is one of the six kinds of check.
type Kind string

// The kinds of check.
const (
	Consistency   Kind = "consistency"   // each payment stands in each column where it must, both ways
	Sums          Kind = "sums"          // totals by tender, brand, currency and day
	Order         Kind = "order"         // steps come in the only order in which money can move
	Idempotency   Kind = "idempotency"   // nothing happened twice
	Timeliness    Kind = "timeliness"    // nothing is late
	Configuration Kind = "configuration" // tills, terminals, numbers, currencies and fees are those agreed
)

// Difference is something that does not agree.
type Difference struct {
	Kind    Kind           `json:"kind"`
	Check   string         `json:"check"`
	Payment *pos.PaymentID `json:"payment,omitempty"`
	Cause   string         `json:"cause"`
	Next    string         `json:"next"`
}
