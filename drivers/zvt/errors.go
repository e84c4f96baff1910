package zvt

import (
	"context"
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// Error codes of this driver.
const (
	deviceUnavailable pos.ErrorCode = "device_unavailable" // the terminal cannot sell now
	terminalRefused   pos.ErrorCode = "terminal_refused"   // the terminal will not do this
	outcomeUnknown    pos.ErrorCode = "outcome_unknown"    // the terminal must be asked
	notPossible       pos.ErrorCode = "not_supported"      // the terminal cannot do this at all
	amountInvalid     pos.ErrorCode = "amount_invalid"
	otherProtocol     pos.ErrorCode = "wrong_protocol" // what answers is no ZVT terminal
)

// unavailable is the error of a command that moves no money.
func unavailable(err error) error {
	var known *pos.Error
	var no *refusal
	var other *wrongProtocol
	var noise *garbled
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &no):
		return refusedError(no)
	case errors.As(err, &other):
		return otherFamily(other)
	case errors.Is(err, errNAK), errors.As(err, &noise):
		return misunderstood(err)
	}
	return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved,
		"The card terminal does not answer.", "Check its power and its cable.").Because(err)
}

// otherFamily is the error of a wire on which another family speaks.
func otherFamily(other *wrongProtocol) *pos.Error {
	text, next := "What answers on this wire does not speak ZVT.", "Connect the ZVT terminal to this wire, or look with tillproof detect what is there."
	if other.name != "" {
		text = "What answers on this wire does not speak ZVT: by its first bytes it is " + other.name + "."
		next = "Set the driver of this device to what is connected, or connect the ZVT terminal to this wire."
	}
	return pos.NewError(otherProtocol, pos.Permanent, pos.NoneMoved, text, next).With("speaks", other.name)
}

// misunderstood is the error of a wire on which something answers that neither understands nor is understood.
func misunderstood(err error) *pos.Error {
	return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved, "Something answers on this wire, and its words and ours make no sense to each other.",
		"Check baud rate, parity and stop bits (ZVT: 9600 8N2, often 115200), and whether the terminal is set to ZVT.").Because(err)
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

// notStarted is the error of a command of which the terminal got nothing.
func notStarted(d deed, err error) error {
	return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved,
		"The card terminal could not be reached; it did not get the "+string(d)+".", "Check its power and its cable, then try again.").Because(err)
}

// unknown is the error of a command whose outcome the terminal must be asked for.
func unknown(d deed, text string, err error) error {
	e := pos.NewError(outcomeUnknown, pos.OutcomeUnknown, pos.MoneyUnknown, text, d.lost())
	if err != nil {
		e = e.Because(err)
	}
	return e
}

// notClosed is the error of an end of day that the terminal began and ended as failed: its day goes on.
func notClosed(result *drivers.Result) error {
	var code byte
	if _, err := fmt.Sscanf(result.Code, "%02x", &code); err != nil {
		code = notStored
	}
	retry := pos.Permanent
	if passing(code) {
		retry = pos.Transient
	}
	text := fmt.Sprintf("The card terminal did not close its day: %s (code %s). It goes on counting.", result.Text, result.Code)
	return pos.NewError(terminalRefused, retry, pos.NoneMoved, text, remedy(code)).With("result", result.Code)
}

// declinedDeed is the error of a command that the terminal refused before it began. What it has no function for is not supported, and stays so.
func declinedDeed(d deed, no *refusal) *pos.Error {
	if d == paying || no.code != notSupported {
		e := refusedError(no)
		if d == booking || d == releasing {
			e.Next = endedRemedy(no.code)
		}
		return e
	}
	return pos.NewError(notPossible, pos.Permanent, pos.NoneMoved, "The card terminal has no function for a "+string(d)+" by the till (code 83).",
		"Do it at the terminal itself, or in another way.").With("result", "83")
}

// endedRemedy says what to do about a refused booking or release, for which a refund is no remedy.
func endedRemedy(code byte) string {
	switch code {
	case 0xB4, 0xB5, reservationError:
		return "Look at the terminal's open reservations: this one is booked or released already, or another terminal holds it."
	}
	return remedy(code)
}

// began sorts the failure of the command by how far it got.
func began(d deed, err error) error {
	var no *refusal
	var sent *sendError
	switch {
	case errors.As(err, &no) && no.twice:
		return unknown(d, "The terminal refused the "+string(d)+" command after it had been repeated; it may have begun the first one.", err)
	case errors.As(err, &no):
		return declinedDeed(d, no)
	case errors.As(err, &sent) && sent.reach != maybe:
		return notStarted(d, err)
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return unknown(d, "The wait was abandoned before the terminal answered the "+string(d)+" command.", err)
	}
	return unknown(d, "The terminal may have got the "+string(d)+" command and did not answer it.", err)
}
