package zvt

import (
	"context"
	"errors"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// Bits of the service byte of 06 20 (PA00P015, repeat receipt).
const (
	repeatStatus  byte = 0x01 // send the 04 0F of the last transaction
	repeatNoPrint byte = 0x02
)

// found is the answer to 06 20: the terminal's last transaction, or why it tells none.
type found struct {
	result   *drivers.Result // nil when none was told
	reverses string          // trace of the transaction that this one takes back (BMP 37), "" for none
	released bool            // the reservation in question is not held any more
	refusal  *refusal        // why none was told, nil when it just told none
}

// last is the moving numbers of the transaction, zero when there is none.
func (f found) last() drivers.Last {
	switch {
	case f.result != nil:
		return drivers.Last{Trace: f.result.Trace, ReceiptNo: f.result.ReceiptNo, Untold: f.result.Trace == "" && f.result.ReceiptNo == ""}
	case f.empty():
		return drivers.Last{}
	}
	return drivers.Last{Untold: true}
}

// empty says whether a terminal that told no transaction has said by that that it holds none: it began to answer and had nothing.
func (f found) empty() bool {
	return f.refusal == nil || !f.refusal.early && nothingStored(f.refusal.code)
}

// lastTransaction asks for the last successful transaction with 06 20. Errors are those of the wire and of ctx only.
func (t *terminal) lastTransaction(ctx context.Context) (found, error) {
	a, err := codec.Build(0x06, 0x20).Digits(t.options.password, 3).Field(codec.Service, repeatStatus|repeatNoPrint).APDU()
	if err != nil {
		return found{}, err
	}
	var f found
	_, err = t.complete(ctx, a, listener{result: func(fields codec.Fields) {
		// What the terminal leaves out must not look like what was asked: amount and currency start empty.
		said := t.report(fields)
		if result, coded := said.result(pos.Money{}); coded {
			f.result, f.reverses = &result, said.reverses()
		}
	}})
	if errors.As(err, &f.refusal) {
		err = nil
	}
	if err == nil && f.result != nil {
		t.sight(f.last())
	}
	return f, err
}
