package record

import "github.com/tillproof/tillproof/pos"

// Operation is durable before anything can take a payment back, give some of it back, or collect it (law 1). Its key is the caller's and unique within the
// payment: the same key is the same operation.
type Operation struct {
	Payment    pos.PaymentID     `cbor:"1,keyasint" json:"payment"`
	Key        pos.OperationKey  `cbor:"2,keyasint" json:"key"`
	What       pos.OperationKind `cbor:"3,keyasint" json:"what"`
	Amount     pos.Minor         `cbor:"4,keyasint" json:"amount"` // to give back, or to collect, above 0
	Currency   pos.Currency      `cbor:"5,keyasint" json:"currency"`
	Tender     pos.Tender        `cbor:"6,keyasint" json:"tender"` // by which the money goes back
	Mode       pos.Mode          `cbor:"7,keyasint" json:"mode"`
	Device     pos.DeviceName    `cbor:"8,keyasint,omitempty" json:"device,omitempty"`
	Before     *Last             `cbor:"9,keyasint,omitempty" json:"before,omitempty"` // the card terminal's last transaction before
	Reason     string            `cbor:"10,keyasint,omitempty" json:"reason,omitempty"`
	Cashier    pos.PersonID      `cbor:"11,keyasint,omitempty" json:"cashier,omitempty"`
	Supervisor pos.PersonID      `cbor:"12,keyasint,omitempty" json:"supervisor,omitempty"`
	Of         *Foreign          `cbor:"13,keyasint,omitempty" json:"of,omitempty"` // of a payment that another till has taken; absent: our own
}

// Foreign is what the platform told of a payment that another till of the merchant has taken, so that a journal which gives money of it back can show it.
type Foreign struct {
	Till     pos.TillID   `cbor:"1,keyasint" json:"till"`
	Order    pos.OrderRef `cbor:"2,keyasint" json:"order"`
	Attempt  pos.Attempt  `cbor:"3,keyasint" json:"attempt"`
	Tender   pos.Tender   `cbor:"4,keyasint" json:"tender"` // by which the other till has taken it
	Currency pos.Currency `cbor:"5,keyasint" json:"currency"`
	Amount   pos.Minor    `cbor:"6,keyasint" json:"amount"` // that could still go back when the platform was asked, above 0
}

// OperationResult is durable before the device gets its acknowledgement (law 2). It counts when an [OperationEnd] follows.
type OperationResult struct {
	Payment  pos.PaymentID    `cbor:"1,keyasint" json:"payment"`
	Key      pos.OperationKey `cbor:"2,keyasint" json:"key"`
	Decision Decision         `cbor:"3,keyasint" json:"decision"`
}

// OperationEnd says what became of an operation: done, refused (nothing moved) or unknown, which a later one settles.
type OperationEnd struct {
	Payment    pos.PaymentID      `cbor:"1,keyasint" json:"payment"`
	Key        pos.OperationKey   `cbor:"2,keyasint" json:"key"`
	State      pos.OperationState `cbor:"3,keyasint" json:"state"`
	Evidence   Evidence           `cbor:"4,keyasint,omitempty" json:"evidence,omitempty"` // absent: the device or the drawer itself ended it
	Reason     string             `cbor:"5,keyasint,omitempty" json:"reason,omitempty"`
	Text       string             `cbor:"6,keyasint,omitempty" json:"text,omitempty"`
	Found      *Decision          `cbor:"7,keyasint,omitempty" json:"found,omitempty"`
	Receipts   []Receipt          `cbor:"8,keyasint,omitempty" json:"receipts,omitempty"`
	Cashier    pos.PersonID       `cbor:"9,keyasint,omitempty" json:"cashier,omitempty"`
	Supervisor pos.PersonID       `cbor:"10,keyasint,omitempty" json:"supervisor,omitempty"`
}

// Kind implements [Body].
func (*Operation) Kind() Kind { return KindOperation }

// Kind implements [Body].
func (*OperationResult) Kind() Kind { return KindOperationResult }

// Kind implements [Body].
func (*OperationEnd) Kind() Kind { return KindOperationEnd }

// PaymentID implements [Subject].
func (b *Operation) PaymentID() pos.PaymentID { return b.Payment }

// PaymentID implements [Subject].
func (b *OperationResult) PaymentID() pos.PaymentID { return b.Payment }

// PaymentID implements [Subject].
func (b *OperationEnd) PaymentID() pos.PaymentID { return b.Payment }
