package ecr17

import (
	"strings"

	"github.com/tillproof/tillproof/drivers/ecr17/codec"
)

// name is what a message is called, and whether the terminal sends it. Several codes stand for a request and its reply, which differ in length.
func name(m codec.Message) (name string, reply bool) {
	switch m.Code() {
	case 's':
		return "status_enquiry", len(m) > 10
	case 'P':
		return "payment", false
	case 'X':
		return "payment_extended", false
	case 'S':
		if len(m) == 26 && digits(m.At(11, 26)) {
			return "reversal", false
		}
		return "print_block", true
	case 'p':
		return "reservation", false
	case 'e':
		return "reservation", true
	case 'i':
		return "reservation_increase", len(m) < 160
	case 'c':
		return "book_total", len(m) < 160
	case 'v':
		return "book_total_exchange", true
	case 'H':
		return "card_check", false
	case 'C':
		return "end_of_day", len(m) > 26
	case 'T':
		return "totals", len(m) > 26
	case 'G':
		return "repeat_receipt", false
	case 'E':
		if len(m) <= 11 {
			return "receipts_to_ecr", false
		}
		return "result", true
	case 'V':
		return "result_exchange", true
	case 'R':
		return "reprint", false
	case 'U':
		return "additional_data", additionalReply(m)
	case 'K':
		return "vas", !strings.Contains(string(m), "<ecrreq") // a reply comes in parts
	}
	return "", false
}

// additionalReply says whether additional data come from the terminal: their length stands where a request has something else.
func additionalReply(m codec.Message) bool {
	length := m.At(17, 19)
	if len(length) != 3 || !digits(length) {
		return false
	}
	n := int(length[0]-'0')*100 + int(length[1]-'0')*10 + int(length[2]-'0')
	return len(m) == 19+n || len(m) == 29+n
}

func digits(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

// resultText puts a result into words. Only 00 is approved.
func resultText(code string) string {
	switch code {
	case "00":
		return "approved"
	case "01":
		return "refused"
	case "05":
		return "no card was presented"
	case "09":
		return "a field is not known"
	}
	return ""
}

// entry says how a card was read.
func entry(short string) string {
	switch short {
	case "ICC":
		return "chip"
	case "MAG":
		return "stripe"
	case "MAN":
		return "manual"
	case "CLM", "CLI":
		return "contactless"
	}
	return ""
}

// stateText puts the terminal's state into words.
func stateText(state string) string {
	switch state {
	case "0":
		return "not set up"
	case "1":
		return "without parameters"
	case "2":
		return "ready"
	case "3":
		return "not aligned"
	case "4":
		return "the keys are wrong"
	case "5":
		return "parameters are to be loaded"
	case "6":
		return "the software is to be updated"
	}
	return ""
}
