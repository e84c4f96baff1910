package wire

import (
	"crypto/sha256"
	"fmt"
	"math"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
)

// Op is what a call asks for.
type Op string

// The operations. Authorise, issue_qr, refund and capture can move money, and the platform carries each of them out once for a payment (refund and
// capture once for an operation of it), however often it comes.
//
// A refund's record says by which tender the money goes back. Code and qr: the acquirer gives it back, and the result (refunded, declined) says when it
// has. Cash: the platform only reserves it, and the result refunded comes at once: only then may the drawer be opened; it is for payments that another
// till of the merchant has taken (the till asks with query and Foreign first, and its record names them in `of`). What is reserved is never given twice,
// whichever tills ask. Outcomes without a number, such as that of a payment whose records the platform does not hold yet (never_received), decide
// nothing: call again.
//
// With Opaque a capture brings the card data of an offline approval that a reader has made possible. The payment's records are in the platform's custody by
// then; its own decision says what is collected, and names the hash of Opaque. The platform keeps Opaque durably before it answers accepted, and until the
// acquirer's word is final. Codes that decide nothing: never_received (the records are missing: bring them first), not_supported (no acquirer takes it) and
// opaque_unreadable (sealed to another key, or changed): the till keeps its entry then.
const (
	OpAuthorise Op = "authorise" // take the amount by a customer's code
	OpIssueQR   Op = "issue_qr"  // make a QR for the amount at the acquirer
	OpQuery     Op = "query"     // what became of a payment; one that the platform has never seen is closed by being asked for
	OpCancel    Op = "cancel"    // give a payment up: what is not paid is closed, what is paid after all is given back
	OpRefund    Op = "refund"    // give money of a payment back, as the till's operation record says; the same operation is the same refund
	OpCapture   Op = "capture"   // ask once more for the money of an offline approval that was refused later, as the till's operation record says
	OpResults   Op = "results"   // the platform's results for this till behind a number
	OpTime      Op = "time"      // what the time is: the reply's At, signed
	OpKeys      Op = "keys"      // the platform's list of keys and, with CSR, a new certificate for the till
)

// Call is a question of a till to the platform. Its answer is a [Reply] with stage accepted, within a second, and one with stage final; questions
// that need no waiting are answered by the final one alone.
type Call struct {
	ID         pos.UUID // of this call, UUIDv7; the same call may come twice
	Till       pos.TillID
	Op         Op
	DeadlineMS int64            // authorise, issue_qr: milliseconds after which the till wants the payment ended; 0 for the platform's own
	SentAt     int64            // when it was sent by the platform's clock, as the till knows it, milliseconds since 1970-01-01 UTC; 0 when its clock was never proven
	Payment    pos.PaymentID    // of all but results, keys and time
	Intent     []byte           // the bytes of the intent record (refund, capture: of the operation record): the amount as the till's journal holds it
	Operation  pos.OperationKey // query: ask for this operation of the payment; "" asks for the payment itself
	Scheme     string           // authorise: what the classifier says of the code; "" leaves it to the acquirer
	Code       string           // authorise: the customer's code, a secret that is stored and logged nowhere
	After      uint64           // results: the last number that the till knows
	Foreign    bool             // query: a payment that another till may have taken; the platform only tells of it and closes nothing
	CSR        []byte           // keys: a certificate request (PKCS #10, DER), or nothing
	Opaque     []byte           // authorise, capture: a card's swipe, sealed to the platform (see [SealSwipe]); capture then has no Intent
	Unwanted   bool             // cancel: the order is free again, so that money that came must go back, also if it was approved
}

// callMap is the CBOR map of wire.cddl.
type callMap struct {
	ID         []byte `cbor:"id"`
	Till       string `cbor:"till"`
	Op         Op     `cbor:"op"`
	DeadlineMS uint64 `cbor:"deadline_ms,omitempty"`
	Payment    []byte `cbor:"payment,omitempty"`
	Intent     []byte `cbor:"intent,omitempty"`
	Scheme     string `cbor:"scheme,omitempty"`
	Code       string `cbor:"code,omitempty"`
	After      uint64 `cbor:"after,omitempty"`
	Unwanted   bool   `cbor:"unwanted,omitempty"`
	Operation  string `cbor:"operation,omitempty"`
	Foreign    bool   `cbor:"foreign,omitempty"`
	CSR        []byte `cbor:"csr,omitempty"`
	Opaque     []byte `cbor:"opaque,omitempty"`
	SentAt     int64  `cbor:"sent_at,omitempty"`
}

