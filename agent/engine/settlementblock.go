package engine

import (
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// unblocked says whether nothing on a device is unknown (law 3): an end of day would erase the evidence. What a supervisor gave up blocks nothing.
func (e *Engine) unblocked(device pos.DeviceName) error {
	loose, err := e.loose()
	if err != nil {
		return err
	}
	for _, p := range loose {
		if unknownOn(p, device) {
			return errSettlementBlocked(device, p.Intent.Payment)
		}
	}
	return nil
}

// unknownOn says whether a device has to answer for a payment or for an operation on it.
func unknownOn(p *view.Payment, device pos.DeviceName) bool {
	if p.Intent.Device == device && p.Status == pos.Unknown && p.Evidence != record.Abandoned {
		return true
	}
	for i := range p.Operations {
		if o := &p.Operations[i]; o.Request.Device == device && o.State == pos.OperationUnknown && o.Evidence != record.Abandoned {
			return true
		}
	}
	return false
}

func errSettlementBlocked(device pos.DeviceName, payment pos.PaymentID) error {
	return pos.NewError("settlement_blocked", pos.Transient, pos.NoneMoved,
		fmt.Sprintf("Card terminal %s has to tell first what became of payment %s: an end of day would erase the evidence.", device, payment),
		"Wait until the card terminal has answered, or let a supervisor decide; then settle. Nothing was settled.").With("payment", payment)
}

func errSettlementRunning(device pos.DeviceName) error {
	return pos.NewError("settlement_running", pos.Transient, pos.NoneMoved, fmt.Sprintf("Card terminal %s is being settled already.", device),
		"Wait for its end; the list of settlements shows it. Nothing was begun by this call.").With("device", device)
}
