package zvt

import (
	"fmt"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// outcome decides what a run means. The order of the cases is that of doubt: only what nothing contradicts is an outcome.
//
//	last 04 0F              end seen      meaning
//	not stored by us        any           unknown: the terminal was told to take it back
//	without result code     any           unknown
//	none                    06 1E         failed with that code, nothing moved
//	none                    06 0F, none   unknown
//	failed                  any end       failed with its code
//	failed                  none          unknown: another result may have followed
//	00                      06 1E         unknown: a contradiction
//	00, 80 00 confirmed     06 0F         approved
//	00, 80 00 confirmed     none          approved, since the acknowledged result decides; unknown when
//	                                      receipts come through us: the terminal counts the sale only
//	                                      when they were answered too
//	00, 80 00 unconfirmed   none          unknown: the terminal may have taken it back
func (r *run) outcome() (drivers.Outcome, error) {
	switch {
	case r.commit != nil:
		return drivers.Outcome{}, unknown("The result could not be stored; the terminal was told to take the payment back.", r.commit)
	case r.last == nil:
		return drivers.Outcome{}, r.undecided("The terminal gave no clear result.")
	case r.last.Code != approvedCode:
		return r.failedOutcome()
	case r.end != nil && r.end.Is(0x06, 0x1E):
		return drivers.Outcome{}, r.undecided("The terminal reported success and then ended the payment as failed.")
	case r.end == nil && !r.confirmed:
		return drivers.Outcome{}, r.undecided("The terminal reported success and may not know that the till has it.")
	case r.end == nil && r.t.options.printsThroughUs():
		return drivers.Outcome{}, r.undecided("The terminal reported success and did not finish the payment.")
	}
	return r.complete(), nil
}

// approvedCode is BMP 27 of a successful result as [drivers.Result] holds it.
const approvedCode = "00"

func (r *run) failedOutcome() (drivers.Outcome, error) {
	if r.end == nil {
		return drivers.Outcome{}, r.undecided("The terminal reported a failure and did not finish the payment.")
	}
	return r.complete(), nil
}

func (r *run) complete() drivers.Outcome {
	return drivers.Outcome{Result: *r.last, Receipts: r.receipts.all()}
}

// undecided is the error of a run that proves nothing.
func (r *run) undecided(text string) error { return unknown(text, r.fault) }

// failed is the result of a payment that ended with 06 1E and no 04 0F before it. A code 00 here would be a success
// that was never reported: it counts as a system error.
func (r *run) failed(end codec.APDU) drivers.Result {
	code := failure(end).code
	if code == 0 {
		code = notStored
	}
	result := drivers.Result{Decision: drivers.Declined, Amount: r.sale.Amount, Code: fmt.Sprintf("%02x", code), Text: resultText(code)}
	if code == aborted {
		result.Decision = drivers.Cancelled
	}
	return result
}
