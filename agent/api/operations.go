package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/view"
)

// Operation is something done to a payment after it was taken.
type Operation struct {
	ID           string             `json:"id" doc:"The caller's key."`
	Kind         pos.OperationKind  `json:"kind" enum:"void,refund,reversal,capture"`
	Amount       pos.Minor          `json:"amount" doc:"To go back, or to be collected, in minor units."`
	Tender       pos.Tender         `json:"tender" doc:"By which it goes back."`
	Status       pos.OperationState `json:"status" enum:"requested,done,refused,unknown"`
	Reason       *Words             `json:"reason,omitempty" doc:"Why it is not simply done."`
	Note         string             `json:"note,omitempty" doc:"The reason that the caller gave."`
	HandedAmount *pos.Minor         `json:"handed_amount,omitempty" doc:"Cash that was handed over: amount, rounded to coins."`
	ReceiptNo    string             `json:"receipt_no,omitempty"`
	Trace        string             `json:"trace,omitempty"`
	CreatedAt    string             `json:"created_at"`
	UpdatedAt    string             `json:"updated_at"`
}

// operations shows what was done to a payment, the oldest first.
func operations(p *view.Payment) []Operation {
	list := []Operation{}
	for i := range p.Operations {
		list = append(list, operation(&p.Operations[i]))
	}
	return list
}

func operation(o *view.Operation) Operation {
	out := Operation{ID: string(o.Request.Key), Kind: o.Request.What, Amount: o.Request.Amount, Tender: o.Request.Tender, Status: o.State,
		Note: o.Request.Reason, CreatedAt: Timestamp(o.Created), UpdatedAt: Timestamp(o.Updated)}
	if o.State != pos.OperationDone && (o.Reason.Code != "" || o.Reason.Text != "") {
		out.Reason = &Words{o.Reason.Code, o.Reason.Text}
	}
	if d := o.Decision; d != nil && o.State == pos.OperationDone {
		out.ReceiptNo, out.Trace = d.ReceiptNo, d.Trace
		if o.Request.Tender == pos.Cash {
			out.HandedAmount = &d.Amount
		}
	}
	return out
}

type voidInput struct {
	ID   string `path:"id"`
	Wait string `query:"wait" doc:"Hold the answer until no operation is requested any more, at most 60s."`
	Body struct {
		Operation string       `json:"operation" minLength:"1" maxLength:"64" doc:"Your key of this operation: the same key is the same one."`
		Cashier   pos.PersonID `json:"cashier,omitempty" maxLength:"32" doc:"By default the open shift's."`
	}
}

type captureInput struct {
	ID   string `path:"id"`
	Wait string `query:"wait" doc:"Hold the answer until no operation is requested any more, at most 60s."`
	Body struct {
		Operation string       `json:"operation" minLength:"1" maxLength:"64" doc:"Your key of this operation: the same key is the same one."`
		Amount    *pos.Minor   `json:"amount,omitempty" doc:"Of a reservation: minor units to take, at most what is held; by default all. What is left is freed."`
		Cashier   pos.PersonID `json:"cashier,omitempty" maxLength:"32" doc:"By default the open shift's."`
	}
}

type refundInput struct {
	ID   string `path:"id"`
	Wait string `query:"wait" doc:"Hold the answer until no operation is requested any more, at most 60s."`
	Body struct {
		Operation string       `json:"operation" minLength:"1" maxLength:"64" doc:"Your key of this refund: the same key is the same refund."`
		Amount    *pos.Minor   `json:"amount,omitempty" doc:"Minor units; by default all that is left."`
		Reason    string       `json:"reason,omitempty" maxLength:"200" doc:"For the books."`
		Tender    pos.Tender   `json:"tender,omitempty" enum:"cash,card,code,qr" doc:"cash, or by default the way the money came."`
		Cashier   pos.PersonID `json:"cashier,omitempty" maxLength:"32" doc:"By default the open shift's."`
	}
}

type askInput struct {
	ID   string `path:"id"`
	Wait string `query:"wait" doc:"How long the answer is waited for, 5s by default, at most 60s."`
}

// askPatience is how long an answer is waited for when the caller says nothing.
const askPatience = 5 * time.Second

