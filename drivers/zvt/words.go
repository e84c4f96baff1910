package zvt

import "fmt"

// resultText puts a result code (BMP 27, 06 1E, 84 xx) into words (PA00P015, error codes; codes 01 to 63 are the
// acquirer's, here with the meanings of card complete).
func resultText(code byte) string {
	if code >= 0x01 && code <= 0x63 {
		return acquirerText(code)
	}
	if code < 0xA0 {
		return cardText(code)
	}
	return deviceText(code)
}

func acquirerText(code byte) string {
	switch code {
	case 0x01, 0x02:
		return "declined, call the acquirer"
	case 0x04, 0x29, 0x2B:
		return "declined, keep the card"
	case 0x0D:
		return "declined, amount invalid"
	case 0x19:
		return "reversal declined"
	case 0x36, 0x50:
		return "declined, card expired"
	case 0x37:
		return "PIN or password wrong"
	case 0x38:
		return "PIN wrong too often"
	case 0x51:
		return "initialisation required"
	case 0x56:
		return "terminal inactive"
	case 0x57:
		return "terminal must be initialised"
	case 0x59:
		return "terminal locked"
	case 0x62:
		return "extended diagnosis required"
	}
	return fmt.Sprintf("declined by the host (%02x)", code)
}

func cardText(code byte) string {
	switch code {
	case 0x00:
		return "successful"
	case 0x64:
		return "card not readable"
	case 0x65:
		return "no card data"
	case 0x66:
		return "processing error at the reader"
	case 0x67:
		return "not allowed for ec and Maestro cards"
	case 0x68:
		return "not allowed for credit and tank cards"
	case 0x6A:
		return "turnover file full"
	case 0x6B:
		return "terminal not registered"
	case 0x6C:
		return "aborted by key or timeout"
	case 0x6E:
		return "card blocked"
	case 0x6F:
		return "wrong currency"
	case 0x71:
		return "credit on the chip too low"
	case 0x72:
		return "chip error"
	case 0x73:
		return "card data wrong"
	case 0x74:
		return "encryption keys used up"
	case 0x75:
		return "text not authentic"
	case 0x76:
		return "card number not on the list"
	case 0x77:
		return "end of day not possible"
	case 0x78:
		return "card expired"
	case 0x79:
		return "card not yet valid"
	case 0x7A:
		return "card unknown"
	case 0x7B, 0x7C, 0x7E:
		return "stripe not allowed, use the chip"
	case 0x7D:
		return "communication module error"
	case 0x83:
		return "function not possible"
	case 0x85:
		return "key missing"
	case 0x89:
		return "PIN pad defective"
	case 0x9A:
		return "protocol error"
	case 0x9B:
		return "no communication with the host"
	case 0x9C:
		return "terminal is busy"
	case 0x9D:
		return "goods issued in part"
	}
	return fmt.Sprintf("error %02x", code)
}

func deviceText(code byte) string {
	switch code {
	case 0xA0:
		return "receiver not ready"
	case 0xA1:
		return "remote station does not answer"
	case 0xA3:
		return "no connection"
	case 0xA4:
		return "Geldkarte submission not possible"
	case 0xA5:
		return "not allowed by card security rules"
	case 0xB1:
		return "memory full"
	case 0xB2:
		return "journal full"
	case 0xB4:
		return "this payment was reversed before"
	case 0xB5:
		return "reversal not possible: the payment is settled or the terminal does not know it"
	case 0xB7:
		return "amount does not fit the reservation"
	case 0xB8:
		return "reservation error"
	case 0xBF:
		return "supply voltage too low"
	case 0xC0:
		return "lock defective"
	case 0xC1:
		return "merchant card locked"
	case 0xC2:
		return "diagnosis required"
	case 0xC3:
		return "maximum amount exceeded"
	case 0xC4:
		return "card profile invalid"
	case 0xC5:
		return "payment type not supported"
	case 0xC6:
		return "currency not supported"
	case 0xC8:
		return "amount too small"
	case 0xC9:
		return "maximum amount too small"
	case 0xCB:
		return "only possible in euro"
	case 0xCC:
		return "printer not ready"
	case 0xCD:
		return "cashback refused"
	}
	return deviceTextHigh(code)
}

