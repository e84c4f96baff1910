package concert

import (
	"bytes"

	"github.com/tillproof/tillproof/drivers"
)

// state is what an answer means for the money.
type state int

const (
	unclear state = iota // the answer does not say it, or contradicts itself: the money is unknown
	under                // taken into account: the end is still to come
	done
	refused
)

// stateOf is the meaning of an E+ answer's state.
//
//	0  done          the money moved as asked
//	7  refused       nothing moved; an abort is told the same way
//	9  not verified  the terminal does not know itself: the money is unknown
func stateOf(code byte) state {
	switch code {
	case '0':
		return done
	case '7':
		return refused
	}
	return unclear
}

// reason is what a code of tag AF means beside tag AE.
type reason struct {
	after10  bool             // it can stand beside AE 10: the money moved
	after01  drivers.Decision // beside AE 01: what the end is called, "" where the two contradict each other
	next     string           // what to do about AE 01
	notBegun bool             // beside AE 01: the terminal did not understand or not know the command
}

// reasonCode is the code with which tag AF begins; words may follow it.
func reasonCode(af string) string {
	if len(af) > 2 && af[0] >= '0' && af[0] <= '9' && af[1] >= '0' && af[1] <= '9' {
		return af[:2]
	}
	return af
}

// reasonOf is the table of tag AF. A code beside which AE says the opposite leaves the money unknown.
//
//	code               AE 10 (done)  AE 01 (not done)
//	none, 00 unknown   moved         declined
//	01 authorised      moved         unknown: a contradiction
//	02 call the bank   moved         declined
//	03 forced          moved         unknown: a contradiction
//	04, 05 refused     unknown       declined
//	06 abandoned       unknown       cancelled
//	07 not completed   unknown       declined
//	08 input time-out  unknown       cancelled
//	09 format error    unknown       declined: not begun
//	10 selection       unknown       declined
//	11 operator        unknown       cancelled
//	12 unknown action  unknown       declined: not begun
//	13 currency        unknown       declined: not begun
//	any other          moved         declined
func reasonOf(code string) reason {
	switch code {
	case "01", "03":
		return reason{after10: true}
	case "02":
		return reason{after10: true, after01: drivers.Declined, next: "The bank wants a call; otherwise take another card."}
	case "04", "05":
		return reason{after01: drivers.Declined, next: "Take another card or another way to pay."}
	case "06", "08", "11":
		return reason{after01: drivers.Cancelled, next: "Begin again when the customer is ready."}
	case "07", "10":
		return reason{after01: drivers.Declined, next: "Look at the terminal, then begin again."}
	case "09":
		return reason{after01: drivers.Declined, next: "Check version, register and means in the till's settings.", notBegun: true}
	case "12":
		return reason{after01: drivers.Declined, next: "The terminal has no such function: do it at the terminal itself.", notBegun: true}
	case "13":
		return reason{after01: drivers.Declined, next: "Check the currency of till and terminal.", notBegun: true}
	}
	return reason{after10: true, after01: drivers.Declined, next: "Take another card or another way to pay."}
}

// outcome reads tags AE and AF together.
func outcome(ae, af string) state {
	why := reasonOf(af)
	switch {
	case ae == "10" && why.after10:
		return done
	case ae == "01" && why.after01 != "":
		return refused
	case ae == "11":
		return under
	}
	return unclear
}

// brandOf names the scheme of an application (V3, tag CC) or a means (E+); "" where it names a kind of account only.
func brandOf(application string) string {
	switch application {
	case "002", "00D", "2":
		return "amex"
	case "006", "6":
		return "diners"
	case "009", "9":
		return "jcb"
	case "00U", "U":
		return "unionpay"
	}
	return ""
}

// schemeOf names the scheme of an application identifier (EMV, the registered first five bytes, and CB).
func schemeOf(aid []byte) string {
	if len(aid) < 10 {
		return ""
	}
	switch string(bytes.ToUpper(aid[:10])) {
	case "A000000003":
		return "visa"
	case "A000000004":
		return "mastercard"
	case "A000000025":
		return "amex"
	case "A000000042":
		return "cb"
	case "A000000065":
		return "jcb"
	case "A000000152":
		return "diners"
	case "A000000333":
		return "unionpay"
	}
	return ""
}

// applicationName is what tag CC calls the card.
func applicationName(code string) string {
	switch code {
	case "001", "00B":
		return "CB"
	case "00C":
		return "cheque"
	case "002", "00D":
		return "American Express"
	case "003":
		return "CB private"
	case "005":
		return "Cofinoga"
	case "006":
		return "Diners Club"
	case "007":
		return "CB-Pass"
	case "008":
		return "Franfinance"
	case "009":
		return "JCB"
	case "00A":
		return "Accord"
	case "00I":
		return "CPEI"
	case "00E":
		return "CMCIC"
	case "00U":
		return "UnionPay"
	}
	return ""
}

// applicationEntry is how the card was read where the application says it.
func applicationEntry(code string) string {
	switch code {
	case "001", "002":
		return "chip"
	case "00B", "00D":
		return "contactless"
	}
	return ""
}
