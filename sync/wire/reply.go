package wire

import (
	"fmt"
	"math"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
)

// Stage says how far a call has come.
type Stage string

// The stages of a call.
const (
	Accepted Stage = "accepted" // the platform's database holds it: it will be carried out, whatever happens to the line
	Final    Stage = "final"    // it is done
)

// MaxResults is the number of outcomes in one reply.
const MaxResults = 50

// Reply is the platform's answer to a call.
type Reply struct {
	ID       pos.UUID // of the call
	CallHash [32]byte // of the signed call, so that a reply to another one under the same id is noticed
	Stage    Stage
	At       int64     // the platform's clock, milliseconds since 1970-01-01 UTC
	Outcome  *Outcome  // what is known of the payment; nil for results
	Results  []Outcome // results: ascending and gapless by number
	More     bool      // results: there are further ones
	Keys     []byte    // keys: the signed list, as on down/keys
	Certs    []byte    // keys with a CSR: the till's certificate and that of the authority behind it (PEM); nothing when the platform gives none
}

// Outcome is what the platform knows of a payment or, with Operation set, of one operation on it. Status of an operation: refunded or captured (done:
// Amount has moved), declined or forward_declined (refused for good: nothing moved), pending (under way, N is 0), and cancelled with N 0 and the code
// never_received for one that the platform has never seen: calling again with the same operation record is safe then, as it always is.
type Outcome struct {
	Payment     pos.PaymentID
	N           uint64       // the platform's number of this result for the till, from 1; 0 while it is not a result yet
	Status      pos.Status   // pending while the customer may still pay
	Amount      pos.Minor    // that moved, in minor units
	Currency    pos.Currency // of Amount
	Scheme      string
	Code        string // the acquirer's own
	Text        string // for the cashier
	Transaction string // the acquirer's number
	QR          string // the payload to show; pending only
	ExpiresAt   int64  // when the wallet's own time ends, milliseconds since 1970-01-01 UTC; 0 when it has none

	TriesLeft int   // forward_declined: how often the money may be asked for again
	Deadline  int64 // forward_declined: until when, milliseconds since 1970-01-01 UTC; 0 when nobody has said

	Operation pos.OperationKey // what it speaks of; "" for the payment itself
	Of        *Foreign         // of a query for a payment that another till of the merchant has taken, else nil
}

// Foreign tells a till about a payment that another till has taken. Amounts are minor units of Outcome.Currency.
type Foreign struct {
	Till       pos.TillID // that has taken it
	Order      pos.OrderRef
	Attempt    pos.Attempt
	Tender     pos.Tender
	Amount     pos.Minor // that was taken
	Returnable pos.Minor // the most that a new refund may give back, 0 when nothing can go back now
}

// replyMap is the CBOR map of wire.cddl.
type replyMap struct {
	ID       []byte       `cbor:"id"`
	CallHash []byte       `cbor:"call_hash"`
	Stage    Stage        `cbor:"stage"`
	At       int64        `cbor:"at"`
	Outcome  *outcomeMap  `cbor:"outcome,omitempty"`
	Results  []outcomeMap `cbor:"results,omitempty"`
	More     bool         `cbor:"more,omitempty"`
	Keys     []byte       `cbor:"keys,omitempty"`
	Certs    []byte       `cbor:"certs,omitempty"`
}

// outcomeMap is the CBOR map of wire.cddl.
type outcomeMap struct {
	Payment     []byte     `cbor:"payment"`
	N           uint64     `cbor:"n,omitempty"`
	Status      pos.Status `cbor:"status"`
	Amount      int64      `cbor:"amount,omitempty"`
	Currency    string     `cbor:"currency,omitempty"`
	Scheme      string     `cbor:"scheme,omitempty"`
	Code        string     `cbor:"code,omitempty"`
	Text        string     `cbor:"text,omitempty"`
	Transaction string     `cbor:"transaction,omitempty"`
	QR          string     `cbor:"qr,omitempty"`
	ExpiresAt   int64      `cbor:"expires_at,omitempty"`
	Operation   string     `cbor:"operation,omitempty"`
	TriesLeft   int        `cbor:"tries_left,omitempty"`
	Deadline    int64      `cbor:"deadline,omitempty"`

	Of *foreignMap `cbor:"of,omitempty"`
}

func outcomeToMap(o *Outcome) outcomeMap {
	return outcomeMap{Payment: o.Payment[:], N: o.N, Status: o.Status, Amount: int64(o.Amount), Currency: string(o.Currency), Scheme: o.Scheme,
		Code: o.Code, Text: o.Text, Transaction: o.Transaction, QR: o.QR, ExpiresAt: o.ExpiresAt, Operation: string(o.Operation), TriesLeft: o.TriesLeft,
		Deadline: o.Deadline, Of: foreignToMap(o.Of)}
}

