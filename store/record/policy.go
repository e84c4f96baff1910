package record

import "github.com/tillproof/tillproof/pos"

// Policy puts an offline policy in force: it holds from this record on, in this epoch.
type Policy struct {
	Version uint64    `cbor:"1,keyasint" json:"version"`
	Epoch   pos.Epoch `cbor:"2,keyasint" json:"epoch"`   // that the policy names
	Message Hex       `cbor:"3,keyasint" json:"message"` // as the platform signed it
}

// Override says that a supervisor let a sale pass that the policy would have refused. It stands before the sale's intent, in the same commit.
type Override struct {
	Payment    pos.PaymentID `cbor:"1,keyasint" json:"payment"`
	Supervisor pos.PersonID  `cbor:"2,keyasint" json:"supervisor"`
	Cashier    pos.PersonID  `cbor:"3,keyasint,omitempty" json:"cashier,omitempty"`
	Rule       string        `cbor:"4,keyasint" json:"rule"`
	Limit      int64         `cbor:"5,keyasint" json:"limit"`
	Used       int64         `cbor:"6,keyasint" json:"used"`
	Version    uint64        `cbor:"7,keyasint" json:"version"` // of the policy
}

// Kind implements [Body].
func (*Policy) Kind() Kind { return KindPolicy }

// Kind implements [Body].
func (*Override) Kind() Kind { return KindOverride }
