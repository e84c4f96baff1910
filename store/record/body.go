package record

import (
	"encoding/hex"

	"github.com/tillproof/tillproof/pos"
)

// Body is the part of a record that its kind defines, such as *Boot, *Intent or *Result.
type Body interface{ Kind() Kind }

// Subject is a body that speaks of one payment.
type Subject interface {
	Body
	PaymentID() pos.PaymentID
}

// BootReason says why an agent's life or an epoch began.
type BootReason string

// The reasons of a boot record.
const (
	Created  BootReason = "created"  // a new journal
	Started  BootReason = "started"  // the agent was started on a journal
	Restored BootReason = "restored" // the platform holds more of the epoch than we do: we come from a backup
	Forked   BootReason = "forked"   // the platform holds other records under our numbers
	Damaged  BootReason = "damaged"  // records of the epoch before cannot be read; holes name them
)

// Boot is written at each start of the agent and begins each epoch.
type Boot struct {
	Incarnation pos.UUID   `cbor:"1,keyasint" json:"incarnation"` // random, so that two agents on copies of one store can be told apart
	Version     string     `cbor:"2,keyasint" json:"version"`
	Reason      BootReason `cbor:"3,keyasint" json:"reason"`
	Own         *Head      `cbor:"4,keyasint,omitempty" json:"own,omitempty"`      // our head of the epoch that was left
	Platform    *Head      `cbor:"5,keyasint,omitempty" json:"platform,omitempty"` // the platform's head that did not fit it
}

// Intent is durable before anything can move the money (law 1).
type Intent struct {
	Payment     pos.PaymentID  `cbor:"1,keyasint" json:"payment"`
	Order       pos.OrderRef   `cbor:"2,keyasint" json:"order"`
	Attempt     pos.Attempt    `cbor:"3,keyasint" json:"attempt"`
	Amount      pos.Minor      `cbor:"4,keyasint" json:"amount"`
	Currency    pos.Currency   `cbor:"5,keyasint" json:"currency"`
	Tender      pos.Tender     `cbor:"6,keyasint" json:"tender"`
	Mode        pos.Mode       `cbor:"7,keyasint" json:"mode"`
	OrderAmount *pos.Minor     `cbor:"8,keyasint,omitempty" json:"order_amount,omitempty"`
	Device      pos.DeviceName `cbor:"9,keyasint,omitempty" json:"device,omitempty"`
	Before      *Last          `cbor:"10,keyasint,omitempty" json:"before,omitempty"` // the card terminal's last transaction before
	Tendered    *pos.Minor     `cbor:"11,keyasint,omitempty" json:"tendered,omitempty"`
	Scheme      string         `cbor:"12,keyasint,omitempty" json:"scheme,omitempty"` // of a QR payment; [CardReader]
	Source      Source         `cbor:"13,keyasint,omitempty" json:"source,omitempty"` // of a QR payment
	OrderEnds   int64          `cbor:"14,keyasint,omitempty" json:"order_ends,omitempty"`
	Cashier     pos.PersonID   `cbor:"15,keyasint,omitempty" json:"cashier,omitempty"` // who sells, when people are known
	Reserve     bool           `cbor:"16,keyasint,omitempty" json:"reserve,omitempty"` // the amount is to be held on the card, not taken
}

// CardReader is the scheme of a card payment through a reader that encrypts at its head: in its intent, and where a configuration says which acquirer takes
// such payments.
const CardReader = "card_reader"

// ByReader says whether a payment is one by a card through a reader that encrypts.
func (b *Intent) ByReader() bool { return b.Tender == pos.Card && b.Scheme == CardReader }

// Source says who makes a payment QR.
type Source string

// The sources of a QR.
const (
	FromTill     Source = "local"    // the till alone, from the shop's own ids: it works without a network
	FromPlatform Source = "platform" // the platform, by an order at the acquirer
)

// Presented is durable before a customer can pay by what was presented: the customer's code or the card that a reader has encrypted before it goes to the
// platform, a QR before it is shown. A customer's code is a secret, so only its keyed hash is kept; of card data nothing is.
type Presented struct {
	Payment   pos.PaymentID `cbor:"1,keyasint" json:"payment"`
	Scheme    string        `cbor:"2,keyasint" json:"scheme"`
	CodeHash  Hex           `cbor:"3,keyasint,omitempty" json:"code_hash,omitempty"`
	QR        string        `cbor:"4,keyasint,omitempty" json:"qr,omitempty"`
	Reference string        `cbor:"5,keyasint,omitempty" json:"reference,omitempty"` // in a QR that the till made
	ExpiresAt int64         `cbor:"6,keyasint,omitempty" json:"expires_at,omitempty"`
	N         uint64        `cbor:"7,keyasint,omitempty" json:"n,omitempty"` // the platform's number of the result that brought it

	Brand string `cbor:"8,keyasint,omitempty" json:"brand,omitempty"` // of a card that a reader has told, as in [Decision]
	Last4 string `cbor:"9,keyasint,omitempty" json:"last4,omitempty"`
	Entry string `cbor:"10,keyasint,omitempty" json:"entry,omitempty"`
}

