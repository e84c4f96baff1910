package transbank

import (
	"strings"

	"github.com/tillproof/tillproof/drivers"
)

// name is what a command is called, "" for one that is none. reply says whether the terminal sends it.
func name(command string) (name string, reply bool) {
	switch command {
	case "0100":
		return "poll", false
	case "0800":
		return "initialise", false
	case "0810":
		return "initialise", true
	case "0200":
		return "payment", false
	case "0210":
		return "payment", true
	case "0270":
		return "payment_multicode", false
	case "0271":
		return "payment_multicode", true
	case "0250":
		return "repeat_receipt", false
	case "0280":
		return "repeat_receipt_multicode", false
	case "0281":
		return "repeat_receipt_multicode", true
	case "1200":
		return "reversal", false
	case "1210":
		return "reversal", true
	case "0500":
		return "end_of_day", false
	case "0510":
		return "end_of_day", true
	case "0700":
		return "totals", false
	case "0710":
		return "totals", true
	case "0260", "0261":
		return "detail", command == "0261"
	case "0300":
		return "log_off", false
	case "0900":
		return "intermediate_status", true
	case "0070", "0080", "1080":
		return "diagnosis", command != "0070"
	}
	return "", false
}

// progressText puts a progress code into words.
func progressText(code string) string {
	switch code {
	case "78":
		return "the card is awaited"
	case "79":
		return "the amount is to be confirmed"
	case "80":
		return "instalments are chosen"
	case "81":
		return "the PIN is awaited"
	case "82":
		return "the host is asked"
	}
	return ""
}

// step is a progress code for the cashier.
func step(code string) drivers.Progress {
	words := progressText(code)
	if words == "" {
		words = "the customer is at the card terminal"
	}
	return drivers.Progress{Code: code, Text: words}
}

// brandName puts the short name of a brand into words.
func brandName(short string) string {
	switch short {
	case "VI":
		return "Visa"
	case "MC":
		return "Mastercard"
	case "CA":
		return "Cabal"
	case "CR":
		return "Credencial"
	case "AX":
		return "American Express"
	case "CE":
		return "Cerrada"
	case "DC":
		return "Diners Club"
	case "TP":
		return "Presto"
	case "MG":
		return "Magna"
	case "TM":
		return "Más"
	case "RP":
		return "Ripley"
	case "EX":
		return "Extra"
	case "TC":
		return "CMR"
	case "DB":
		return "Redcompra"
	}
	return short
}

// brandID is a brand as [drivers.Result] names it, the short name in small letters for one that the till has no name for.
func brandID(short string) string {
	switch short {
	case "VI":
		return "visa"
	case "MC":
		return "mastercard"
	case "AX":
		return "amex"
	case "DC":
		return "diners"
	case "DB":
		return "redcompra"
	case "CA", "CR", "CE", "TP", "MG", "RP", "EX", "TC":
		return strings.ToLower(brandName(short))
	case "TM":
		return "mas"
	}
	return strings.ToLower(short)
}
