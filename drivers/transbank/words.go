package transbank

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
	case "0261":
		return "detail", true
	case "0300":
		return "log_off", false
	case "0900":
		return "intermediate_status", true
	case "0070", "0080":
		return "diagnosis", command == "0080"
	}
	return "", false
}

// resultText puts a response code into words. Only 00 is approved.
func resultText(code string) string {
	switch code {
	case "00":
		return "approved"
	case "01", "93":
		return "declined"
	case "02":
		return "the host is silent"
	case "03":
		return "no connection to the host"
	case "04":
		return "voided already"
	case "05":
		return "nothing to void"
	case "06":
		return "card not supported"
	case "07":
		return "cancelled at the terminal"
	case "08":
		return "debit cannot be voided"
	case "09":
		return "the card could not be read"
	case "10":
		return "below the least amount"
	case "11":
		return "no sale"
	case "12":
		return "not supported"
	case "13", "74", "77":
		return "the batch must be closed first"
	case "14":
		return "no dial tone"
	case "15":
		return "a file is missing in the terminal"
	case "16", "65", "94":
		return "the host answered badly"
	case "17":
		return "the last four digits differ"
	case "18":
		return "no such menu"
	case "19":
		return "another card"
	case "20":
		return "card not valid"
	case "21":
		return "void not allowed"
	case "22":
		return "nobody acted in time"
	case "24":
		return "no paper"
	case "25":
		return "date not valid"
	case "26":
		return "the keys must be loaded"
	case "27":
		return "the terminal must be updated"
	}
	return rareText(code)
}

// rareText goes on with the codes of set-up and entry.
func rareText(code string) string {
	switch code {
	case "60", "88":
		return "instalments not possible"
	case "61", "62":
		return "the PIN pad does not work"
	case "67", "76":
		return "the sales limit is reached: close the batch"
	case "68":
		return "amount not valid"
	case "70":
		return "the ticket has more than 6 characters"
	case "71":
		return "a print field has a wrong length"
	case "72":
		return "the amount must be above 0"
	case "73":
		return "the terminal has no id"
	case "75":
		return "no cards are set up"
	case "95":
		return "the rate could not be printed"
	}
	return progressText(code)
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
