package pos

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// TillID names a till (this agent) over the whole platform: [a-z0-9-], 3 to 32 characters. It goes into topics and client
// ids, so nothing that a broker could read as a wildcard is allowed.
type TillID string

// MerchantID names the owner of a group of tills, under the rules of [TillID].
type MerchantID string

// OrderRef is the merchant's own reference of an order: 1 to 64 of [A-Za-z0-9._:/-].
type OrderRef string

// Attempt says which try to collect an order this is, from 1. Order and attempt together are the key of a payment.
type Attempt int

// MaxAttempt bounds the tries of one order.
const MaxAttempt Attempt = 9999

// Seq numbers the records of an epoch, from 1, without gaps. 0 means "none yet".
type Seq uint64

// DeviceName is the name that the configuration gives a device.
type DeviceName string

// OperationKey is the caller's own name of an operation on a payment, under the rules of [OrderRef]: the same key is the same operation.
type OperationKey string

// PersonID names a cashier or supervisor on a till: 1 to 32 of [a-z0-9-].
type PersonID string

// OrderKey identifies a payment before it has an id.
type OrderKey struct {
	Order   OrderRef
	Attempt Attempt
}

// UUID is the value under payment ids and epochs: a UUID of version 7 (RFC 9562 §5.7), so that ids sort by time.
type UUID [16]byte

// PaymentID identifies one attempt to collect money.
type PaymentID UUID

// Epoch identifies one life of a journal; a new one begins when a store is created, restored or forked.
type Epoch UUID

// ParseTillID checks the characters and length of a till id.
func ParseTillID(s string) (TillID, error) {
	if !spelled(s, 3, 32, nameRune) {
		return "", fmt.Errorf("till id %q is not 3 to 32 characters of a-z, 0-9 and -", s)
	}
	return TillID(s), nil
}

// ParseMerchantID checks the characters and length of a merchant id.
func ParseMerchantID(s string) (MerchantID, error) {
	if !spelled(s, 3, 32, nameRune) {
		return "", fmt.Errorf("merchant id %q is not 3 to 32 characters of a-z, 0-9 and -", s)
	}
	return MerchantID(s), nil
}

// ParseOrderRef checks the characters and length of an order reference.
func ParseOrderRef(s string) (OrderRef, error) {
	if !spelled(s, 1, 64, orderRune) {
		return "", fmt.Errorf("order %q is not 1 to 64 characters of A-Z, a-z, 0-9 and ._:/-", s)
	}
	return OrderRef(s), nil
}

// ParseOperationKey checks the characters and length of an operation's key.
func ParseOperationKey(s string) (OperationKey, error) {
	if !spelled(s, 1, 64, orderRune) {
		return "", fmt.Errorf("operation %q is not 1 to 64 characters of A-Z, a-z, 0-9 and ._:/-", s)
	}
	return OperationKey(s), nil
}

// ParsePersonID checks the characters and length of a person's id.
func ParsePersonID(s string) (PersonID, error) {
	if !spelled(s, 1, 32, nameRune) {
		return "", fmt.Errorf("person %q is not 1 to 32 characters of a-z, 0-9 and -", s)
	}
	return PersonID(s), nil
}

// NewUUID makes a UUID of version 7 for the given time. The random part comes from the operating system.
func NewUUID(now time.Time) UUID {
	var u UUID
	if _, err := rand.Read(u[6:]); err != nil {
		panic("pos: no randomness from the operating system: " + err.Error())
	}
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
	copy(u[:6], ms[2:])
	u[6] = u[6]&0x0f | 0x70
	u[8] = u[8]&0x3f | 0x80
	return u
}

// NewPaymentID makes an id for a payment that begins now.
func NewPaymentID(now time.Time) PaymentID { return PaymentID(NewUUID(now)) }

// NewEpoch makes the name of a journal's life that begins now.
func NewEpoch(now time.Time) Epoch { return Epoch(NewUUID(now)) }

// ParsePaymentID reads the text form of RFC 9562 §4.
func ParsePaymentID(s string) (PaymentID, error) {
	u, err := ParseUUID(s)
	return PaymentID(u), err
}

// ParseEpoch reads the text form of RFC 9562 §4.
func ParseEpoch(s string) (Epoch, error) {
	u, err := ParseUUID(s)
	return Epoch(u), err
}

// ParseUUID reads 36 characters of lower-case hex with hyphens.
func ParseUUID(s string) (UUID, error) {
	var u UUID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return UUID{}, fmt.Errorf("%q is not a UUID", s)
	}
	raw := s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	if _, err := hex.Decode(u[:], []byte(raw)); err != nil || u.String() != s {
		return UUID{}, fmt.Errorf("%q is not a UUID in lower-case hex", s)
	}
	return u, nil
}

// String is the text form of RFC 9562 §4 in lower case.
func (u UUID) String() string {
	h := hex.EncodeToString(u[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// MarshalText lets the id stand in JSON.
func (u UUID) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (u *UUID) UnmarshalText(b []byte) (err error) {
	*u, err = ParseUUID(string(b))
	return err
}

// String is the id's text form.
func (p PaymentID) String() string { return UUID(p).String() }

// MarshalText lets the id stand in JSON.
func (p PaymentID) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (p *PaymentID) UnmarshalText(b []byte) (err error) {
	*p, err = ParsePaymentID(string(b))
	return err
}

// IsZero says whether no payment is named.
func (p PaymentID) IsZero() bool { return p == PaymentID{} }

// String is the epoch's text form.
func (e Epoch) String() string { return UUID(e).String() }

// MarshalText lets the epoch stand in JSON.
func (e Epoch) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (e *Epoch) UnmarshalText(b []byte) (err error) {
	*e, err = ParseEpoch(string(b))
	return err
}

// spelled says whether s has from least to most characters, all of them allowed.
func spelled(s string, least, most int, allowed func(rune) bool) bool {
	return len(s) >= least && len(s) <= most && strings.IndexFunc(s, func(r rune) bool { return !allowed(r) }) < 0
}

func nameRune(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' }

func orderRune(r rune) bool {
	return nameRune(r) || r >= 'A' && r <= 'Z' || strings.ContainsRune("._:/", r)
}

// UnmarshalBinary reads exactly 16 bytes: a shorter value is another id, not one that ends in zeros.
func (u *UUID) UnmarshalBinary(b []byte) error {
	if len(b) != len(u) {
		return fmt.Errorf("a UUID of %d bytes", len(b))
	}
	copy(u[:], b)
	return nil
}

// UnmarshalBinary reads exactly 16 bytes.
func (p *PaymentID) UnmarshalBinary(b []byte) error { return (*UUID)(p).UnmarshalBinary(b) }

// UnmarshalBinary reads exactly 16 bytes.
func (e *Epoch) UnmarshalBinary(b []byte) error { return (*UUID)(e).UnmarshalBinary(b) }
