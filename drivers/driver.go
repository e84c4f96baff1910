package drivers

import "github.com/tillproof/tillproof/pos"

// Kind is what a device is for, as the configuration names it.
type Kind string

// KindCard is the kind of devices that implement [CardTerminal].
const KindCard Kind = "card"

// KindScanner is the kind of devices that implement [Scanner].
const KindScanner Kind = "scanner"

// KindReader is the kind of devices that implement [CardReader].
const KindReader Kind = "reader"

// Driver describes one family of devices. Descriptions are values: there is no registry, drivers/all lists them.
type Driver struct {
	Name string // as the configuration names it, such as "zvt"
	Kind Kind
	Doc  string // one line for the technician
	Line Line   // the serial settings that the protocol starts from

	// NewCardTerminal makes the driver of a device of kind card on a wire. It sends nothing. It fails only for options that it does not
	// understand. Set when Kind is KindCard.
	NewCardTerminal func(conn Conn, settings Settings) (CardTerminal, error)

	// Lacks lists what card terminals of the family cannot do under the settings; nil for a family that lacks nothing.
	Lacks func(settings Settings) []Function

	// NewCardReader makes the driver of a device of kind reader on a wire, under the same rules. Set when Kind is KindReader.
	NewCardReader func(conn Conn, settings Settings) (CardReader, error)

	// NewScanner makes the driver of a device of kind scanner on a wire, under the same rules. Set when Kind is KindScanner.
	NewScanner func(conn Conn, settings Settings) (Scanner, error)
}

// Settings are what the shop configured for one device.
type Settings struct {
	Currency pos.Currency
	Stream   bool              // the wire is a TCP stream, not a serial line: protocols may frame differently on it
	Options  map[string]string // the driver's own, documented in its package; an unknown one is an error
}

// Line is the setting of a serial line. No protocol that we drive uses a handshake by modem lines.
type Line struct {
	Baud     int
	DataBits int // 7 or 8
	Parity   Parity
	StopBits int // 1 or 2
}

// Parity of a serial line.
type Parity string

// The parities that devices use.
const (
	NoParity   Parity = "none"
	EvenParity Parity = "even"
	OddParity  Parity = "odd"
)
