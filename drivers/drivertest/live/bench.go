package live

import (
	"context"
	"io"
	"testing"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// Device is a simulated card terminal whose memory survives its wires.
type Device interface {
	// Serve plays it on a wire until that or ctx ends, and closes the wire. It may be called again. What the wire's loss means for a sale is decided
	// when it returns.
	Serve(ctx context.Context, wire io.ReadWriteCloser) error

	// Held is what it holds as taken, in minor units.
	Held() pos.Minor

	// Close ends it.
	Close() error
}

// Bench is what a family brings.
type Bench struct {
	Driver   drivers.Driver
	Currency pos.Currency
	Options  map[string]string // of the driver
	Stream   bool              // over TCP instead of a pseudo-terminal

	// New makes a device without a history; folder is there for its memory and the test's own.
	New func(t *testing.T, folder string) Device
}

// settings are those of the driver.
func (b Bench) settings() drivers.Settings {
	return drivers.Settings{Currency: b.Currency, Stream: b.Stream, Options: b.Options}
}
