package api

import (
	"context"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

type resolveInput struct {
	ID   string `path:"id"`
	Body struct {
		Status     string          `json:"status" enum:"approved,declined,cancelled,voided,unknown,written_off,done,refused" doc:"done, refused, unknown: of an operation"`
		Operation  string          `json:"operation,omitempty" maxLength:"64" doc:"The key of the operation that is meant; by default the payment itself."`
		Evidence   resolveEvidence `json:"evidence"`
		Supervisor pos.PersonID    `json:"supervisor" minLength:"1" maxLength:"32"`
		PIN        string          `json:"pin" minLength:"1" maxLength:"64" doc:"The supervisor's, a secret: it is neither kept nor shown."`
		Cashier    pos.PersonID    `json:"cashier,omitempty" maxLength:"32" doc:"By default the open shift's."`
	}
}

type resolveEvidence struct {
	Kind record.Evidence `json:"kind" enum:"slip,terminal_journal,host,evidence_abandoned"`
	Text string          `json:"text,omitempty" maxLength:"500" doc:"What it says, with its numbers. Only evidence_abandoned may do without."`
}

// resolve lets a supervisor decide what nobody can tell.
func (s *server) resolve(ctx context.Context, in *resolveInput) (*paymentOutput, error) {
	b := &in.Body
	if err := checkPerson(b.Cashier); err != nil {
		return nil, err
	}
	return s.act(ctx, &idInput{ID: in.ID}, func(id pos.PaymentID) (*view.Payment, error) {
		return s.Engine.Resolve(id, engine.Resolve{Operation: pos.OperationKey(b.Operation), Status: b.Status, Evidence: b.Evidence.Kind,
			Text: b.Evidence.Text, Supervisor: b.Supervisor, PIN: b.PIN, Cashier: b.Cashier})
	})
}
