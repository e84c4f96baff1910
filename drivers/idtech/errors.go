package idtech

import (
	"context"
	"errors"

	"github.com/tillproof/tillproof/pos"
)

// Error codes of this driver.
const (
	deviceUnavailable pos.ErrorCode = "device_unavailable"
	cardUnreadable    pos.ErrorCode = "card_unreadable"
	useChip           pos.ErrorCode = "use_chip"
	readerInClear     pos.ErrorCode = "reader_in_clear"
	readerReplay      pos.ErrorCode = "reader_replay"
	readerUsedUp      pos.ErrorCode = "reader_keys_used_up"
	readerTampered    pos.ErrorCode = "reader_tampered"
)

// inClear is the alarm that card data were, or would be, sent unencrypted. None of them is told.
func inClear(text string) *pos.Error {
	return pos.NewError(readerInClear, pos.Permanent, pos.NoneMoved, text+" What it sent was wiped; no money moved.",
		"Take no cards with this reader, and have it exchanged or filled with keys.")
}

// replay is the alarm that a swipe is not a new one of this reader.
func replay(text string) *pos.Error {
	return pos.NewError(readerReplay, pos.Permanent, pos.NoneMoved, text+" The swipe was wiped; no money moved.",
		"Swipe the card again. If this comes again, look whether somebody has tampered with the reader or its cable.")
}

func usedUp() *pos.Error {
	return pos.NewError(readerUsedUp, pos.Permanent, pos.NoneMoved, "The card reader's keys are used up; no money moved.",
		"Have the reader filled with new keys or exchanged; take other payments meanwhile.")
}

func unopened() *pos.Error {
	return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved, "The card reader has not been opened. No money moved.", "It is opened again by itself.")
}

// tampered is the alarm of a reader that says that somebody has opened it. Its keys are gone then.
func tampered() *pos.Error {
	return pos.NewError(readerTampered, pos.Permanent, pos.NoneMoved, "The card reader says that it was tampered with; no money moved.",
		"Take no cards with this reader, keep it as it is, and have it exchanged.")
}

// unreadable asks for the card again.
func (h *head) unreadable(text string, cause error) *pos.Error {
	e := pos.NewError(cardUnreadable, pos.Transient, pos.NoneMoved, text+" No money moved.", h.again()).With("damaged", h.damaged)
	return e.Because(cause)
}

// unavailable is the error of a reader that cannot be asked.
func (h *head) unavailable(err error) error {
	var known *pos.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, errSilent) && h.foreign:
		return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved, "Something answers there that does not speak as an ID TECH reader does. No money moved.",
			"Check the driver and the baud rate of this device in the configuration.").Because(err)
	case errors.Is(err, errSilent):
		return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved, "The card reader does not answer. No money moved.",
			"Check its cable, its power and its baud rate."+h.orOther()).Because(err)
	}
	return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved, "The card reader is not connected. No money moved.",
		"Check its cable; it is opened again by itself.").Because(err)
}

// orOther is what else may be wrong with a reader that is silent: there are two protocols.
func (h *head) orOther() string {
	switch h.options.protocol {
	case smProtocol:
		return " A reader of chip or contactless cards wants the option protocol: neo2."
	case neo2Protocol:
		return " A reader of stripes alone wants the option protocol: sm."
	}
	return ""
}

// again is what the customer does once more.
func (h *head) again() string {
	if h.options.protocol == smProtocol {
		return "Swipe the card again."
	}
	return "Present the card again."
}