// Hex is a byte string that JSON shows in lower-case hex.
type Hex []byte

// MarshalText implements encoding.TextMarshaler.
func (h Hex) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hex) UnmarshalText(text []byte) (err error) {
	*h, err = hex.AppendDecode(nil, text)
	return err
}

// PlatformResult is what the platform says of a payment. The platform numbers its results for a till without gaps, so that the till can tell
// what it has missed. One without a payment only keeps the count: it speaks of nothing that this journal knows.
type PlatformResult struct {
	Payment  pos.PaymentID `cbor:"1,keyasint,omitzero" json:"payment,omitzero"`
	N        uint64        `cbor:"2,keyasint" json:"n"`
	Decision *Decision     `cbor:"3,keyasint,omitempty" json:"decision,omitempty"`
	Note     string        `cbor:"4,keyasint,omitempty" json:"note,omitempty"`

	Operation pos.OperationKey `cbor:"5,keyasint,omitempty" json:"operation,omitempty"` // what it decides; absent: the payment itself
}

// Last names the last transaction of a card terminal by its moving numbers.
type Last struct {
	Trace     string `cbor:"1,keyasint,omitempty" json:"trace,omitempty"`
	ReceiptNo string `cbor:"2,keyasint,omitempty" json:"receipt_no,omitempty"`
	Untold    bool   `cbor:"3,keyasint,omitempty" json:"untold,omitempty"` // the terminal did not tell it
}

// Result is durable before the device gets its acknowledgement (law 2). It counts for the cashier when a [Confirmed] follows.
type Result struct {
	Payment  pos.PaymentID `cbor:"1,keyasint" json:"payment"`
	Decision Decision      `cbor:"2,keyasint" json:"decision"`
}

// Decision is what a device or a person decided about a payment. Card data is masked before it comes here.
type Decision struct {
	Status     pos.Status   `cbor:"1,keyasint" json:"status"`
	Amount     pos.Minor    `cbor:"2,keyasint" json:"amount"` // booked, tip included
	Currency   pos.Currency `cbor:"3,keyasint" json:"currency"`
	Tip        pos.Minor    `cbor:"4,keyasint,omitempty" json:"tip,omitempty"`
	Code       string       `cbor:"5,keyasint,omitempty" json:"code,omitempty"`
	Text       string       `cbor:"6,keyasint,omitempty" json:"text,omitempty"`
	Trace      string       `cbor:"7,keyasint,omitempty" json:"trace,omitempty"`
	ReceiptNo  string       `cbor:"8,keyasint,omitempty" json:"receipt_no,omitempty"`
	TerminalID string       `cbor:"9,keyasint,omitempty" json:"terminal_id,omitempty"`
	MerchantID string       `cbor:"10,keyasint,omitempty" json:"merchant_id,omitempty"`
	AuthCode   string       `cbor:"11,keyasint,omitempty" json:"auth_code,omitempty"`
	Brand      string       `cbor:"12,keyasint,omitempty" json:"brand,omitempty"`
	CardName   string       `cbor:"13,keyasint,omitempty" json:"card_name,omitempty"`
	Last4      string       `cbor:"14,keyasint,omitempty" json:"last4,omitempty"`
	Entry      string       `cbor:"15,keyasint,omitempty" json:"entry,omitempty"`
	Date       string       `cbor:"16,keyasint,omitempty" json:"date,omitempty"`
	Time       string       `cbor:"17,keyasint,omitempty" json:"time,omitempty"`
	Rounding   pos.Minor    `cbor:"18,keyasint,omitempty" json:"rounding,omitempty"` // of cash: amount less what was asked for
	Again      *Again       `cbor:"19,keyasint,omitempty" json:"again,omitempty"`    // of a refused offline approval: whether it may be collected again
	Sealed     Hex          `cbor:"20,keyasint,omitempty" json:"sealed,omitempty"`   // of an offline approval by a reader: SHA-256 of the sealed vault entry
	Card       Hex          `cbor:"21,keyasint,omitempty" json:"card,omitempty"`     // of the same: keyed hash of what the reader tells of the card

	DateGuessed bool `cbor:"22,keyasint,omitempty" json:"date_guessed,omitempty"` // the terminal told no year, or no exact day; the till's clock completed it
}

