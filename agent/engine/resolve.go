package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/agent/people"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// Resolve is what a supervisor decides about a payment that no device and no platform can tell about, or about an operation on it.
type Resolve struct {
	Operation  pos.OperationKey // "" for the payment itself
	Status     string           // of a payment a [pos.Status], of an operation a [pos.OperationState]
	Evidence   record.Evidence  // slip, terminal_journal, host, or evidence_abandoned, which leaves it unknown
	Text       string           // what the evidence says, 1 to 500 bytes; may be empty for evidence_abandoned
	Supervisor pos.PersonID
	PIN        string
	Cashier    pos.PersonID // who asked for it; "" takes the open shift's
}

// maxEvidence is the longest text of evidence, in bytes.
const maxEvidence = 500

// Resolve ends what is unknown by a person's evidence, or gives the search up: then it stays unknown, blocks nothing any more, and what turns out to be
// paid is to be given back. The supervisor's PIN is checked; both people stand in the journal (law 3). After an error nothing has changed.
func (e *Engine) Resolve(id pos.PaymentID, r Resolve) (*view.Payment, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	p, err := e.Payment(id)
	if err != nil {
		return nil, err
	}
	defer e.orders.lock(p.Intent.Order)()
	if p, err = e.Payment(id); err != nil {
		return nil, err
	}
	if r.Cashier == "" {
		r.Cashier = e.cashier()
	}
	body, device, err := r.decide(p)
	if err != nil {
		return nil, err
	}
	if err := e.verify(r.Supervisor, r.PIN); err != nil {
		return nil, err
	}
	if _, err := e.journal.Append(body); err != nil {
		return e.overtakenByDevice(id, err)
	}
	e.log.Warn("resolved by a person", "payment", id, "operation", r.Operation, "status", r.Status, "evidence", r.Evidence, "supervisor", r.Supervisor)
	if s := e.station(device); s != nil && device != "" {
		if err := e.reconsider(s, false); err != nil {
			return nil, err
		}
	}
	return e.Payment(id)
}

// verify says whether a supervisor stands behind it. Where nobody is set up nothing can be forced.
func (e *Engine) verify(id pos.PersonID, pin string) error {
	if e.opts.People == nil {
		return pos.NewError("no_people", pos.Permanent, pos.NoneMoved, "No supervisor is set up on this till, so that nobody can decide.",
			"Set a supervisor up: `tillproof people add`.")
	}
	_, err := e.opts.People.Verify(id, pin, people.Supervisor)
	return err
}

// check refuses what is no decision, whatever it is about.
func (r *Resolve) check() error {
	r.Text = strings.TrimSpace(r.Text)
	kinds := []record.Evidence{record.BySlip, record.ByTerminalJournal, record.ByHost, record.Abandoned}
	switch {
	case !slices.Contains(kinds, r.Evidence):
		return errRequest(fmt.Sprintf("%q is no evidence: %v.", r.Evidence, kinds), "Say what the decision rests on.")
	case r.Text == "" && r.Evidence != record.Abandoned:
		return errRequest("The evidence has no text.", "Write down what the slip, the terminal's journal or the acquirer says, with its numbers.")
	case len(r.Text) > maxEvidence:
		return errRequest(fmt.Sprintf("The text of the evidence is longer than %d bytes.", maxEvidence), "Shorten it.")
	case (r.Evidence == record.Abandoned) != (r.Status == string(pos.Unknown)):
		return errRequest("What stays unknown is resolved by evidence_abandoned, and by nothing else.", "Send the status that the evidence proves.")
	}
	return nil
}

