package hypercom

import "strings"

// name is what a transaction code is called, "" for one that no paper has. Where two banks have a code for different things, what is common to most counts.
func name(code string) string {
	switch code {
	case "00":
		return "verify_account"
	case "10":
		return "card_detail"
	case "11":
		return "balance"
	case "12", "71", "72", "73":
		return "repeat_receipt"
	case "13", "14":
		return "read_card"
	case "20":
		return "payment"
	case "21":
		return "top_up"
	case "22":
		return "reservation"
	case "23":
		return "book_total"
	case "26", "40":
		return "reversal"
	case "27", "41":
		return "refund"
	case "50":
		return "end_of_day"
	case "51":
		return "detail"
	case "60":
		return "print_block"
	case "61":
		return "show_text"
	case "70":
		return "payment_qr"
	case "90":
		return "card_check"
	case "99":
		return "host_message"
	case "FF":
		return "poll"
	case "XX":
		return "abort"
	}
	return ""
}

// entry says how a card was read, by the first digits of an entry mode as ISO 8583 counts them.
func entry(mode string) string {
	switch mode {
	case "01":
		return "manual"
	case "02", "80", "90":
		return "stripe"
	case "05", "95":
		return "chip"
	case "07", "91":
		return "contactless"
	}
	return ""
}

// brandID is a scheme as [drivers.Result] names it, in small letters where the till has no name for it.
func brandID(scheme string) string {
	short := strings.ToLower(strings.Join(strings.Fields(scheme), "_"))
	switch {
	case strings.HasPrefix(short, "master"), short == "mc":
		return "mastercard"
	case strings.HasPrefix(short, "visa"):
		return "visa"
	case strings.HasPrefix(short, "amex"), strings.HasPrefix(short, "american"):
		return "amex"
	case strings.HasPrefix(short, "union"), short == "cup", short == "upi":
		return "unionpay"
	}
	return short
}

// resultText puts a response code into words for people who decode a line; "" for one that no paper has.
func resultText(code string) string {
	switch code {
	case approvedCode:
		return "approved"
	case byCustomer:
		return "cancelled"
	case notFound:
		return "no such transaction"
	}
	return ""
}