func (s *server) registerOperations(api huma.API) {
	begins := "201: begun. 200: the same operation came before, and this is what became of it. 409 operation_conflict: the key names another one."
	huma.Register(api, huma.Operation{OperationID: "void-payment", Method: http.MethodPost, Path: "/v1/payments/{id}/void",
		DefaultStatus: http.StatusCreated, Summary: "Take a whole payment back, or release a reservation", Description: begins}, s.void)
	huma.Register(api, huma.Operation{OperationID: "refund-payment", Method: http.MethodPost, Path: "/v1/payments/{id}/refunds",
		DefaultStatus: http.StatusCreated, Summary: "Give money of a payment back", Description: begins}, s.refund)
	huma.Register(api, huma.Operation{OperationID: "capture-payment", Method: http.MethodPost, Path: "/v1/payments/{id}/capture",
		DefaultStatus: http.StatusCreated, Summary: "Take money out of a reservation, or collect a refused offline approval once more", Description: begins}, s.capture)
	huma.Register(api, huma.Operation{OperationID: "ask-again", Method: http.MethodPost, Path: "/v1/payments/{id}/ask", DefaultStatus: http.StatusOK,
		Summary: "Ask device or platform now what became of what is unknown"}, s.ask)
	huma.Register(api, huma.Operation{OperationID: "resolve-payment", Method: http.MethodPost, Path: "/v1/payments/{id}/resolve",
		DefaultStatus: http.StatusOK, Summary: "Decide by evidence what is unknown",
		Description: "Takes a supervisor's PIN. evidence_abandoned with status unknown gives the search up: it blocks nothing any more."}, s.resolve)
}

func (s *server) void(ctx context.Context, in *voidInput) (*paymentOutput, error) {
	return s.operate(ctx, in.ID, in.Wait, in.Body.Cashier, func(id pos.PaymentID) (*view.Payment, bool, error) {
		return s.Engine.Void(id, pos.OperationKey(in.Body.Operation), in.Body.Cashier)
	})
}

func (s *server) capture(ctx context.Context, in *captureInput) (*paymentOutput, error) {
	return s.operate(ctx, in.ID, in.Wait, in.Body.Cashier, func(id pos.PaymentID) (*view.Payment, bool, error) {
		return s.Engine.Capture(id, pos.OperationKey(in.Body.Operation), in.Body.Amount, in.Body.Cashier)
	})
}

func (s *server) refund(ctx context.Context, in *refundInput) (*paymentOutput, error) {
	b := &in.Body
	return s.operate(ctx, in.ID, in.Wait, b.Cashier, func(id pos.PaymentID) (*view.Payment, bool, error) {
		return s.Engine.Refund(id, engine.RefundRequest{Key: pos.OperationKey(b.Operation), Amount: b.Amount, Reason: b.Reason,
			Tender: b.Tender, Cashier: b.Cashier})
	})
}

// operate begins an operation on a payment and shows the payment, after the operation's end if the caller wants to wait for that.
func (s *server) operate(ctx context.Context, text, waitFor string, cashier pos.PersonID,
	do func(pos.PaymentID) (*view.Payment, bool, error)) (*paymentOutput, error) {
	wait, err := parseWait(waitFor)
	if err != nil {
		return nil, err
	}
	id, err := parsePayment(text)
	if err != nil {
		return nil, err
	}
	if err := checkPerson(cashier); err != nil {
		return nil, err
	}
	p, begun, err := do(id)
	if err != nil {
		return nil, problemOf(err)
	}
	if wait > 0 {
		bounded, stop := context.WithTimeout(ctx, wait)
		defer stop()
		if p, err = s.Engine.WaitOperations(bounded, p.Intent.Payment); err != nil {
			return nil, problemOf(err)
		}
	}
	status := http.StatusOK
	if begun {
		status = http.StatusCreated
	}
	return &paymentOutput{Status: status, Body: s.payment(p)}, nil
}

func (s *server) ask(ctx context.Context, in *askInput) (*paymentOutput, error) {
	wait, err := parseWait(in.Wait)
	if err != nil {
		return nil, err
	}
	if in.Wait == "" {
		wait = askPatience
	}
	bounded, stop := context.WithTimeout(ctx, wait)
	defer stop()
	return s.act(ctx, &idInput{ID: in.ID}, func(id pos.PaymentID) (*view.Payment, error) { return s.Engine.Ask(bounded, id) })
}

// checkPerson refuses an id that no person can have; "" names nobody.
func checkPerson(id pos.PersonID) error {
	if id == "" {
		return nil
	}
	if _, err := pos.ParsePersonID(string(id)); err != nil {
		return invalid(err.Error())
	}
	return nil
}