// decide is the record of the decision and the device that it concerns, "" for none.
func (r *Resolve) decide(p *view.Payment) (record.Body, pos.DeviceName, error) {
	if r.Operation != "" {
		return r.decideOperation(p)
	}
	b := &record.Resolution{Payment: p.Intent.Payment, Status: pos.Status(r.Status), Evidence: r.Evidence, Text: r.Text, Reason: "resolved",
		Supervisor: r.Supervisor, Cashier: r.Cashier}
	switch allowed := resolvable(p); {
	case len(allowed) == 0:
		return nil, "", errNotResolvable(fmt.Sprintf("The payment is %s.", p.Status))
	case !slices.Contains(allowed, b.Status):
		return nil, "", errRequest(fmt.Sprintf("A payment that is %s cannot be resolved to %q: %v.", p.Status, r.Status, allowed), "Send one of these.")
	case b.Status == pos.Unknown:
		b.Unwanted, b.Reason, b.Text = true, string(record.Abandoned), cmp.Or(r.Text, "A supervisor gave the search for this payment up.")
	case b.Status.Granted():
		b.Found = found(p, b.Status, r.Text)
	}
	return b, p.Intent.Device, nil
}

// resolvable lists what a person may decide about a payment: nothing where the outcome is known, or is still to come by itself.
func resolvable(p *view.Payment) []pos.Status {
	yes := pos.Approved
	if p.Intent.Reserve {
		yes = pos.Reserved
	}
	switch {
	case p.Status == pos.Unknown && p.Evidence == record.Abandoned:
		return []pos.Status{yes, pos.Declined, pos.Cancelled, pos.Voided} // the slip was found after all
	case p.Status == pos.Unknown:
		return []pos.Status{yes, pos.Declined, pos.Cancelled, pos.Voided, pos.Unknown}
	case p.Status == pos.ForwardDeclined:
		return []pos.Status{pos.WrittenOff}
	case p.Status == pos.Reserved && !p.Unfinished():
		return []pos.Status{pos.Voided} // it has lapsed, or was released at the terminal's own menu
	}
	return nil
}

// found is what a person says was booked: what the terminal had told before its answer was lost, or else what was asked for.
func found(p *view.Payment, status pos.Status, text string) *record.Decision {
	if d := p.Decision; d != nil && d.Status.Granted() {
		told := *d
		told.Status = status
		return &told
	}
	return &record.Decision{Status: status, Amount: p.Intent.Amount, Currency: p.Intent.Currency, Text: text}
}

func (r *Resolve) decideOperation(p *view.Payment) (record.Body, pos.DeviceName, error) {
	o := p.Operation(r.Operation)
	if o == nil {
		return nil, "", errNotFound(p.Intent.Payment.String() + " with an operation " + string(r.Operation))
	}
	b := &record.OperationEnd{Payment: p.Intent.Payment, Key: r.Operation, State: pos.OperationState(r.Status), Evidence: r.Evidence, Text: r.Text,
		Reason: "resolved", Supervisor: r.Supervisor, Cashier: r.Cashier}
	abandoned := o.Evidence == record.Abandoned
	switch {
	case o.State != pos.OperationUnknown:
		return nil, "", errNotResolvable(fmt.Sprintf("The operation is %s.", o.State))
	case b.State == pos.OperationUnknown && !abandoned:
		b.Reason, b.Text = string(record.Abandoned), cmp.Or(r.Text, "A supervisor gave the search for this operation up.")
	case b.State != pos.OperationDone && b.State != pos.OperationRefused:
		return nil, "", errRequest(fmt.Sprintf("An operation cannot be resolved to %q.", r.Status), "Send done, refused, or unknown with evidence_abandoned.")
	}
	return b, o.Request.Device, nil
}

// overtakenByDevice answers a decision that came while device or platform told the outcome: that outcome counts.
func (e *Engine) overtakenByDevice(id pos.PaymentID, cause error) (*view.Payment, error) {
	p, err := e.Payment(id)
	if err == nil && len(doubtful(p)) == 0 {
		return nil, errNotResolvable(fmt.Sprintf("The outcome came meanwhile: the payment is %s.", p.Status))
	}
	return nil, cause
}

// errNotResolvable refuses a person's decision where there is nothing to decide; the call has moved nothing.
func errNotResolvable(text string) error {
	return pos.NewError("not_resolvable", pos.Permanent, pos.NoneMoved, text,
		"Only what is unknown is decided by evidence, a forward_declined payment is written off, and a reservation that has lapsed is voided.")
}
