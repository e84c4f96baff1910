package zvt

// meaning is what a result code says: in BMP 27 of 04 0F, in 06 1E, or in 84 xx, where the command was not even begun (PA00P015, error codes; 01 to 63
// are the acquirer's, here as card complete has them).
type meaning struct {
	code  byte
	text  string // for the cashier
	next  string // what to do
	again bool   // a state of the terminal that can end: the same command may succeed later
	money string // one of the words below
}

// What a code says of the money of the command that it ends. A code says nothing of the money when the course around it contradicts it: see decide.go.
const (
	moneyMoved = "moved"       // taken, given back or closed, once the till's 80 00 has arrived
	moneyNone  = "not moved"   // the command came to nothing
	moneyAsked = "to be asked" // terminals differ: Recover asks
)

// What to do, where several codes have the same remedy.
const (
	callAcquirer     = "Call the acquirer for a voice authorisation, or take another means of payment."
	keepCard         = "Take another means of payment; the issuer wants the card to be kept."
	otherCard        = "Take another card or another means of payment."
	checkAmount      = "Check the amount or take another means of payment."
	useRefund        = "Give the money back by a refund."
	useChip          = "Let the customer use the chip of the card."
	takeCardOut      = "Remove the card from the terminal."
	initialise       = "Start an initialisation: tillproof device service, or the terminal's own menu."
	clockWrong       = "Set the terminal's clock or start a diagnosis at the terminal."
	endDay           = "Run an end of day, then try again."
	checkCurrency    = "Check the currency of the till and of the terminal."
	checkNetwork     = "Check the terminal's network, then try again."
	openReservations = "Book or release the open reservations, then try again."
	withinHeld       = "Book at most what is held; take what is missing by a payment."
	notThere         = "The terminal cannot do this; check the option payment_type or take another means of payment."
	callService      = "Take another means of payment; call the terminal's service if it stays so."
)

