package concert

import (
	"errors"
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// Error codes of this driver.
const (
	deviceUnavailable pos.ErrorCode = "device_unavailable" // the terminal cannot sell now
	wrongProtocol     pos.ErrorCode = "wrong_protocol"     // another family of terminals stands on this wire
	terminalRefused   pos.ErrorCode = "terminal_refused"   // the terminal will not do this
	outcomeUnknown    pos.ErrorCode = "outcome_unknown"    // nobody but a person may be able to tell
	notPossible       pos.ErrorCode = "not_supported"      // the terminal cannot do this at all
	amountInvalid     pos.ErrorCode = "amount_invalid"
)

// unavailable is the error of a command that moves no money.
func (t *terminal) unavailable(err error) error {
	switch family := t.link.heard(); {
	case family != "":
		return foreign(family, err)
	case errors.Is(err, errBusy), errors.Is(err, errCrossed):
		return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved,
			"The card terminal is busy.", "End what it shows, or close its menu, then try again.").Because(err)
	}
	return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved,
		"The card terminal does not answer.", "Check its power and its cable.").Because(err)
}

// foreign is the error of a wire on which another family speaks.
func foreign(family string, err error) error {
	return pos.NewError(wrongProtocol, pos.Permanent, pos.NoneMoved,
		"What stands at this port does not speak Concert; it looks like "+family+".", "Set the device's driver to what the terminal speaks.").
		With("speaks", family).Because(err)
}

// notStarted is the error of a command of which the terminal got nothing.
func (t *terminal) notStarted(o order, err error) error {
	if family := t.link.heard(); family != "" {
		return foreign(family, err)
	}
	if errors.Is(err, errBusy) || errors.Is(err, errCrossed) {
		return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved,
			"The card terminal is busy; it did not get the "+o.noun()+".", "End what it shows, or close its menu, then try again.").Because(err)
	}
	return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved,
		"The card terminal could not be reached; it did not get the "+o.noun()+".", "Check its power and its cable, then try again.").Because(err)
}

// notTaken is the error of a command that the terminal refused each time that it was sent.
func notTaken(o order, err error) error {
	return pos.NewError(terminalRefused, pos.Transient, pos.NoneMoved,
		"The card terminal did not accept the "+o.noun()+" message.", "Try again; if it stays so, check cable, parity and the option generation.").Because(err)
}

// unknown is the error of a command that may have been carried out.
func (t *terminal) unknown(o order, text string, err error) error {
	next := "Do not charge again before it is known what became of it: look at the card terminal and at its journal for " + o.amount.String() + "."
	if t.link.garbled() {
		next += " What the terminal says comes damaged: check the cable and the device's framing (7E1 on RS-232)."
	}
	e := pos.NewError(outcomeUnknown, pos.OutcomeUnknown, pos.MoneyUnknown, text, next)
	if err != nil {
		e = e.Because(err)
	}
	return e
}

// notBegun is the error of a command that the terminal took and did not begin.
func notBegun(o order, a *answer) error {
	code := terminalRefused
	if o.what != drivers.SaleOf && strings.HasSuffix(a.code, "/12") {
		code = notPossible
	}
	return pos.NewError(code, pos.Permanent, pos.NoneMoved,
		"The card terminal did not begin the "+o.noun()+": "+a.text+" (code "+a.code+").", a.next).With("result", a.code)
}
