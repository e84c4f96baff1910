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

// unreadable asks for the card again.
func (r *reader) unreadable(text string, cause error) *pos.Error {
	e := pos.NewError(cardUnreadable, pos.Transient, pos.NoneMoved, text+" No money moved.", "Swipe the card again.").With("damaged", r.damaged)
	return e.Because(cause)
}

// unavailable is the error of a reader that cannot be asked.
func (r *reader) unavailable(err error) error {
	var known *pos.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, errSilent) && r.foreign:
		return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved, "Something answers there that does not speak as an ID TECH reader does. No money moved.",
			"Check the driver and the baud rate of this device in the configuration.").Because(err)
	case errors.Is(err, errSilent):
		return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved, "The card reader does not answer. No money moved.",
			"Check its cable, its power and its baud rate.").Because(err)
	}
	return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved, "The card reader is not connected. No money moved.",
		"Check its cable; it is opened again by itself.").Because(err)
}
