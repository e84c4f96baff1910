package drivertest

import (
	"testing"

	"github.com/tillproof/tillproof/drivers"
)

// ReaderBench is what the driver of an encrypting card reader brings to the run.
type ReaderBench interface {
	// Driver is the driver under test.
	Driver() drivers.Driver

	// Settings for it.
	Settings() drivers.Settings

	// NewPeer makes a reader with keys that encrypts. It is called inside the bubble of a test, and everything that it starts must be over when its Close
	// returns.
	NewPeer(t *testing.T) ReaderPeer

	// Secrets are what of the card that is drawn nobody may see: its number, what stands on its tracks, its holder's name.
	Secrets() []string
}

// ReaderPeer is a scripted card reader. Its keys survive the loss of the wire.
type ReaderPeer interface {
	// Plug makes a new wire to the reader, after breaking the one before, and returns the till's end.
	Plug() drivers.Conn

	// Draw draws the card through the reader and returns what that puts on the line, without sending it; nil when the family knows no such course.
	Draw(swipe Swipe) []byte

	// Send puts bytes on the line as they are.
	Send(b []byte)

	// Weaken changes what the reader says of itself from now on.
	Weaken(how Weakness)

	// BIN and last four digits of the card, which the reader shows, and its own serial number.
	BIN() string
	Last4() string
	Serial() string

	// Close ends the reader.
	Close()
}

// Swipe is how a card is drawn, or what the reader makes of it.
type Swipe string

// The swipes. ClearFrame, ClearText and Unmasked have card data in clear: in a frame, without one, and beside the ciphertext. The same key serial number,
// one before the last, none, and one of another key are replays.
const (
	Good       Swipe = "good"
	Unreadable Swipe = "unreadable"
	ClearFrame Swipe = "clear in a frame"
	ClearText  Swipe = "clear text"
	Unmasked   Swipe = "not masked"
	Replayed   Swipe = "the same key again"
	Backwards  Swipe = "an older key"
	Keyless    Swipe = "no key"
	OtherKey   Swipe = "a key of another reader"
	HasChip    Swipe = "a card with a chip"
)

// Weakness is what is wrong with a reader.
type Weakness string

// The weaknesses. Dumb is a reader that answers nothing.
const (
	NoKeys    Weakness = "no keys"
	KeysIdle  Weakness = "keys that are not used"
	UsedUp    Weakness = "keys that are used up"
	NotHidden Weakness = "encryption that is off"
	Dumb      Weakness = "silence"
)

// CardReader runs the laws of an encrypting card reader against the bench.
func CardReader(t *testing.T, bench ReaderBench) {
	for _, law := range []struct {
		name string
		test func(*testing.T, ReaderBench)
	}{
		{"a reader that does not encrypt is refused", refusesWeakReaders},
		{"an opening that loses its wire at any byte is tried again", opensAgain},
		{"the end of the context ends the opening", openingEndsWithContext},
		{"nothing is read before the reader has proved itself", readsNothingBeforeOpen},
		{"a card is read, and nothing of it in clear", readsACard},
		{"cards in one piece are read one by one", readsGluedCards},
		{"a card in single bytes is read", readsSplitCards},
		{"a damaged byte anywhere is no card", refusesDamage},
		{"a foreign byte anywhere is no card", refusesJunk},
		{"a card that stops at any byte is asked for again", survivesCuts},
		{"a wire that is lost at any byte is opened anew", survivesUnplugging},
		{"card data in clear are wiped and told", refusesClear},
		{"a key is taken once", refusesReplays},
		{"a chip is asked for", asksForTheChip},
		{"an unreadable card is asked for again", asksAgain},
		{"the end of the context ends the wait and loses nothing", waitEndsWithContext},
		{"an unknown option is refused", readerRefusesUnknownOptions},
	} {
		t.Run(law.name, func(t *testing.T) { law.test(t, bench) })
	}
}