func deviceTextHigh(code byte) string {
	switch code {
	case 0xD2:
		return "not allowed for service cards"
	case 0xDC:
		return "card is inserted"
	case 0xDD:
		return "card could not be ejected"
	case 0xDE:
		return "card could not be inserted"
	case 0xDF:
		return "terminal out of order"
	case 0xE0:
		return "remote maintenance running"
	case 0xE1:
		return "card not fully removed"
	case 0xE2:
		return "card reader does not answer"
	case 0xE3:
		return "shutter closed"
	case 0xE4:
		return "terminal must be activated"
	case 0xE7, 0xE8, 0xE9, 0xEA, 0xEB, 0xEC, 0xED:
		return "goods group or PIN error"
	case 0xF0:
		return "end of day must run first"
	case 0xF1:
		return "terminal is offline"
	case 0xF5:
		return "online personalisation faulty"
	case 0xF6:
		return "online personalisation required"
	case 0xFA:
		return "clearing error"
	case 0xFB:
		return "record error"
	case 0xFC:
		return "device error"
	case 0xFD:
		return "baud rate not supported"
	case 0xFE:
		return "register error"
	case 0xFF:
		return "system error"
	}
	return fmt.Sprintf("error %02x", code)
}

// statusText puts the terminal status of 05 01 into words; codes that mean the same in a result share its words.
func statusText(status byte) string {
	switch status {
	case 0x00:
		return "ready"
	case 0x62:
		return "clock wrong, diagnosis required"
	case 0xC0:
		return "lock defective"
	case 0xDC:
		return "a card is inserted"
	}
	return resultText(status)
}

// remedy says what to do about a refusal or a status.
func remedy(code byte) string {
	switch code {
	case 0x51, 0x57:
		return "Start an initialisation at the terminal."
	case 0x62, 0xC1:
		return "Set the terminal's clock or start a diagnosis at the terminal."
	case 0xC2:
		return "Start a diagnosis at the terminal."
	case 0xB1, 0xB2, 0xF0, 0x6A:
		return "Run an end of day, then try again."
	case 0x9C:
		return "Wait until the terminal is idle, then try again."
	case 0xE0:
		return "Wait for the end of the maintenance; it takes some minutes."
	case 0x6B:
		return "Try again: the till registers first."
	case 0xA0, 0xA1, 0xA3, 0x9B, 0x7D, 0xF1:
		return "Check the terminal's network, then try again."
	case 0xCC:
		return "Put paper into the terminal's printer."
	case 0xDC, 0xDD, 0xE1:
		return "Remove the card from the terminal."
	case 0x37:
		return "Check the option password."
	case 0x6F, 0xC6, 0xCB:
		return "Check the currency of the till and of the terminal."
	case 0xC3, 0xC8, 0xC9, 0x0D:
		return "Check the amount or take another means of payment."
	case 0x77:
		return "Look at the terminal; when it is ready, run the end of day again."
	case 0xB4:
		return "Compare with the slips: the money went back with an earlier reversal."
	case 0xB5, 0x19:
		return "Give the money back by a refund."
	case 0xB7, 0xB8:
		return "Book or take back the open reservations at the terminal, then try again."
	case 0x83, 0xC5:
		return "The terminal cannot do this; check the option payment_type or take another means of payment."
	}
	return "Take another means of payment; call the terminal's service if it stays so."
}

// passing says whether a refusal is a state of the terminal that can end, so that the same command may succeed later.
func passing(code byte) bool {
	switch code {
	case 0x51, 0x62, 0x6A, 0x6B, 0x77, 0x7D, 0x9B, 0x9C, 0xA0, 0xA1, 0xA3, 0xB1, 0xB2, 0xC2, 0xCC, 0xDC, 0xDD, 0xE0, 0xE1, 0xF0, 0xF1, 0xF6:
		return true
	}
	return false
}
