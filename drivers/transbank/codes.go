package transbank

import "slices"

// meaning is what response codes mean: in words, for the money, and what to do now. Only 00 is approved; why a bank declines it does not
// say.
type meaning struct {
	codes []string
	text  string // what happened, in a few words
	money string // for the customer's money
	next  string // what to do, "" for what needs nothing
	again bool   // may go well if it is tried again
}

// What codes mean for the money.
const (
	taken    = "taken"
	nothing  = "nothing moved"
	reversed = "nothing moved, if a reversal reached the bank"
)

// meanings is the table of all response codes, in the order of their first.
func meanings() []meaning {
	return []meaning{
		{[]string{"00"}, "approved", taken, "", false},
		{[]string{"01", "93"}, "declined", nothing, "ask for another card or another way to pay", true},
		{[]string{"02"}, "the host is silent", reversed, "try again; the end of the day shows whether the bank has it", true},
		{[]string{"03"}, "no connection to the host", reversed, "check the terminal's network and try again; the end of the day shows whether the bank has it", true},
		{[]string{"04"}, "voided already", nothing, "the sale was taken back before; do nothing more", false},
		{[]string{"05"}, "nothing to void", nothing, "the terminal does not hold the sale any more; give the money back in another way", false},
		{[]string{"06"}, "card not supported", nothing, "ask for another card", true},
		{[]string{"07"}, "cancelled at the terminal", nothing, "", true},
		{[]string{"08"}, "debit cannot be voided", nothing, "give the money back in cash or by transfer", false},
		{[]string{"09"}, "the card could not be read", nothing, "try again", true},
		{[]string{"10"}, "below the least amount", nothing, "take the payment in another way", false},
		{[]string{"11"}, "no sale", nothing, "", false},
		{[]string{"12"}, "not supported", nothing, "ask Transbank to enable it", false},
		{[]string{"13", "74", "77"}, "the batch must be closed first", nothing, "close the day at the till, then try again", false},
		{[]string{"14"}, "no dial tone", nothing, "check the terminal's line", true},
		{[]string{"15"}, "a file is missing in the terminal", nothing, "call Transbank", false},
		{[]string{"16", "65", "94"}, "the host answered badly", reversed, "try again; the end of the day shows whether the bank has it", true},
		{[]string{"17"}, "the last four digits differ", nothing, "try again", true},
		{[]string{"18"}, "no such menu", nothing, "call Transbank", false},
		{[]string{"19"}, "another card", nothing, "use the card of the sale", true},
		{[]string{"20"}, "card not valid", nothing, "ask for another card", true},
		{[]string{"21"}, "void not allowed", nothing, "give the money back in another way", false},
		{[]string{"22"}, "nobody acted in time", reversed, "try again; the end of the day shows whether the bank has it", true},
		{[]string{"24"}, "no paper", nothing, "put paper in, then try again", true},
		{[]string{"25"}, "date not valid", nothing, "set the terminal's clock", false},
		{[]string{"26"}, "the keys must be loaded", nothing, "let a technician load the keys (service load_keys), then try again", false},
		{[]string{"27"}, "the terminal must be updated", nothing, "call Transbank", false},
		{[]string{"60", "88"}, "instalments not possible", nothing, "pay without instalments", true},
		{[]string{"61"}, "the request could not be put together", nothing, "try again; call Transbank if it stays so", true},
		{[]string{"62"}, "the PIN pad does not work", nothing, "call Transbank", false},
		{[]string{"67", "76"}, "the sales limit is reached: close the batch", nothing, "close the day at the till, then try again", false},
		{[]string{"68"}, "amount not valid", nothing, "check the amount", false},
		{[]string{"70"}, "the ticket has more than 6 characters", nothing, "check the options amount and final_bar", false},
		{[]string{"71"}, "a print field has a wrong length", nothing, "check the options amount and final_bar", false},
		{[]string{"72"}, "the amount must be above 0", nothing, "check the options amount and final_bar", false},
		{[]string{"73"}, "the terminal has no id", nothing, "call Transbank", false},
		{[]string{"75"}, "no cards are set up", nothing, "call Transbank", false},
		{[]string{"95"}, "the rate could not be printed", nothing, "check the terminal's paper", true},
	}
}

// meaningOf finds a code; one that no paper has means that the terminal did not approve.
func meaningOf(code string) meaning {
	for _, m := range meanings() {
		if slices.Contains(m.codes, code) {
			return m
		}
	}
	return meaning{text: "not approved, for a reason that no paper names", money: nothing, next: "look at the terminal's screen", again: true}
}

// reason tells the cashier what a code means and what to do.
func reason(code string) string {
	m := meaningOf(code)
	if m.next == "" {
		return m.text
	}
	return m.text + ": " + m.next
}

// The codes that the driver decides by.
const (
	approved      = "00"
	cancelledCode = "07"
	noSale        = "11"
	notKnown      = "12"
)

// resultText puts a response code into words for people who decode a line; "" for one that no paper has.
func resultText(code string) string {
	for _, m := range meanings() {
		if slices.Contains(m.codes, code) {
			return m.text
		}
	}
	return progressText(code)
}

// isCode says whether a field is a response code.
func isCode(s string) bool {
	return len(s) == 2 && s[0] >= '0' && s[0] <= '9' && s[1] >= '0' && s[1] <= '9'
}
