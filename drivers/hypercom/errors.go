package hypercom

import (
	"context"
	"errors"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// Error codes of this driver.
const (
	deviceUnavailable pos.ErrorCode = "device_unavailable" // the terminal cannot sell now
	terminalRefused   pos.ErrorCode = "terminal_refused"   // the terminal will not do this
	outcomeUnknown    pos.ErrorCode = "outcome_unknown"    // the terminal or a person must be asked
	notSupported      pos.ErrorCode = "not_supported"      // the profile has no code for this
	amountInvalid     pos.ErrorCode = "amount_invalid"
	wrongProtocol     pos.ErrorCode = "wrong_protocol" // something else stands at the other end
	cancelledBefore   pos.ErrorCode = "cancelled"
)

// errLate says that a running command was given up.
var errLate = errors.New("the terminal gave no answer in time")

// passes says whether an error may pass on the same wire.
func passes(err error) bool {
	return errors.Is(err, drivers.ErrQuiet) || errors.Is(err, stx.ErrSilent) || errors.Is(err, stx.ErrNAK) || errors.Is(err, stx.ErrDamaged) ||
		errors.Is(err, errBusy)
}

// unavailable is the error of a command that moves no money, or was not sent.
func (t *terminal) unavailable(err error) error {
	var known *pos.Error
	if errors.As(err, &known) {
		return known
	}
	if other := t.stranger(); other != nil {
		return other.Because(err)
	}
	text := "The card terminal does not answer."
	next := "Check its power and its cable, that it shows its idle screen, and that its link to cash registers is switched on."
	switch {
	case errors.Is(err, stx.ErrNAK):
		text = "The card terminal refuses what it is asked."
		next = "Check the option profile of this device, and the speed of its line; the terminal may not know the command."
	case errors.Is(err, stx.ErrDamaged):
		text, next = "What the card terminal says comes damaged.", "Check its cable, and the speed and the data bits of its line."
	case errors.Is(err, errBusy):
		text, next = "The card terminal is busy with something else.", "Look at its screen and end what it does, then try again."
	}
	return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved, text, next).Because(err)
}

// stranger is the error of a device that speaks another protocol, nil when nothing shows that. What it said may hold card data and is not kept. The link
// takes a single ACK or NAK out of what is strange, which tells families apart that frame theirs.
func (t *terminal) stranger() *pos.Error {
	if t.frames > 0 || len(t.line.Strange()) == 0 {
		return nil
	}
	for _, before := range []string{"", "\x15", "\x06"} {
		said := append([]byte(before), t.line.Strange()...)
		other := drivers.Guess(said)
		clear(said)
		switch other {
		case "", drivers.GuessHypercom, drivers.GuessFramed:
			continue
		}
		return pos.NewError(wrongProtocol, pos.Permanent, pos.NoneMoved, "What answers on this wire does not speak the Hypercom protocol: by its first bytes it is "+
			other+".", "Set the driver of this device to what is connected, or connect the Hypercom terminal to this wire.").With("speaks", other)
	}
	return nil
}

// lacking is the error of what the profile has no code for.
func (t *terminal) lacking(what string) error {
	return pos.NewError(notSupported, pos.Permanent, pos.NoneMoved, "Card terminals of profile "+t.options.profile.name+" have no "+what+" by the till.",
		"Do it at the terminal itself, or in another way.")
}

// notStarted is the error of a command of which the terminal took nothing.
func (t *terminal) notStarted(d deed, err error) error {
	if errors.Is(err, stx.ErrNAK) {
		return pos.NewError(terminalRefused, pos.Transient, pos.NoneMoved, "The card terminal did not take the "+string(d)+": it refused it three times.",
			"Look at its screen and try again; if it goes on, check the option profile of this device.").Because(err)
	}
	return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved,
		"The card terminal could not be reached; it did not get the "+string(d)+".", "Check its power and its cable, then try again.").Because(err)
}

// unknown is the error of a command whose outcome the terminal, or a person, must be asked for.
func unknown(d deed, text string, err error) error {
	e := pos.NewError(outcomeUnknown, pos.OutcomeUnknown, pos.MoneyUnknown, text, d.lost())
	if err != nil {
		e = e.Because(err)
	}
	return e
}

// began sorts the failure to hand a command over by how far it got.
func (t *terminal) began(d deed, err error) error {
	var sent *stx.SendError
	switch {
	case errors.As(err, &sent) && sent.Reach != stx.Maybe:
		return t.notStarted(d, err)
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return unknown(d, "The wait was abandoned before the terminal answered the "+string(d)+" command.", err)
	}
	return unknown(d, "The terminal may have got the "+string(d)+" command and did not answer it.", err)
}
