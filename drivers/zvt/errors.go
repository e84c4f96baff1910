package zvt

import (
	"context"
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/pos"
)

// Error codes of this driver.
const (
	deviceUnavailable pos.ErrorCode = "device_unavailable" // the terminal cannot sell now
	terminalRefused   pos.ErrorCode = "terminal_refused"   // the terminal will not do this
	outcomeUnknown    pos.ErrorCode = "outcome_unknown"    // the terminal must be asked
	amountInvalid     pos.ErrorCode = "amount_invalid"
)

// unavailable is the error of a command that moves no money.
func unavailable(err error) error {
	var known *pos.Error
	var no *refusal
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &no):
		return refusedError(no)
	}
	return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved,
		"The card terminal does not answer.", "Check its power and its cable.").Because(err)
}

// refusedError is the error of a command that the terminal refused before it began: nothing moved.
func refusedError(no *refusal) *pos.Error {
	code, retry := terminalRefused, pos.Permanent
	if passing(no.code) {
		code, retry = deviceUnavailable, pos.Transient
	}
	text := fmt.Sprintf("The card terminal refuses: %s (code %02x).", resultText(no.code), no.code)
	return pos.NewError(code, retry, pos.NoneMoved, text, remedy(no.code)).With("result", fmt.Sprintf("%02x", no.code))
}

// notStarted is the error of a sale of which the terminal got nothing.
func notStarted(err error) error {
	return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved,
		"The card terminal could not be reached; it did not get the payment.", "Check its power and its cable, then try again.").Because(err)
}

// unknown is the error of a sale whose outcome the terminal must be asked for.
func unknown(text string, err error) error {
	e := pos.NewError(outcomeUnknown, pos.OutcomeUnknown, pos.MoneyUnknown,
		text, "Do not charge again: the terminal is asked for the outcome as soon as it answers.")
	if err != nil {
		e = e.Because(err)
	}
	return e
}

// began sorts the failure of the payment command by how far it got.
func began(err error) error {
	var no *refusal
	var sent *sendError
	switch {
	case errors.As(err, &no) && no.twice:
		return unknown("The terminal refused the payment command after it had been repeated; it may have begun the first one.", err)
	case errors.As(err, &no):
		return refusedError(no)
	case errors.As(err, &sent) && sent.reach != maybe:
		return notStarted(err)
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return unknown("The wait was abandoned before the terminal answered the payment command.", err)
	}
	return unknown("The terminal may have got the payment command and did not answer it.", err)
}
