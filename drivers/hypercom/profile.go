package hypercom

import "github.com/tillproof/tillproof/drivers/hypercom/codec"

// profile is what a bank's terminals know, as plain values. A code that is empty is one that they do not have.
type profile struct {
	name string
	form codec.Form

	// named says that commands carry the till's own name of them, and answers tell it again.
	named bool

	sale, void, refund, settlement codes
	byID                           codes  // asks for a transaction by the till's own name of it
	byTrace                        codes  // asks for one by the terminal's number
	ping                           codes  // asks whether somebody is there
	cancel                         string // ends a command until the card is read

	missing []string // response codes to a question for a transaction that the terminal does not hold
	aborted []string // response codes of a command that somebody stopped
}

// codes are a transaction's code and the fields of its request, in their order.
type codes struct {
	code   string
	fields []string
}

// profiles lists those that a configuration may name, the default first.
func profiles() []profile { return []profile{razer(), linkpos(), ecuador()} }

// Response codes. Papers name none but the first. What a profile takes the others for is what ISO 8583 means by them in its own field 39.
const (
	approvedCode = "00"
	notFound     = "25"
	byCustomer   = "17"
)
