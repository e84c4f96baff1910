package drivers

import (
	"context"

	"github.com/tillproof/tillproof/pos"
)

// CardTerminal is a device that takes cards and decides by itself, in talk with its own acquirer, whether money moves.
//
// Methods return *pos.Error where the money is concerned. Of an error of any other type, and of one with retry class
// pos.OutcomeUnknown, the caller must believe that the money may have moved.
type CardTerminal interface {
	// Open makes the terminal ready (registration, log-on) and reads its last transaction, as the base line by which a later
	// recovery tells a new transaction from an old one. It is called once on each new wire, before anything else.
	Open(ctx context.Context) (Last, error)

	// Sale takes money. The caller has made the intent durable before. The outcome counts when Sale returns without an error:
	// then the terminal is known to hold the same. An error of class Transient or Permanent says that the terminal never
	// took the command (nothing moved); one of class OutcomeUnknown says that it must be asked by Recover.
	// The end of ctx abandons the wait: the outcome is unknown then.
	Sale(ctx context.Context, sale Sale) (Outcome, error)

	// Recover asks the terminal for what became of an unfinished sale. It sends nothing that moves money and may be repeated.
	Recover(ctx context.Context, pending Pending) (Recovery, error)

	// Status asks whether the terminal is ready to sell. It must not be called while a sale runs.
	Status(ctx context.Context) (State, error)

	// Close logs off, as far as the wire still allows. It does not close the wire.
	Close(ctx context.Context) error
}

// Sale is a request for money.
type Sale struct {
	Amount pos.Money

	// Cancel is closed when the cashier wants to stop. It is a request: the outcome still comes from the terminal. May be nil.
	Cancel <-chan struct{}

	// Progress is told what the terminal shows meanwhile, for the cashier's screen. Never nil.
	Progress func(Progress)

	// Commit makes a result durable. The driver calls it before it acknowledges the result to the terminal, once for each result
	// that the terminal sends (a later one replaces an earlier). If it fails, the driver must not acknowledge: it refuses the
	// result in the way that makes the terminal take the money back, and returns an error of class OutcomeUnknown. Never nil.
	Commit func(Result) error
}

// Progress is a state of a running command, in words for the cashier.
type Progress struct {
	Code string // the protocol's own code, such as "0a"
	Text string // cleaned of control characters
}

// Decision is what a terminal says of a sale.
type Decision string

// The decisions. What is none of them is an error of class OutcomeUnknown.
const (
	Approved        Decision = "approved"
	ApprovedOffline Decision = "approved_offline" // the terminal says that it approved by itself
	Declined        Decision = "declined"
	Cancelled       Decision = "cancelled"
)

// Status is the payment status that a decision leads to.
func (d Decision) Status() pos.Status { return pos.Status(d) }

// Result is what a terminal says of a transaction. Card data is masked: the parser keeps no more than the last four digits.
type Result struct {
	Decision   Decision
	Amount     pos.Money // what was booked, tip included; it may differ from what was asked
	Tip        pos.Minor // part of Amount, 0 when there is none
	Code       string    // the protocol's result code, such as "6c"
	Text       string    // the reason, for the cashier
	Trace      string    // moving number of the transaction at the terminal
	ReceiptNo  string
	TerminalID string // number of the card terminal at its acquirer
	MerchantID string // contract number at the acquirer
	AuthCode   string
	Brand      string // visa, mastercard, girocard, ...
	CardName   string // what the terminal calls the card
	Last4      string
	Entry      string // chip, contactless, stripe, manual
	Date       string // of the terminal's own clock: YYYY-MM-DD, or --MM-DD where it tells no year
	Time       string // of the terminal's own clock: HH:MM:SS
}

// Receipt is what the terminal wants printed for one person.
type Receipt struct {
	For   ReceiptFor
	Lines []string // cleaned text, without line ends
}

// ReceiptFor names a receipt's reader.
type ReceiptFor string

// The readers of a receipt; ForAnyone where the terminal does not say.
const (
	ForMerchant ReceiptFor = "merchant"
	ForCustomer ReceiptFor = "customer"
	ForAnyone   ReceiptFor = "anyone"
)

// Outcome is a result that the terminal is known to hold too.
type Outcome struct {
	Result   Result
	Receipts []Receipt
}

// Last names the last transaction that a terminal completed, the zero value when it says that it has none.
type Last struct {
	Trace     string
	ReceiptNo string

	// Untold says that the terminal did not tell it, or not by a number: a transaction that it tells later may be an older one.
	Untold bool
}

// Pending is an unfinished sale, as the journal knows it.
type Pending struct {
	Amount pos.Money
	Before Last    // the terminal's last transaction, as known before the intent
	Stored *Result // the result that was durable but not known to be confirmed, nil when none came
}

// Verdict is what a recovery proves.
type Verdict string

// The verdicts. Undecided keeps the payment unknown and the terminal blocked until a person decides.
const (
	Charged    Verdict = "charged"
	NotCharged Verdict = "not_charged"
	Undecided  Verdict = "undecided"
)

// Recovery is the answer of the terminal to the question what became of a sale.
type Recovery struct {
	Verdict Verdict
	Result  Result // of the transaction found, when Charged
	Last    Last   // the terminal's last transaction now
	Text    string // the evidence in words, for the journal and the cashier
}

// State says whether a terminal can sell.
type State struct {
	Ready bool
	Code  string // the protocol's own code
	Text  string // what is wrong and what to do, empty when ready
}
