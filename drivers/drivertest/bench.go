package drivertest

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// Bench is what a driver brings to the run.
type Bench interface {
	// Driver is the driver under test.
	Driver() drivers.Driver

	// Settings for it; their currency is the one that the run pays in.
	Settings() drivers.Settings

	// Keeps says that the device keeps what it approved, whether or not the till acknowledged it: Script's Keep and Late mean nothing to it.
	Keeps() bool

	// NewPeer makes a device without a history. It is called inside the bubble of a test, and everything that it starts
	// must be over when its Close returns.
	NewPeer(t *testing.T) Peer
}

// Silent is a [Bench] of a protocol that has no acknowledgement of a result, such as bare messages on a stream, where it says so. The result is stored before
// the outcome counts all the same; nothing that the device sees tells when.
type Silent interface{ Silent() bool }

// Retold is a [Bench] of a protocol whose link may send a command that moves money again after silence, because a device tells a repetition from a second command
// by the protocol's own rules. No other may: the acknowledgement may have been lost, and the device do it twice.
type Retold interface{ Retold() bool }

// Sparse is a [Bench] that goes through the laws once more under other settings, so that it need not lose its wire at each byte: Every says at which, 1 for
// each. It is no multiple of 3, since what the device makes of a loss alternates by that.
type Sparse interface{ Every() int }

// stride is the distance of the bytes at which a bench loses its wire.
func stride(bench Bench) int {
	if s, ok := bench.(Sparse); ok {
		return s.Every()
	}
	return 1
}

// acknowledgements is how many of a result arrive at a bench's device.
func acknowledgements(bench Bench) int {
	if s, ok := bench.(Silent); ok && s.Silent() {
		return 0
	}
	return 1
}

// Peer is a scripted device. Its memory survives the loss of the wire.
type Peer interface {
	// Plug makes a new wire to the device, after breaking the one before, and returns the till's end.
	Plug() drivers.Conn

	// Next says how the commands to come go, until it is called again.
	Next(script Script)

	// Commands counts the sales, voids, refunds and ends of day that arrived whole, link repeats not counted.
	Commands() int

	// Acknowledged counts the good results whose positive acknowledgement arrived.
	Acknowledged() int

	// Booked lists the sales that the device holds as taken and that no void took back, oldest first. Settled ones stay in it.
	Booked() []pos.Money

	// Returned lists the refunds that the device holds as given back, oldest first.
	Returned() []pos.Money

	// Closed lists what each end of day of the device came to, sales less refunds, oldest first.
	Closed() []pos.Minor

	// Close ends the device.
	Close()
}

// Script is the course of a command as the device plays it.
type Script struct {
	Card  Card
	Fault Fault
	At    Moment

	// Keep makes the device keep a sale, void or refund whose acknowledgement did not come; otherwise it takes it back.
	Keep bool

	// Late, above 0, is how long after the loss of the wire the device takes back what it does not keep. Until then it says that it is ready, and tells
	// it as its last transaction.
	Late time.Duration

	// Repeat makes the device send its result again, as after a lost acknowledgement of the link.
	Repeat bool
}

// Card is what the customer does, or the device by itself at a command that needs no card.
type Card string

// The cards. Waits is a customer who does nothing: the device waits until it is asked to stop, and at most a minute, after which it ends the command as
// aborted. Refuses is a device that does not begin the command.
const (
	Approves Card = "approves"
	Declines Card = "declines"
	Aborts   Card = "aborts"
	Waits    Card = "waits"
	Refuses  Card = "refuses"
)

// Fault is what happens to the wire.
type Fault string

// The faults. Mute is a wire that stays open and carries nothing any more, in either direction; OneWay one that still carries what goes the other way.
const (
	NoFault Fault = ""
	Unplug  Fault = "unplug"
	Mute    Fault = "mute"
	OneWay  Fault = "one way"
)

// Moment is when a fault strikes.
type Moment string

// The moments. BeforeCommand strikes at once, AfterCommand when the device has the whole money command, AfterResult
// when it has sent its result, AfterAcknowledgement when the acknowledgement of that has arrived.
const (
	BeforeCommand        Moment = "before the command"
	AfterCommand         Moment = "after the command"
	AfterResult          Moment = "after the result"
	AfterAcknowledgement Moment = "after the acknowledgement"
)
