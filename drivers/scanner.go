package drivers

import (
	"context"
	"fmt"
	"time"
)

// Scanner is a device that reads barcodes and QR codes: goods, and payment codes on customers' phones.
//
// No method moves money. An error of the wire sticks until the wire is opened anew; nothing else ends a scanner, and damaged
// input is counted, never an error of Scan. Stats may be called from any goroutine, the other methods from one at a time.
type Scanner interface {
	// Open makes the scanner ready. It is called once on each new wire. A plain scanner needs nothing.
	Open(ctx context.Context) error

	// Scan waits for the next code. What has come of a code when ctx ends is kept for the next call, so that no code is lost; the error
	// is that of ctx then. An error of any other kind is a *pos.Error with code device_unavailable: open the wire anew.
	// A scanner without terminators ends a code by silence, so the caller should come back soon.
	Scan(ctx context.Context) (Scan, error)

	// Close ends the use. It does not close the wire.
	Close(ctx context.Context) error

	// Stats tells what was counted since the scanner was made.
	Stats() ScanStats
}

// Scan is one code that was read. It may be a payment code, which is a secret for about a minute: neither Raw nor Text may be
// logged or stored, and String shows neither.
type Scan struct {
	Raw       []byte    // the code as received, without prefix and terminator; the receiver owns it
	Text      string    // the payload as UTF-8 without AIM identifier; GS1 data begins with FNC1 (1D), whatever was sent
	Symbology string    // such as "qr" or "ean_13", empty when the scanner does not say
	AIM       string    // the AIM identifier (ISO/IEC 15424) as received, such as "]Q1", empty when there was none
	Elements  []Element // of GS1 data and of a GS1 Digital Link, in their order; nil for all else
	Ambiguous bool      // GS1 separators seem to be lost: Elements hold only what stands before the doubt
	Fault     string    // why the payload is not what its symbology promises, for the cashier; empty when it is
	At        time.Time // when its last byte was taken from the wire
}

// String tells symbology and length, never the code.
func (s Scan) String() string {
	return fmt.Sprintf("scan of %d bytes, symbology %q", len(s.Raw), s.Symbology)
}

// GoString is String, so that no way to print a scan shows the code.
func (s Scan) GoString() string { return s.String() }

// Element is one GS1 element: an application identifier of two to four digits, and its value without separator.
type Element struct {
	AI    string
	Value string
}

// ScanStats counts what a scanner did.
type ScanStats struct {
	Scans      uint64 // codes handed out
	Duplicates uint64 // codes dropped as the same again within 300 ms
	Overlong   uint64 // inputs dropped because they passed the length limit
	Broken     uint64 // inputs dropped because their terminator never came, or could not be read
	Refused    uint64 // payment cards, dropped unread, and at a reader of stripes cards of other houses
}
