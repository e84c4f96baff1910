package reconcile

import (
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// walk is how far the steps of one payment have come.
type walk struct {
	begun, decided, taken bool
	status                pos.Status
	result                pos.Status // of the last result, until it is confirmed
	operations            map[pos.OperationKey]pos.OperationState
}

// stepsInOrder: money moves in one order only. No result before its intent, no confirmation before its result, no capture before an approval, no refund of
// what was not taken, and no status that the table does not allow. The steps are judged by themselves, without the fold that made the payments.
func stepsInOrder(c *Columns) []Difference {
	var list []Difference
	for _, column := range [][]Payment{c.Journal, c.Orphans} {
		for i := range column {
			list = append(list, column[i].walked()...)
		}
	}
	return list
}

// walked goes through the steps of one payment to the first that is wrong.
func (p *Payment) walked() []Difference {
	w := walk{status: pos.Pending, operations: map[pos.OperationKey]pos.OperationState{}}
	what := map[pos.OperationKey]pos.OperationKind{}
	for i := range p.Steps {
		s := &p.Steps[i]
		if wrong := w.step(s); wrong != "" {
			return []Difference{difference("step_"+wrong, &p.ID, "Record %d of epoch %s: %s.", stepNext(wrong), s.Seq, s.Epoch, stepCause(wrong, s))}
		}
		if s.Kind == record.KindOperation {
			what[s.Operation] = s.What
		}
		if s.State == pos.OperationDone {
			w.finished(what[s.Operation])
		}
	}
	return nil
}

// finished lets an operation that is done change the payment. How much of it is left is not looked at: that is the fold's business.
func (w *walk) finished(what pos.OperationKind) {
	switch {
	case what == pos.Void || what == pos.Reversal:
		w.status = pos.Voided
	case what == pos.Capture:
		w.status, w.taken = pos.Captured, true
	case w.status.Can(pos.PartlyRefunded):
		w.status = pos.PartlyRefunded
	}
}

// step takes one record and names what is wrong with it, "" when nothing is.
func (w *walk) step(s *Step) string {
	switch {
	case s.Kind == record.KindIntent && w.begun:
		return "begun_twice"
	case s.Kind == record.KindIntent:
		w.begun = true
	case !w.begun:
		return "without_intent"
	case s.Kind == record.KindResult:
		if !w.status.Open() {
			return "after_end"
		}
		w.decided, w.result = true, s.Status
		return ""
	case s.Kind == record.KindConfirmed && !w.decided:
		return "without_result"
	case s.Kind == record.KindConfirmed:
		return w.become(w.result)
	case s.Kind == record.KindOperation:
		return w.request(s)
	case s.Kind == record.KindOperationResult || s.Kind == record.KindOperationEnd || s.Operation != "":
		return w.end(s)
	}
	return w.become(s.Status)
}

func (w *walk) request(s *Step) string {
	_, twice := w.operations[s.Operation]
	switch {
	case twice:
		return "operation_twice"
	case s.What == pos.Capture && w.status != pos.ForwardDeclined && w.status != pos.Reserved:
		return "capture_before_approval"
	case s.What == pos.Void && w.status == pos.Reserved:
	case s.What != pos.Capture && !w.taken:
		return "refund_before_taken"
	}
	w.operations[s.Operation] = pos.OperationRequested
	return ""
}

func (w *walk) end(s *Step) string {
	state, known := w.operations[s.Operation]
	if !known {
		return "operation_without_request"
	}
	if s.State != "" && s.State != state {
		if !state.Can(s.State) {
			return "status_impossible"
		}
		w.operations[s.Operation] = s.State
	}
	return ""
}

// become goes on to the status that a record says, if it says one.
func (w *walk) become(to pos.Status) string {
	if to == "" || to == w.status {
		return ""
	}
	captured := to == pos.Captured || to == pos.ForwardDeclined
	switch {
	case captured && w.status != pos.ApprovedOffline && w.status != pos.ForwardDeclined:
		return "capture_before_approval"
	case !w.status.Can(to):
		return "status_impossible"
	}
	w.status, w.taken = to, w.taken || to.Taken() || to == pos.RefundDue
	return ""
}

func stepCause(what string, s *Step) string {
	switch what {
	case "without_intent":
		return fmt.Sprintf("a %s, and no intent before it", s.Kind)
	case "begun_twice":
		return "a second intent of the same payment"
	case "after_end":
		return "a result of a payment that had ended"
	case "without_result":
		return "a confirmation, and no result before it"
	case "operation_twice":
		return fmt.Sprintf("operation %s is asked for a second time", s.Operation)
	case "operation_without_request":
		return fmt.Sprintf("operation %s ends, and nobody had asked for it", s.Operation)
	case "capture_before_approval":
		return "it is collected, and neither an offline approval nor a reservation stands before it"
	case "refund_before_taken":
		return "money goes back that was not taken"
	}
	return fmt.Sprintf("the status %s%s cannot follow", s.Status, s.State)
}

func stepNext(what string) string {
	if what == "without_intent" {
		return "Look for the intent in the journal with `journal verify`: a part of it may be lost. The money may have moved: ask terminal or acquirer."
	}
	return "The till's program has a fault, or its records were made by somebody else: compare with terminal or acquirer, and report it."
}

// statementInOrder: an acquirer gives nothing back before it has taken it.
func statementInOrder(c *Columns) []Difference {
	paid := map[*Payment]*Row{}
	for i := range c.Statement {
		if r := &c.Statement[i]; r.Kind == RowPayment && r.of != nil {
			paid[r.of] = r
		}
	}
	var list []Difference
	for i := range c.Statement {
		r := &c.Statement[i]
		if r.Kind != RowRefund && r.Kind != RowChargeback || r.of == nil {
			continue
		}
		if first := paid[r.of]; first != nil && (first.At > 0 && r.At > 0 && r.At < first.At || first.Day > r.Day) {
			list = append(list, difference("step_refund_before_taken", &r.of.ID, "Line %d of %s's statement gives money back before line %d took it.",
				"Ask the acquirer: one of the two belongs to another payment.", r.Line, r.Acquirer, first.Line))
		}
	}
	return list
}
