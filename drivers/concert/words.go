package concert

// meansName is what pays, by the letter of E+.
func meansName(letter string) string {
	switch letter {
	case "1":
		return "card"
	case "C":
		return "cheque"
	case "2":
		return "American Express"
	case "3":
		return "Cetelem"
	case "5":
		return "Cofinoga"
	case "6":
		return "Diners Club"
	case "8":
		return "Franfinance"
	case "9":
		return "JCB"
	case "A":
		return "Accord"
	case "O":
		return "Moneo"
	case "U":
		return "UnionPay"
	case "F":
		return "Fintrax"
	}
	return ""
}

// requestName is what an E+ request is called by its type.
func requestName(kind string) string {
	switch kind {
	case "1":
		return "refund"
	case "2":
		return "reversal"
	}
	return "payment"
}

// stateText puts the state of an E+ answer into words.
func stateText(state string) string {
	switch state {
	case "0":
		return "done"
	case "7":
		return "refused"
	case "9":
		return "not verified"
	}
	return ""
}

// actionName is what a V3 message is called by its action.
func actionName(action string) string {
	switch action {
	case "0":
		return "payment"
	case "1":
		return "refund"
	case "2":
		return "reversal"
	case "3":
		return "reprint"
	case "7":
		return "payment_deferred"
	case "B":
		return "end_of_day"
	case "I":
		return "read_card"
	case "P":
		return "print_block"
	case "T":
		return "repeat_receipt"
	case "R":
		return "reboot"
	case "C":
		return "status_enquiry"
	}
	return "message"
}

// outcomeText puts tag AE into words.
func outcomeText(state string) string {
	switch state {
	case "10":
		return "done"
	case "01":
		return "not done"
	case "11":
		return "taken into account"
	}
	return ""
}

// reasonText puts tag AF into words.
func reasonText(reason string) string {
	switch reason {
	case "01":
		return "authorised"
	case "02":
		return "the bank wants a call"
	case "03":
		return "forced"
	case "04":
		return "refused"
	case "05":
		return "forbidden"
	case "06":
		return "abandoned"
	case "07":
		return "not completed"
	case "08":
		return "nobody acted in time"
	case "09":
		return "the message has a fault"
	case "10":
		return "nothing fits the selection"
	case "11":
		return "abandoned by the operator"
	case "12":
		return "unknown action"
	case "13":
		return "currency not supported"
	}
	return ""
}

// entry says how a card was read, by tag CI.
func entry(mode string) string {
	switch mode {
	case "1":
		return "chip"
	case "2":
		return "contactless"
	case "3":
		return "stripe"
	case "4":
		return "manual"
	}
	return ""
}
