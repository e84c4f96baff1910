package drivers

import (
	"context"

	"github.com/tillproof/tillproof/pos"
)

// ReservationsOpen is the code of the error by which [CardTerminal.Settle] refuses, before anything is sent that closes the day, because the terminal still
// holds amounts that have to be booked or released first. Nothing moved.
const ReservationsOpen pos.ErrorCode = "reservations_open"

// Reserver is a [CardTerminal] that can hold an amount on a card before it is known what the customer will owe, as hotels and filling stations do. A
// held amount is nobody's money yet: the customer cannot spend it, and the shop gets it only by booking. What was lost of these commands
// [CardTerminal.Recover] is asked, as of a sale.
type Reserver interface {
	// Reserve holds an amount on a customer's card. Its rules and errors are those of [CardTerminal.Sale]; Approved says that it is held.
	Reserve(ctx context.Context, command Sale) (Outcome, error)

	// Book takes the command's Amount out of a reservation and frees what is left of it. Amount is above 0 and at most what is held; of names the reservation
	// by the terminal's own numbers, with what it holds ([Last].Held) where that is known: some terminals are told what is left instead of what is taken, and
	// fail with code not_supported without it; nothing moved then. Its rules and errors are those of [CardTerminal.Void].
	Book(ctx context.Context, command Sale, of Last) (Outcome, error)

	// Release frees a whole reservation. The command's Amount is what is held. Its rules and errors are those of [CardTerminal.Void].
	Release(ctx context.Context, command Sale, of Last) (Outcome, error)

	// Reservations lists what the terminal still holds, in its own order. It moves no money and may be repeated.
	Reservations(ctx context.Context) ([]Last, error)
}