// maxCall bounds a signed call, in bytes: a code of 684 characters, an intent and the rest.
const maxCall = 16 << 10

// SealCall encodes a call and signs it with the till's key (COSE_Sign1, purpose "tillproof/call/1").
func (c *Codec) SealCall(call *Call, signer *cose.Signer) ([]byte, error) {
	m := callMap{ID: call.ID[:], Till: string(call.Till), Op: call.Op, DeadlineMS: uint64(max(0, call.DeadlineMS)), Intent: call.Intent,
		Scheme: call.Scheme, Code: call.Code, After: call.After, Unwanted: call.Unwanted, Operation: string(call.Operation),
		Foreign: call.Foreign, CSR: call.CSR, Opaque: call.Opaque, SentAt: call.SentAt}
	if !call.Payment.IsZero() {
		m.Payment = call.Payment[:]
	}
	content, err := c.enc.Marshal(m)
	if err != nil {
		return nil, err
	}
	return signer.Seal(content, cose.ForCall)
}

// CallHash names a call in its reply: SHA-256 of the signed message.
func CallHash(message []byte) [32]byte { return sha256.Sum256(message) }

// OpenCall verifies the till's signature and reads the call. Whether the signer is the till that the topic names is for the caller: keys must know
// that till's key only.
func (c *Codec) OpenCall(message []byte, keys cose.Keys) (*Call, error) {
	if len(message) > maxCall {
		return nil, fmt.Errorf("call of %d bytes is over the limit of %d", len(message), maxCall)
	}
	content, _, err := cose.Open(message, cose.ForCall, keys)
	if err != nil {
		return nil, fmt.Errorf("call: %w", err)
	}
	var m callMap
	if err := c.dec.Unmarshal(content, &m); err != nil {
		return nil, fmt.Errorf("call: %w", err)
	}
	call, err := m.call()
	if err != nil {
		return nil, fmt.Errorf("call: %w", err)
	}
	return call, nil
}

func (m *callMap) call() (*Call, error) {
	till, err := pos.ParseTillID(m.Till)
	if err != nil {
		return nil, err
	}
	if m.DeadlineMS > math.MaxInt32 || m.After > math.MaxInt64 || m.SentAt < 0 {
		return nil, fmt.Errorf("a number is out of range")
	}
	call := &Call{Till: till, Op: m.Op, DeadlineMS: int64(m.DeadlineMS), Intent: m.Intent, Scheme: m.Scheme, Code: m.Code, After: m.After, Unwanted: m.Unwanted,
		Foreign: m.Foreign, CSR: m.CSR, Opaque: m.Opaque, SentAt: m.SentAt}
	if err := fixed(call.ID[:], m.ID, "id"); err != nil {
		return nil, err
	}
	if call.Operation, err = operationOf(m.Operation); err != nil {
		return nil, err
	}
	switch m.Op {
	case OpResults, OpKeys, OpTime:
		return call, nil
	case OpAuthorise, OpIssueQR, OpQuery, OpCancel, OpRefund, OpCapture:
		return call, fixed(call.Payment[:], m.Payment, "payment")
	}
	return nil, fmt.Errorf("unknown operation %q", m.Op)
}

// operationOf reads the key of an operation, "" for none.
func operationOf(key string) (pos.OperationKey, error) {
	if key == "" {
		return "", nil
	}
	return pos.ParseOperationKey(key)
}

// The time that a call has to arrive. A customer's code is good for about a minute, and a till that has waited for that long has gone on: it has asked what
// became of its call, and was told that there was none.
const (
	callLife  = 60 * time.Second
	callSlack = 2 * time.Second // the till's idea of the platform's clock may be off by so much
)

// Late says whether a call that can move money comes after its deadline: the till has waited for no longer than DeadlineMS, or a minute without one. Such a
// call is not carried out. Without SentAt nobody can tell. now is the platform's clock.
func (c *Call) Late(now time.Time) bool {
	switch c.Op {
	case OpAuthorise, OpIssueQR, OpRefund, OpCapture:
	default:
		return false
	}
	life := callLife
	if c.DeadlineMS > 0 {
		life = min(life, time.Duration(c.DeadlineMS)*time.Millisecond)
	}
	return c.SentAt > 0 && now.Sub(time.UnixMilli(c.SentAt)) > life+callSlack
}
