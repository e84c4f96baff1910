package ecr17

import "github.com/tillproof/tillproof/drivers"

// The results of a command that moves money or closes a day. Others than these are no result: nobody may guess what they mean for the money.
const (
	resultOK      = "00"
	resultRefused = "01"
	resultNoCard  = "05"
	resultNoField = "09"
)

// meaning is what a result means.
type meaning struct {
	decision drivers.Decision // of a payment or reversal
	text     string           // where the terminal gives no text of its own
	next     string           // what to do
}

// meaningOf is the table of results.
//
//	code  money                what to do
//	00    moved as asked       nothing
//	01    not moved            another card, or another tender; the text and the action code say why
//	05    not moved            start again and present the card in time
//	09    not moved            have the driver's options looked at: the terminal does not know a field
func meaningOf(code string) (m meaning, known bool) {
	switch code {
	case resultOK:
		return meaning{decision: drivers.Approved}, true
	case resultRefused:
		return meaning{drivers.Declined, "refused", "Try another card or another way of paying."}, true
	case resultNoCard:
		return meaning{drivers.Declined, "no card was presented", "Start again and present the card in time."}, true
	case resultNoField:
		return meaning{drivers.Declined, "the terminal does not know a field of the command", "Have the options of this device checked."}, true
	}
	return meaning{}, false
}

// Ready is the state of a terminal that sells.
const ready = '2'

// stateOf is the table of the states that s tells.
func stateOf(code byte) drivers.State {
	s := drivers.State{Code: string(rune(code)), Ready: code == ready}
	switch code {
	case ready:
	case '0':
		s.Text = "The terminal is not set up. Have its provider configure it."
	case '1':
		s.Text = "The terminal has no parameters. Start the first download (DLL) in its menu, or call its provider."
	case '3':
		s.Text = "The terminal is not aligned with its host. Close its session, then look again."
	case '4':
		s.Text = "The terminal's keys are wrong. Call its provider."
	case '5':
		s.Text = "The terminal wants its parameters loaded. Start the download (DLL) in its menu."
	case '6':
		s.Text = "The terminal has a software update pending. Let it update, then look again."
	default:
		s.Code, s.Text = "", "The terminal tells no state. Check that its software knows the link to cash registers."
	}
	return s
}