func (m *outcomeMap) outcome() (Outcome, error) {
	o := Outcome{N: m.N, Status: m.Status, Amount: pos.Minor(m.Amount), Currency: pos.Currency(m.Currency), Scheme: m.Scheme, Code: m.Code,
		Text: m.Text, Transaction: m.Transaction, QR: m.QR, ExpiresAt: m.ExpiresAt, TriesLeft: m.TriesLeft, Deadline: m.Deadline}
	switch {
	case !m.Status.Known():
		return o, fmt.Errorf("unknown status %q", m.Status)
	case m.N > math.MaxInt64 || m.Amount < 0 || m.TriesLeft < 0 || m.Deadline < 0 || o.Amount > pos.MaxAmount:
		return o, fmt.Errorf("a number is out of range")
	case m.Currency != "" && !o.Currency.Known():
		return o, fmt.Errorf("unknown currency %q", m.Currency)
	}
	var err error
	if o.Operation, err = operationOf(m.Operation); err != nil {
		return o, err
	}
	if o.Of, err = m.Of.foreign(); err != nil {
		return o, err
	}
	return o, fixed(o.Payment[:], m.Payment, "payment")
}

// SealReply encodes a reply and signs it with the platform's key (COSE_Sign1, purpose "tillproof/reply/1").
func (c *Codec) SealReply(r *Reply, signer *cose.Signer) ([]byte, error) {
	m := replyMap{ID: r.ID[:], CallHash: r.CallHash[:], Stage: r.Stage, At: r.At, More: r.More, Keys: r.Keys, Certs: r.Certs}
	if r.Outcome != nil {
		o := outcomeToMap(r.Outcome)
		m.Outcome = &o
	}
	for i := range r.Results {
		m.Results = append(m.Results, outcomeToMap(&r.Results[i]))
	}
	content, err := c.enc.Marshal(m)
	if err != nil {
		return nil, err
	}
	return signer.Seal(content, cose.ForReply)
}

// maxReply bounds a signed reply, in bytes.
const maxReply = 128 << 10

// OpenReply verifies the platform's signature and reads the reply. On any error nothing of it is to be believed: the money is as it was.
func (c *Codec) OpenReply(message []byte, platform cose.Keys) (*Reply, error) {
	if len(message) > maxReply {
		return nil, fmt.Errorf("reply of %d bytes is over the limit of %d", len(message), maxReply)
	}
	content, _, err := cose.Open(message, cose.ForReply, platform)
	if err != nil {
		return nil, fmt.Errorf("reply: %w", err)
	}
	var m replyMap
	if err := c.dec.Unmarshal(content, &m); err != nil {
		return nil, fmt.Errorf("reply: %w", err)
	}
	r, err := m.reply()
	if err != nil {
		return nil, fmt.Errorf("reply: %w", err)
	}
	return r, nil
}

func (m *replyMap) reply() (*Reply, error) {
	if m.Stage != Accepted && m.Stage != Final {
		return nil, fmt.Errorf("unknown stage %q", m.Stage)
	}
	r := &Reply{Stage: m.Stage, At: m.At, More: m.More, Keys: m.Keys, Certs: m.Certs}
	if err := fixed(r.ID[:], m.ID, "id"); err != nil {
		return nil, err
	}
	if err := fixed(r.CallHash[:], m.CallHash, "call_hash"); err != nil {
		return nil, err
	}
	if m.Outcome != nil {
		o, err := m.Outcome.outcome()
		if err != nil {
			return nil, err
		}
		r.Outcome = &o
	}
	if len(m.Results) > MaxResults {
		return nil, fmt.Errorf("%d results, more than %d", len(m.Results), MaxResults)
	}
	for i := range m.Results {
		o, err := m.Results[i].outcome()
		if err != nil {
			return nil, err
		}
		r.Results = append(r.Results, o)
	}
	return r, nil
}

// Event is the platform's hint that results wait. It proves nothing: the till asks.
type Event struct {
	Till pos.TillID
	N    uint64 // the highest number of the till's results
}

// eventMap is the CBOR map of wire.cddl.
type eventMap struct {
	Till string `cbor:"till"`
	N    uint64 `cbor:"n"`
}

// SealEvent encodes a hint and signs it with the platform's key (COSE_Sign1, purpose "tillproof/event/1").
func (c *Codec) SealEvent(e *Event, signer *cose.Signer) ([]byte, error) {
	content, err := c.enc.Marshal(eventMap{Till: string(e.Till), N: e.N})
	if err != nil {
		return nil, err
	}
	return signer.Seal(content, cose.ForEvent)
}

// OpenEvent verifies and reads a hint.
func (c *Codec) OpenEvent(message []byte, platform cose.Keys) (*Event, error) {
	if len(message) > maxCall {
		return nil, fmt.Errorf("event of %d bytes is over the limit of %d", len(message), maxCall)
	}
	content, _, err := cose.Open(message, cose.ForEvent, platform)
	if err != nil {
		return nil, fmt.Errorf("event: %w", err)
	}
	var m eventMap
	if err := c.dec.Unmarshal(content, &m); err != nil {
		return nil, fmt.Errorf("event: %w", err)
	}
	return &Event{Till: pos.TillID(m.Till), N: m.N}, nil
}