// codes is the one table of result codes, in their order. What is not in it is a decline of the host up to 63, and an error above.
func codes() [99]meaning {
	return [...]meaning{
		{0x00, "successful", "Nothing needs to be done.", false, moneyMoved},
		{0x01, "declined, call the acquirer", callAcquirer, false, moneyNone},
		{0x02, "declined, call the acquirer", callAcquirer, false, moneyNone},
		{0x04, "declined, keep the card", keepCard, false, moneyNone},
		{0x0D, "declined, amount invalid", checkAmount, false, moneyNone},
		{0x19, "reversal declined", useRefund, false, moneyNone},
		{0x29, "declined, keep the card", keepCard, false, moneyNone},
		{0x2B, "declined, keep the card", keepCard, false, moneyNone},
		{0x36, "declined, card expired", otherCard, false, moneyNone},
		{0x37, "PIN or password wrong", "Let the customer enter the PIN again; check the option password.", false, moneyNone},
		{0x38, "PIN wrong too often", otherCard, false, moneyNone},
		{0x50, "declined, card expired", otherCard, false, moneyNone},
		{0x51, "initialisation required", initialise, true, moneyNone},
		{0x56, "terminal inactive", callService, false, moneyNone},
		{0x57, "terminal must be initialised", initialise, false, moneyNone},
		{0x59, "terminal locked", callService, false, moneyNone},
		{0x62, "extended diagnosis required", clockWrong, true, moneyNone},
		{0x64, "card not readable", "Clean the card or let the customer use its chip or hold it to the terminal.", false, moneyNone},
		{0x65, "no card data", "Present the card again.", false, moneyNone},
		{0x66, "processing error at the reader", "Present the card again; call the terminal's service if it stays so.", false, moneyNone},
		{0x67, "not allowed for ec and Maestro cards", otherCard, false, moneyNone},
		{0x68, "not allowed for credit and tank cards", otherCard, false, moneyNone},
		{0x6A, "turnover file full, or the day is not empty", endDay, true, moneyNone},
		{0x6B, "terminal not registered", "Try again: the till registers first.", true, moneyNone},
		{0x6C, "aborted by key or timeout", "Start it again if it is still wanted.", false, moneyNone},
		{0x6E, "card blocked", keepCard, false, moneyNone},
		{0x6F, "wrong currency", checkCurrency, false, moneyNone},
		{0x71, "credit on the chip too low", otherCard, false, moneyNone},
		{0x72, "chip error", otherCard, false, moneyNone},
		{0x73, "card data wrong", otherCard, false, moneyNone},
		{0x74, "encryption keys used up", callService, false, moneyNone},
		{0x75, "text not authentic", callService, false, moneyNone},
		{0x76, "card number not on the list", otherCard, false, moneyNone},
		{0x77, "end of day not possible", "Look at the terminal; when it is ready, run the end of day again.", true, moneyNone},
		{0x78, "card expired", otherCard, false, moneyNone},
		{0x79, "card not yet valid", otherCard, false, moneyNone},
		{0x7A, "card unknown", otherCard, false, moneyNone},
		{0x7B, "stripe not allowed, use the chip", useChip, false, moneyNone},
		{0x7C, "stripe not allowed, use the chip", useChip, false, moneyNone},
		{0x7D, "communication module error", checkNetwork, true, moneyNone},
		{0x7E, "stripe not allowed, use the chip", useChip, false, moneyNone},
		{0x83, "function not possible", notThere, false, moneyNone},
		{0x85, "key missing", initialise, false, moneyNone},
		{0x89, "PIN pad defective", callService, false, moneyNone},
		{0x9A, "protocol error", "Try again; send a trace to the vendor if it stays so.", false, moneyNone},
		{0x9B, "no communication with the host", checkNetwork, true, moneyNone},
		{0x9C, "terminal is busy", "Wait until the terminal is idle, then try again.", true, moneyNone},
		{0x9D, "goods issued in part", "Compare the amount with the goods.", false, moneyNone},
		{0xA0, "receiver not ready", checkNetwork, true, moneyNone},
		{0xA1, "remote station does not answer", checkNetwork, true, moneyNone},
		{0xA3, "no connection", checkNetwork, true, moneyNone},
		{0xA4, "Geldkarte submission not possible", callService, false, moneyNone},
		{0xA5, "not allowed by card security rules", otherCard, false, moneyNone},
		{0xB1, "memory full", endDay, true, moneyNone},
		{0xB2, "journal full", endDay, true, moneyNone},
		{0xB4, "this payment or reservation was reversed before", "Compare with the slips: the money went back with an earlier reversal.", false, moneyNone},
		{0xB5, "reversal not possible: what it is for is settled or the terminal does not know it", useRefund, false, moneyNone},
		{0xB7, "amount does not fit the reservation", withinHeld, false, moneyNone},
		{0xB8, "reservation error: it is not open, or open ones are in the way", openReservations, false, moneyNone},
		{0xBF, "supply voltage too low", "Check the power supply of the terminal.", false, moneyNone},
		{0xC0, "lock defective", callService, false, moneyNone},
		{0xC1, "merchant card locked", clockWrong, false, moneyNone},
		{0xC2, "diagnosis required", "Start a diagnosis at the terminal.", true, moneyNone},
		{0xC3, "maximum amount exceeded", checkAmount, false, moneyNone},
		{0xC4, "card profile invalid", callService, false, moneyNone},
		{0xC5, "payment type not supported", notThere, false, moneyNone},
		{0xC6, "currency not supported", checkCurrency, false, moneyNone},
		{0xC8, "amount too small", checkAmount, false, moneyNone},
		{0xC9, "maximum amount too small", checkAmount, false, moneyNone},
		{0xCB, "only possible in euro", checkCurrency, false, moneyNone},
		{0xCC, "printer not ready", "Put paper into the terminal's printer.", true, moneyNone},
		{0xCD, "cashback refused, perhaps not the payment", "Wait: the terminal is asked whether it took the payment.", false, moneyAsked},
		{0xD2, "not allowed for service cards", otherCard, false, moneyNone},
		{0xDC, "card is inserted", takeCardOut, true, moneyNone},
		{0xDD, "card could not be ejected", takeCardOut, true, moneyNone},
		{0xDE, "card could not be inserted", "Present the card again.", false, moneyNone},
		{0xDF, "terminal out of order", callService, false, moneyNone},
		{0xE0, "remote maintenance running", "Wait for the end of the maintenance; it takes some minutes.", true, moneyNone},
		{0xE1, "card not fully removed", takeCardOut, true, moneyNone},
		{0xE2, "card reader does not answer", "Restart the terminal; call its service if it stays so.", false, moneyNone},
		{0xE3, "shutter closed", "Open the shutter.", false, moneyNone},
		{0xE4, "terminal must be activated", "Activate the terminal at its own menu.", false, moneyNone},
		{0xE7, "goods group or PIN error", otherCard, false, moneyNone},
		{0xE8, "goods group or PIN error", otherCard, false, moneyNone},
		{0xE9, "goods group or PIN error", otherCard, false, moneyNone},
		{0xEA, "goods group or PIN error", otherCard, false, moneyNone},
		{0xEB, "goods group or PIN error", otherCard, false, moneyNone},
		{0xEC, "goods group or PIN error", otherCard, false, moneyNone},
		{0xED, "goods group or PIN error", otherCard, false, moneyNone},
		{0xF0, "end of day must run first", endDay, true, moneyNone},
		{0xF1, "terminal is offline", checkNetwork, true, moneyNone},
		{0xF5, "online personalisation faulty", callService, false, moneyNone},
		{0xF6, "online personalisation required", "Start the online personalisation at the terminal.", true, moneyNone},
		{0xFA, "clearing error", callService, false, moneyNone},
		{0xFB, "record error", callService, false, moneyNone},
		{0xFC, "device error", "Restart the terminal; call its service if it stays so.", false, moneyNone},
		{0xFD, "baud rate not supported", "Set the same baud rate at the till and at the terminal.", false, moneyNone},
		{0xFE, "register error", callService, false, moneyNone},
		{0xFF, "system error", "Try again; call the terminal's service if it stays so.", false, moneyNone},
	}
}