// Again says how often and until when the money of a refused offline approval may be asked for again. The platform decides; the till only tells of it.
type Again struct {
	TriesLeft int   `cbor:"1,keyasint" json:"tries_left"`
	Deadline  int64 `cbor:"2,keyasint" json:"deadline"` // milliseconds since 1970-01-01 UTC of the platform's clock
}

// Confirmed says that the acknowledgement of the last [Result] is known to have reached the device.
type Confirmed struct {
	Payment  pos.PaymentID `cbor:"1,keyasint" json:"payment"`
	Receipts []Receipt     `cbor:"2,keyasint,omitempty" json:"receipts,omitempty"`
}

// Receipt is what a card terminal wanted printed.
type Receipt struct {
	For   string   `cbor:"1,keyasint" json:"for"`
	Lines []string `cbor:"2,keyasint" json:"lines"`
}

// Evidence says what a [Resolution] rests on.
type Evidence string

// The kinds of evidence.
const (
	ByRestart  Evidence = "restart"  // the agent stopped in the middle: nothing is known
	ByLink     Evidence = "link"     // the wire failed in the middle: nothing is known
	ByTerminal Evidence = "terminal" // the card terminal was asked and answered
	ByNotSent  Evidence = "not_sent" // the command never reached the card terminal or the platform
	ByCashier  Evidence = "cashier"  // the cashier gave the payment up
	ByPlatform Evidence = "platform" // the platform was asked and answered
	BySilence  Evidence = "silence"  // the platform was asked and did not answer: nothing is known

	BySlip            Evidence = "slip"               // a person has the card terminal's or the wallet's slip
	ByTerminalJournal Evidence = "terminal_journal"   // a person has read the card terminal's own list
	ByHost            Evidence = "host"               // a person has asked the acquirer
	Abandoned         Evidence = "evidence_abandoned" // a supervisor gives the search up: it stays unknown and blocks nothing any more
)

// Resolution settles a payment that has no confirmed result, or says that it is unknown.
type Resolution struct {
	Payment  pos.PaymentID `cbor:"1,keyasint" json:"payment"`
	Status   pos.Status    `cbor:"2,keyasint" json:"status"`
	Evidence Evidence      `cbor:"3,keyasint" json:"evidence"`
	Text     string        `cbor:"4,keyasint" json:"text"`
	Reason   string        `cbor:"5,keyasint,omitempty" json:"reason,omitempty"`
	Found    *Decision     `cbor:"6,keyasint,omitempty" json:"found,omitempty"`
	Unwanted bool          `cbor:"7,keyasint,omitempty" json:"unwanted,omitempty"`

	Supervisor pos.PersonID `cbor:"8,keyasint,omitempty" json:"supervisor,omitempty"` // whose PIN it took
	Cashier    pos.PersonID `cbor:"9,keyasint,omitempty" json:"cashier,omitempty"`    // who asked for it
}

// Kind implements [Body].
func (*Boot) Kind() Kind { return KindBoot }

// Kind implements [Body].
func (*Intent) Kind() Kind { return KindIntent }

// Kind implements [Body].
func (*Presented) Kind() Kind { return KindPresented }

// Kind implements [Body].
func (*PlatformResult) Kind() Kind { return KindPlatformResult }

// Kind implements [Body].
func (*Result) Kind() Kind { return KindResult }

// Kind implements [Body].
func (*Confirmed) Kind() Kind { return KindConfirmed }

// Kind implements [Body].
func (*Resolution) Kind() Kind { return KindResolution }

// PaymentID implements [Subject].
func (b *Intent) PaymentID() pos.PaymentID { return b.Payment }

// PaymentID implements [Subject].
func (b *Result) PaymentID() pos.PaymentID { return b.Payment }

// PaymentID implements [Subject].
func (b *Confirmed) PaymentID() pos.PaymentID { return b.Payment }

// PaymentID implements [Subject].
func (b *Resolution) PaymentID() pos.PaymentID { return b.Payment }

// PaymentID implements [Subject].
func (b *Presented) PaymentID() pos.PaymentID { return b.Payment }

// PaymentID implements [Subject]. It is zero for a result that speaks of nothing here.
func (b *PlatformResult) PaymentID() pos.PaymentID { return b.Payment }
