package drivers

import "context"

// Counter is a [CardTerminal] that tells its totals since the last settlement without closing its day. It moves no money and may be repeated.
type Counter interface {
	Count(ctx context.Context, progress func(Progress)) (Totals, error)
}

// Reprinter is a [CardTerminal] that gives its last receipt again: the texts, or none when it prints by itself. It moves no money and may be repeated.
type Reprinter interface {
	Reprint(ctx context.Context, progress func(Progress)) ([]Receipt, error)
}

// Watcher is a [CardTerminal] whose wire can be found lost without a byte of ours: some close theirs on TCP after each transaction, and the till opens it
// anew before somebody wants to sell.
type Watcher interface {
	// Alive takes what has come meanwhile. An error wants the wire opened anew.
	Alive() error
}

// Servicer is a [CardTerminal] that a technician can have look after itself.
type Servicer interface {
	// Chores lists what it can do, in the order of the family's own papers.
	Chores() []Chore

	// Service does one of them and tells in words how it went. It moves no money.
	Service(ctx context.Context, chore Chore, progress func(Progress)) (text string, err error)
}

// Chore is a piece of a technician's work at a terminal.
type Chore string

// The chores.
const (
	Diagnosis  Chore = "diagnosis"  // talks to its host, to see whether the line works
	Initialise Chore = "initialise" // begins anew with its host: keys, parameters, what was left open
	LoadKeys   Chore = "load_keys"  // takes new keys from its host
	SetClock   Chore = "set_clock"  // takes the till's date and time
	HandOver   Chore = "hand_over"  // hands its transactions to its acquirer now, without telling totals

	PrintConfig Chore = "print_configuration" // prints its settings
	Restart     Chore = "restart"             // switches itself off and on
)
