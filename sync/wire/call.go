package wire

import (
	"crypto/sha256"
	"fmt"
	"math"

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
const (
	OpAuthorise Op = "authorise" // take the amount by a customer's code
	OpIssueQR   Op = "issue_qr"  // make a QR for the amount at the acquirer
	OpQuery     Op = "query"     // what became of a payment; one that the platform has never seen is closed by being asked for
	OpCancel    Op = "cancel"    // give a payment up: what is not paid is closed, what is paid after all is given back
	OpRefund    Op = "refund"    // give money of a payment back, as the till's operation record says; the same operation is the same refund
	OpCapture   Op = "capture"   // ask once more for the money of an offline approval that was refused later, as the till's operation record says
	OpResults   Op = "results"   // the platform's results for this till behind a number
)

// Call is a question of a till to the platform. Its answer is a [Reply] with stage accepted, within a second, and one with stage final; questions
// that need no waiting are answered by the final one alone.
type Call struct {
	ID         pos.UUID // of this call, UUIDv7; the same call may come twice
	Till       pos.TillID
	Op         Op
	DeadlineMS int64            // authorise, issue_qr: milliseconds after which the till wants the payment ended; 0 for the platform's own
	Payment    pos.PaymentID    // of all but results
	Intent     []byte           // the bytes of the intent record (refund, capture: of the operation record): the amount as the till's journal holds it
	Operation  pos.OperationKey // query: ask for this operation of the payment; "" asks for the payment itself
	Scheme     string           // authorise: what the classifier says of the code; "" leaves it to the acquirer
	Code       string           // authorise: the customer's code, a secret that is stored and logged nowhere
	After      uint64           // results: the last number that the till knows
	Foreign    bool             // query: a payment that another till may have taken; the platform only tells of it and closes nothing
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
}

// maxCall bounds a signed call, in bytes: a code of 684 characters, an intent and the rest.
const maxCall = 16 << 10

// SealCall encodes a call and signs it with the till's key (COSE_Sign1, purpose "tillproof/call/1").
func (c *Codec) SealCall(call *Call, signer *cose.Signer) ([]byte, error) {
	m := callMap{ID: call.ID[:], Till: string(call.Till), Op: call.Op, DeadlineMS: uint64(max(0, call.DeadlineMS)), Intent: call.Intent,
		Scheme: call.Scheme, Code: call.Code, After: call.After, Unwanted: call.Unwanted, Operation: string(call.Operation),
		Foreign: call.Foreign}
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
	if m.DeadlineMS > math.MaxInt32 || m.After > math.MaxInt64 {
		return nil, fmt.Errorf("a number is out of range")
	}
	call := &Call{Till: till, Op: m.Op, DeadlineMS: int64(m.DeadlineMS), Intent: m.Intent, Scheme: m.Scheme, Code: m.Code, After: m.After, Unwanted: m.Unwanted,
		Foreign: m.Foreign}
	if err := fixed(call.ID[:], m.ID, "id"); err != nil {
		return nil, err
	}
	if call.Operation, err = operationOf(m.Operation); err != nil {
		return nil, err
	}
	switch m.Op {
	case OpResults:
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
