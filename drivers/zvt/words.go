package zvt

import "fmt"

// meaningOf looks a code up.
func meaningOf(code byte) meaning {
	table := codes() // an array: looking up costs no allocation
	for i := range table {
		if table[i].code == code {
			return table[i]
		}
	}
	if code <= 0x63 {
		return meaning{code, fmt.Sprintf("declined by the host (%02x)", code), otherCard, false, moneyNone}
	}
	return meaning{code, fmt.Sprintf("error %02x", code), callService, false, moneyNone}
}

// resultText puts a result code into words.
func resultText(code byte) string { return meaningOf(code).text }

// remedy says what to do about a refusal or a status.
func remedy(code byte) string { return meaningOf(code).next }

// passing says whether a refusal is a state of the terminal that can end, so that the same command may succeed later.
func passing(code byte) bool { return meaningOf(code).again }

// statusText puts the terminal status of 05 01 into words; codes that mean the same in a result share its words.
func statusText(status byte) string {
	switch status {
	case 0x00:
		return "ready"
	case 0x62:
		return "clock wrong, diagnosis required"
	}
	return resultText(status)
}
