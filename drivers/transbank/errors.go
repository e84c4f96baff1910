package transbank

import (
	"context"
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// Error codes of this driver.
const (
	deviceUnavailable pos.ErrorCode = "device_unavailable" // the terminal cannot sell now
	terminalRefused   pos.ErrorCode = "terminal_refused"   // the terminal will not do this
	outcomeUnknown    pos.ErrorCode = "outcome_unknown"    // the terminal must be asked
	notSupported      pos.ErrorCode = "not_supported"      // the family or this terminal cannot do this at all
	amountInvalid     pos.ErrorCode = "amount_invalid"
	wrongProtocol     pos.ErrorCode = "wrong_protocol" // something else stands at the other end
	cancelledBefore   pos.ErrorCode = "cancelled"
)

// refusal is a reply to a question whose code is not 00.
type refusal struct{ code string }

func (r *refusal) Error() string { return "refused with " + r.code + ": " + meaningOf(r.code).text }

// refused says whether the terminal answered and will not tell: by a code, or by a NAK to each frame, as for a command that it does not
// know.
func refused(err error) bool {
	var no *refusal
	return errors.As(err, &no) || errors.Is(err, stx.ErrNAK)
}

// foreign is the protocol that bytes are of, "" for one of ours and for none that is known. They are not kept.
func foreign(said []byte) string {
	switch name := drivers.Guess(said); name {
	case drivers.GuessTransbank, drivers.GuessFramed:
		return ""
	default:
		return name
	}
}

// foreignTongue is the protocol that the terminal seems to speak instead of ours. The link takes a single ACK or NAK out of what is
// strange, which tells families apart that frame theirs.
func (t *terminal) foreignTongue() string {
	strange := t.line.Strange()
	if t.foreign != "" || !t.spoke.IsZero() || len(strange) == 0 {
		return t.foreign
	}
	for _, before := range []string{"", "\x15", "\x06"} {
		said := append([]byte(before), strange...)
		name := foreign(said)
		if clear(said); name != "" {
			return name
		}
	}
	return ""
}

// unavailable is the error of a command that moves no money, or that did not go out.
func (t *terminal) unavailable(err error) error {
	var known *pos.Error
	var no *refusal
	switch other := t.foreignTongue(); {
	case errors.As(err, &known):
		return known
	case errors.As(err, &no):
		return refusedError(no.code)
	case other != "" && t.spoke.IsZero():
		return pos.NewError(wrongProtocol, pos.Permanent, pos.NoneMoved, "What stands at this wire does not speak Transbank's protocol; it looks like "+other+".",
			"Set the driver of this device to "+other+", or plug the right cable in.").With("protocol", other).Because(err)
	case errors.Is(err, stx.ErrNAK):
		return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved, "The card terminal does not take the command.",
			"Look at its screen: it must be in integrated mode and free. Check the baud rate too.").Because(err)
	case errors.Is(err, errBusy):
		return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved, "The card terminal is busy with something else.",
			"Look at its screen and end what it does, then try again.").Because(err)
	case errors.Is(err, stx.ErrDamaged):
		return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved, "What the card terminal says comes damaged.",
			"Check its cable and the baud rate.").Because(err)
	}
	return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved, "The card terminal does not answer.",
		"Check its power and its cable, and that it is in integrated mode.").Because(err)
}

// refusedError is the error of a command that the terminal answered with a code: nothing moved.
func refusedError(code string) *pos.Error {
	m := meaningOf(code)
	retry, errorCode := pos.Permanent, terminalRefused
	switch {
	case code == notKnown:
		errorCode = notSupported
	case m.again:
		retry = pos.Transient
	}
	next := m.next
	if next == "" {
		next = "try again"
	}
	return pos.NewError(errorCode, retry, pos.NoneMoved, fmt.Sprintf("The card terminal refuses: %s (code %s).", m.text, code),
		sentence(next)).With("result", code)
}

// sentence makes one of a piece of advice.
func sentence(s string) string { return string(s[0]&^0x20) + s[1:] + "." }

// notStarted is the error of a command of which the terminal got nothing.
func (t *terminal) notStarted(d deed, err error) error {
	if errors.Is(err, stx.ErrNAK) {
		return pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved, "The card terminal does not take the "+string(d)+" command.",
			"Look at its screen, then try again.").Because(err)
	}
	return t.unavailable(err)
}

// unknown is the error of a command whose outcome the terminal must be asked for.
func unknown(d deed, text string, err error) error {
	e := pos.NewError(outcomeUnknown, pos.OutcomeUnknown, pos.MoneyUnknown, text, d.lost())
	if err != nil {
		e = e.Because(err)
	}
	return e
}

// lost sorts the failure of a command that the terminal has, or may have.
func lost(d deed, err error) error {
	switch {
	case errors.Is(err, drivers.ErrQuiet):
		return unknown(d, "The card terminal did not tell the outcome of the "+string(d)+" in time.", err)
	case errors.Is(err, stx.ErrDamaged):
		return unknown(d, "The card terminal's answer to the "+string(d)+" came damaged each time.", err)
	case errors.Is(err, stx.ErrSilent):
		return unknown(d, "The card terminal may have got the "+string(d)+" command and did not answer it.", err)
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return unknown(d, "The wait was abandoned before the card terminal told the outcome of the "+string(d)+".", err)
	}
	return unknown(d, "The wire to the card terminal was lost before it told the outcome of the "+string(d)+".", err)
}
