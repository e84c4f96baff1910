package drivertest

import (
	"testing"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// Bench is what a driver brings to the run.
type Bench interface {
	// Driver is the driver under test.
	Driver() drivers.Driver

	// Settings for it; their currency is the one that the run pays in.
	Settings() drivers.Settings

	// NewPeer makes a device without a history. It is called inside the bubble of a test, and everything that it starts
	// must be over when its Close returns.
	NewPeer(t *testing.T) Peer
}

// Peer is a scripted device. Its memory survives the loss of the wire.
type Peer interface {
	// Plug makes a new wire to the device, after breaking the one before, and returns the till's end.
	Plug() drivers.Conn

	// Next says how the sales to come go, until it is called again.
	Next(script Script)

	// Commands counts the money commands that arrived whole, link repeats not counted.
	Commands() int

	// Acknowledged counts the approvals whose positive acknowledgement arrived.
	Acknowledged() int

	// Booked lists the amounts that the device holds as taken, oldest first.
	Booked() []pos.Money

	// Close ends the device.
	Close()
}

// Script is the course of a sale as the device plays it.
type Script struct {
	Card  Card
	Fault Fault
	At    Moment

	// Keep makes the device keep an approval whose acknowledgement did not come; otherwise it takes the money back.
	Keep bool

	// Repeat makes the device send its result again, as after a lost acknowledgement of the link.
	Repeat bool
}

// Card is what the customer does.
type Card string

// The cards. Waits is a customer who does nothing: the device waits until it is asked to stop.
const (
	Approves Card = "approves"
	Declines Card = "declines"
	Aborts   Card = "aborts"
	Waits    Card = "waits"
)

// Fault is what happens to the wire.
type Fault string

// The faults. Mute is a wire that stays open and carries nothing any more, in either direction.
const (
	NoFault Fault = ""
	Unplug  Fault = "unplug"
	Mute    Fault = "mute"
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
