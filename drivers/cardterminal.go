package drivers

import (
	"context"
	"time"

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

	// Void takes a whole sale back that the terminal has not settled yet. The command's Amount is what the sale had booked; of names the sale by
	// the terminal's own numbers. Its rules and errors are those of Sale, with the decision Approved for a sale that is taken back. A terminal that
	// cannot do it fails with code not_supported; nothing moved then.
	Void(ctx context.Context, command Sale, of Last) (Outcome, error)

	// Refund gives money back to a customer's card, whether or not the sale stands in the terminal. Its rules and errors are those of Sale and Void.
	Refund(ctx context.Context, command Sale) (Outcome, error)

	// Settle closes the terminal's business day: the terminal hands its transactions to its acquirer, tells their totals and begins to count from
	// zero. commit makes the totals durable before the terminal's message is acknowledged, under the rules of Sale.Commit. It is never repeated by
	// itself: an error of class OutcomeUnknown says that the totals may be lost.
	Settle(ctx context.Context, progress func(Progress), commit func(Totals) error) (Totals, error)

	// Recover asks the terminal for what became of an unfinished sale, void or refund. It sends nothing that moves money and may be repeated.
	Recover(ctx context.Context, pending Pending) (Recovery, error)

	// Status asks whether the terminal is ready to sell. It must not be called while a sale runs.
	Status(ctx context.Context) (State, error)

	// Close logs off, as far as the wire still allows. It does not close the wire.
	Close(ctx context.Context) error
}

// Sale is a request for money.
type Sale struct {
	Amount pos.Money

	// Ref is the till's own name of this command: unique over the till's life, the same whenever its outcome is asked for. What a family lets the till
	// send along and tells again (a ticket, a private field) is made of it by [Ticket]. Never empty for a sale, a void or a refund.
	Ref string

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

	// DateGuessed says that the terminal told no year, or no whole date, and that Date is the one nearest to the till's clock.
	DateGuessed bool
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

	// Last is the terminal's last transaction now, for a family that counts refused ones too; the zero value where a taken Result's own numbers say it.
	Last Last
}

// Last names a transaction by the terminal's own numbers: the last one that a terminal completed, the zero value when it says that it has none.
type Last struct {
	Trace     string
	ReceiptNo string

	// Untold says that the terminal did not tell it, or not by a number: a transaction that it tells later may be an older one.
	Untold bool

	// Held is what a reservation holds, in minor units; 0 where that is not known, and of every other transaction.
	Held pos.Minor
}

// Totals are what a terminal counted since its last settlement.
type Totals struct {
	Currency pos.Currency
	Brands   []BrandTotal // in the terminal's order, those without a transaction left out
	Amount   pos.Minor    // of all brands, as the terminal says; sales less voids and refunds
	First    string       // the first receipt number, "" when not told
	Last     string       // the last receipt number, "" when not told
	Trace    string       // moving number of the settlement, "" when not told
	Date     string       // of the terminal's own clock, as in Result
	Time     string
	Receipts []Receipt

	// Emptied says that the terminal forgot its transactions with its day: it has no last one any more.
	Emptied bool
}

// BrandTotal is one brand's part of [Totals]. The counts stop at what the protocol can tell; Full says that this one has.
type BrandTotal struct {
	Brand  string // as in Result; "other" for what the terminal does not name
	Count  int
	Amount pos.Minor
	Full   bool
}

// Transaction says what an unfinished command wanted.
type Transaction string

// The transactions.
const (
	SaleOf   Transaction = "sale"
	VoidOf   Transaction = "void"
	RefundOf Transaction = "refund"

	ReservationOf Transaction = "reservation" // of a [Reserver]: an amount held on a card
	BookingOf     Transaction = "booking"     // takes money out of a reservation
	ReleaseOf     Transaction = "release"     // frees a reservation
)

// Pending is an unfinished sale, void or refund, as the journal knows it.
type Pending struct {
	What   Transaction // "" is a sale
	Of     Last        // the sale that a void takes back, or the reservation that is booked or released
	Ref    string      // of the command, as it was in [Sale]
	Amount pos.Money
	Before Last    // the terminal's last transaction, as known before the intent
	Stored *Result // the result that was durable but not known to be confirmed, nil when none came

	// Begun is when the intent was made durable, by the till's wall clock; the zero time when it is not known. A transaction that the terminal's own clock
	// shows to be older is another one.
	Begun time.Time

	// Quiet is how long ago, at least, the till last heard of this command from the terminal; 0 when it is not known. A terminal that was left alone
	// long enough has made up its mind; of one that was not, see [Recovery.Again].
	Quiet time.Duration
}

// Verdict is what a recovery proves.
type Verdict string

// The verdicts. For everything but a sale Charged says that the command was carried out. Undecided keeps the payment unknown and the terminal blocked, until the
// terminal is asked again or a person decides.
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

	// Again, above 0, says that the terminal may still change its mind by itself: it is to be asked again after that time on the same wire (on a new
	// wire the time begins anew), and until then nothing that it says is believed. The verdict is Undecided. Asking earlier does no harm.
	Again time.Duration
}

// State says whether a terminal can sell.
type State struct {
	Ready bool
	Code  string // the protocol's own code
	Text  string // what is wrong and what to do, empty when ready
}
