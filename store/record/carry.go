package record

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/tillproof/tillproof/pos"
)

// Carry keeps what must not be forgotten of the journal's oldest part, which is removed when the last record of the series is durable. The series ends
// with the record that has Last; one that never ended counts for nothing but its order keys.
type Carry struct {
	Of       Head           `cbor:"1,keyasint" json:"of"`                           // the last record of the part that goes
	Part     uint64         `cbor:"2,keyasint" json:"part"`                         // within the series, from 1
	Last     bool           `cbor:"3,keyasint,omitempty" json:"last,omitempty"`     // the end of the series: the part counts as carried
	Sums     []CarriedSum   `cbor:"4,keyasint,omitempty" json:"sums,omitempty"`     // what was taken in all that is gone, earlier parts too; on the last record
	Results  uint64         `cbor:"5,keyasint,omitempty" json:"results,omitempty"`  // the highest of the platform's results so far; on the last record
	Payments []Hex          `cbor:"6,keyasint,omitempty" json:"payments,omitempty"` // the state of each payment that stays (package view)
	Orders   []CarriedOrder `cbor:"7,keyasint,omitempty" json:"orders,omitempty"`   // keys of the payments that went, for 400 days
	Till     Hex            `cbor:"8,keyasint,omitempty" json:"till,omitempty"`     // the state of shifts and settlements (package view); on the last record
}

// CarriedSum is what was taken by one tender in one currency, in minor units.
type CarriedSum struct {
	Tender   pos.Tender   `cbor:"1,keyasint" json:"tender"`
	Currency pos.Currency `cbor:"2,keyasint" json:"currency"`
	Count    uint64       `cbor:"3,keyasint" json:"count"`
	Amount   pos.Minor    `cbor:"4,keyasint" json:"amount"`
}

// CarriedOrder holds the keys of payments that were last changed on one day.
type CarriedOrder struct {
	Day    int64 `cbor:"1,keyasint" json:"day"`    // since 1970-01-01 UTC
	Hashes Hex   `cbor:"2,keyasint" json:"hashes"` // 8 bytes each: the beginning of [HashOrder]
}

// OrderHash stands for an order and attempt that the journal no longer holds.
type OrderHash [8]byte

// HashOrder is the beginning of SHA-256 of order, 00, attempt as four bytes, big endian. Among a million keys two are equal once in 37 million journals.
func HashOrder(key pos.OrderKey) OrderHash {
	sum := sha256.Sum256(binary.BigEndian.AppendUint32(append([]byte(key.Order), 0), uint32(key.Attempt)))
	return OrderHash(sum[:8])
}

// Kind implements [Body].
func (*Carry) Kind() Kind { return KindCarry }
