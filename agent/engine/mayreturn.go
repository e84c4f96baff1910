package engine

import (
	"fmt"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// mayGiveBack says whether what is known of a payment allows an operation at all.
func mayGiveBack(p *view.Payment, o *record.Operation) error {
	if err := stateAllows(p, o); err != nil {
		return err
	}
	came := p.Intent.Tender
	switch {
	case o.What == pos.Void && came != pos.Card && came != pos.Cash:
		return errNotRefundable(p.Status, "A wallet's payment cannot be voided.", "Refund it: the platform gives the money back.")
	case p.Unwanted && (came == pos.Code || came == pos.QR):
		return errNotRefundable(p.Status, "The order was freed, so the platform gives this money back by itself.",
			"Wait for it; a refund would give it back twice.")
	case o.Tender != came && o.Tender != pos.Cash:
		return errNotSupported(fmt.Sprintf("Money that came by %s cannot go back by %s.", came, o.Tender), "Leave the tender out, or take cash.")
	}
	return nil
}

// stateAllows reads the table of states, with words for what it refuses.
func stateAllows(p *view.Payment, o *record.Operation) error {
	switch {
	case p.Status == pos.Foreign && o.What == pos.Refund:
		return nil
	case p.Status == pos.Pending:
		return errNotRefundable(p.Status, "The payment has no outcome yet.", "Wait for it, or cancel the payment.")
	case p.Status == pos.Unknown:
		return errNotRefundable(p.Status, "Nobody knows yet whether the customer has paid.",
			"Wait for the answer, or give the payment up; nothing goes back before that is known.")
	case p.Status == pos.Reserved:
		return errNotRefundable(p.Status, "The amount is held on the card; nothing was taken that could be given back.", "Release it by a void, or book less of it.")
	case p.Status == pos.RefundDue:
		return errNotRefundable(p.Status, "The platform gives this money back by itself.", "Wait for it; a refund would give it back twice.")
	case p.Status == pos.ApprovedOffline && o.What == pos.Refund:
		return errNotRefundable(p.Status, "The payment is a promise that is not collected yet.", "Void it, or refund it when it is captured.")
	case p.Status == pos.PartlyRefunded && o.What == pos.Void:
		return errNotRefundable(p.Status, "A part of this payment went back already.", "Refund the rest instead.")
	case p.Decision == nil || o.What == pos.Void && !p.Status.Can(pos.Voided) || o.What == pos.Refund && !p.Status.Can(pos.Refunded):
		return errNotRefundable(p.Status, "There is no money of this payment to give back.", "Look at its status.")
	}
	return nil
}

// mayNow says whether the till's present state allows an operation. Without the platform only cash goes back, and only of the till's own payments: the
// platform holds what of a payment all tills together may still give back. A void needs no such count, the terminal itself knows the sale.
func (e *Engine) mayNow(p *view.Payment, o *record.Operation) error {
	switch {
	case o.What == pos.Void && o.Tender == pos.Card && p.Intent.ByReader():
		return e.mayForget(p)
	case o.What == pos.Void && o.Tender == pos.Card && p.Intent.Device == "":
		return errNotRefundable(p.Status, "No card terminal has taken this payment, so that none can void it.", "Refund it when it is captured.")
	case o.What == pos.Void && o.Tender == pos.Card && !e.can(p.Intent.Device, drivers.Voiding):
		return e.canVoid(p.Intent.Device)
	case o.What == pos.Void && o.Tender == pos.Card && e.settledSince(p):
		return errNotRefundable(p.Status, "The card terminal has handed this sale to its acquirer, so that it cannot be voided.", "Refund it instead.")
	case o.Mode == pos.Online:
		return nil
	case o.Tender == pos.Code || o.Tender == pos.QR || p.Status == pos.Foreign || p.Intent.ByReader() && o.Tender == pos.Card:
	case o.What == pos.Void || o.Tender == pos.Cash || e.opts.Platform == nil:
		return nil
	}
	return errRefundOffline()
}

// mayForget says whether a payment through a reader can be voided: while its card data lie in the vault and nobody else knows of it, it is simply never
// collected.
func (e *Engine) mayForget(p *view.Payment) error {
	switch {
	case p.Status != pos.ApprovedOffline:
		return errNotRefundable(p.Status, "The platform has collected this payment, so that it cannot be voided.", "Refund it instead.")
	case e.inCustody(p):
		return errNotRefundable(p.Status, "The platform has this payment and collects it.", "Refund it when it is captured.")
	}
	return nil
}

func errOperationConflict(key pos.OperationKey) error {
	return pos.NewError("operation_conflict", pos.Permanent, pos.NoneMoved,
		fmt.Sprintf("The operation %s exists with another kind, amount, tender or reason.", key),
		"Look at the payment's operations, or use a new key for a new operation.").With("operation", key)
}

// errNotRefundable refuses to give money back; this call has moved none.
func errNotRefundable(status pos.Status, text, next string) error {
	return pos.NewError("not_refundable", pos.Permanent, pos.NoneMoved, text, next).With("payment_status", status)
}
