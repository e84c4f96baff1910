package zvt

import (
	"errors"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// verdict decides what a run means: nil when its last result is what the terminal holds too. The order of the cases is that of
// doubt: only what nothing contradicts is an outcome.
//
//	last 04 0F              end seen      meaning
//	not stored by us, or
//	over no credible amount any           unknown: the terminal was told to take it back
//	without result code     any           unknown
//	none                    06 1E         failed with that code, nothing moved
//	none                    06 0F, none   unknown
//	failed                  any end       failed with its code
//	failed                  none          unknown: another result may have followed
//	00                      06 1E         unknown: a contradiction
//	00, 80 00 confirmed     06 0F         approved
//	00, 80 00 confirmed     none          approved, since the acknowledged result decides; unknown when
//	                                      receipts come through us: the terminal counts it only
//	                                      when they were answered too
//	00, 80 00 unconfirmed   none          unknown: the terminal may have taken it back
func (r *run) verdict() error {
	name := string(r.task.deed)
	switch {
	case errors.Is(r.commit, errAmount):
		return unknown(r.task.deed, "The terminal reported an amount that cannot be believed; it was told that the "+name+" does not hold.", r.commit)
	case r.commit != nil:
		return unknown(r.task.deed, "The result could not be stored; the terminal was told that the "+name+" does not hold.", r.commit)
	case r.last == nil:
		return r.undecided("The terminal gave no clear result.")
	case r.last.Code != approvedCode && r.end == nil:
		return r.undecided("The terminal reported a failure and did not finish the " + name + ".")
	case r.last.Code != approvedCode:
		return nil
	case r.end != nil && r.end.Is(0x06, 0x1E):
		return r.undecided("The terminal reported success and then ended the " + name + " as failed.")
	case r.end == nil && !r.confirmed:
		return r.undecided("The terminal reported success and may not know that the till has it.")
	case r.end == nil && r.t.options.printsThroughUs():
		return r.undecided("The terminal reported success and did not finish the " + name + ".")
	}
	return nil
}

// approvedCode is BMP 27 of a successful result as [drivers.Result] holds it.
const approvedCode = "00"

// undecided is the error of a run that proves nothing.
func (r *run) undecided(text string) error { return unknown(r.task.deed, text, r.fault) }

// failed is the result of a command that ended with 06 1E and no 04 0F before it. A code 00 here would be a success
// that was never reported: it counts as a system error.
func (r *run) failed(end codec.APDU) drivers.Result {
	code := failure(end).code
	if code == 0 {
		code = notStored
	}
	result, _ := r.task.read(newReport(codec.Fields{{BMP: codec.ResultCode, Value: []byte{code}}}))
	return result
}
