package engine

import (
	"fmt"

	"github.com/tillproof/tillproof/pos"
)

func errNotFound(id string) error {
	return pos.NewError("not_found", pos.Permanent, pos.NoneMoved, fmt.Sprintf("There is no payment %s on this till.", id), "Check the id.")
}

func errConflict(key pos.OrderKey) error {
	return pos.NewError("order_conflict", pos.Permanent, pos.NoneMoved,
		fmt.Sprintf("Order %s, attempt %d, exists with another amount, currency or tender.", key.Order, key.Attempt),
		"Ask for the existing payment, or use the next attempt for a new one.")
}

func errOrderOpen(order pos.OrderRef, earlier pos.Attempt, status pos.Status) error {
	return pos.NewError("order_open", pos.Permanent, pos.NoneMoved,
		fmt.Sprintf("Attempt %d of order %s is %s, so the customer may have paid already.", earlier, order, status),
		"Wait until the earlier attempt is known to have failed, or cancel it. Do not charge again.").With("attempt", earlier)
}

func errDeviceUnresolved(device pos.DeviceName, payment pos.PaymentID) error {
	return pos.NewError("device_unresolved", pos.Transient, pos.NoneMoved,
		fmt.Sprintf("Device %s has to tell first what became of payment %s.", device, payment),
		"Wait a moment, or take another tender; a new sale on it would erase the evidence.").With("payment", payment)
}

func errDevice(device pos.DeviceName, text string) error {
	return pos.NewError("device_unavailable", pos.Transient, pos.NoneMoved,
		fmt.Sprintf("Device %s cannot sell now: %s", device, text), "Wait until it is ready, or take another tender.")
}

func errRequest(text, next string) error {
	return pos.NewError("request_invalid", pos.Permanent, pos.NoneMoved, text, next)
}

// errOffline is the refusal of what only the platform can do; rule names which.
func errOffline(rule, text string) error {
	return pos.NewError("offline_refused", pos.Transient, pos.NoneMoved, text,
		"Take cash or a card, or try again when the till is online.").With("rule", rule)
}

func errCode(note string) error {
	return pos.NewError("code_invalid", pos.Permanent, pos.NoneMoved, note, "Ask the customer for the wallet's payment code.")
}

func errCodeUsed() error {
	return pos.NewError("code_used", pos.Permanent, pos.NoneMoved, "This code was used already in the last ten minutes.",
		"Ask the customer for a new code; a wallet's code is good for one payment.")
}

func errAmount(text, next string) *pos.Error {
	return pos.NewError("amount_invalid", pos.Permanent, pos.NoneMoved, text, next)
}

func errNotSupported(text, next string) error {
	return pos.NewError("not_supported", pos.Permanent, pos.NoneMoved, text, next)
}

func errNotCancellable(status pos.Status) error {
	money := pos.NoneMoved
	if status.Taken() {
		money = pos.Moved
	}
	return pos.NewError("not_cancellable", pos.Permanent, money, fmt.Sprintf("The payment is %s.", status),
		"Only a payment that is pending or unknown can be cancelled.")
}
