package drivers

import "slices"

// Function is something that a till wants of a card terminal beside taking money. Families differ in what they can do; what one cannot do is a typed
// "not supported" of its methods, is told by doctor, and is kept off the screen.
type Function string

// The functions. Of a family that cannot be stopped the outcome is waited for, and the cashier is told to end it at the terminal. Of one that cannot tell
// what became of a transaction, [CardTerminal.Recover] is always Undecided, with the steps that a person takes.
const (
	Voiding        Function = "void"           // takes a whole sale back before the settlement
	Refunding      Function = "refund"         // gives money back to a card
	Settling       Function = "settlement"     // closes its day at the till's wish
	Counting       Function = "totals"         // tells its totals without closing the day: [Counter]
	Reprinting     Function = "reprint"        // prints or tells its last receipt again: [Reprinter]
	Stopping       Function = "cancel"         // ends a running command at the till's wish
	TellingAborts  Function = "tell_abort"     // tells a customer's abort from a decline
	RecoverSales   Function = "recover_sale"   // tells what became of a lost sale
	RecoverVoids   Function = "recover_void"   // tells what became of a lost void
	RecoverRefunds Function = "recover_refund" // tells what became of a lost refund
	Reserving      Function = "reservation"    // holds an amount on a card and books it later: [Reserver]
)

// Can says whether devices of a driver have a function under the settings.
func (d Driver) Can(f Function, settings Settings) bool {
	return d.Lacks == nil || !slices.Contains(d.Lacks(settings), f)
}
