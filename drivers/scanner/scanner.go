package scanner

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// Times of the driver.
const (
	glance     = 250 * time.Millisecond // how often a wait looks whether its context has ended
	sameWithin = 300 * time.Millisecond // the same bytes again are no second scan
	staleAfter = time.Second            // how long a code may wait for its terminator
)

// Driver describes the driver for the list of drivers: name "scanner", 9600 baud 8N1.
func Driver() drivers.Driver {
	return drivers.Driver{
		Name:       "scanner",
		Kind:       drivers.KindScanner,
		Doc:        "Barcode and QR scanners that send plain text, serial (also USB-COM) or TCP",
		Line:       drivers.Line{Baud: 9600, DataBits: 8, Parity: drivers.NoParity, StopBits: 1},
		NewScanner: newScanner,
	}
}

// scanner is one plain scanner on one wire. It starts no goroutine.
type scanner struct {
	options  options
	wire     *drivers.Reader
	splitter splitter
	last     [sha256.Size]byte // of the last code, which itself may be a secret
	lastAt   time.Time

	scans, duplicates, overlong, broken, refused atomic.Uint64
}

func newScanner(conn drivers.Conn, settings drivers.Settings) (drivers.Scanner, error) {
	o, err := readOptions(settings.Options)
	if err != nil {
		return nil, err
	}
	return &scanner{options: o, wire: drivers.NewReader(conn), splitter: splitter{terminator: o.terminator, flow: o.flow}}, nil
}

// Open implements [drivers.Scanner]: a plain scanner needs nothing.
func (s *scanner) Open(ctx context.Context) error { return ctx.Err() }

// Close implements [drivers.Scanner]: a plain scanner needs nothing.
func (s *scanner) Close(context.Context) error { return nil }

// Stats implements [drivers.Scanner].
func (s *scanner) Stats() drivers.ScanStats {
	return drivers.ScanStats{Scans: s.scans.Load(), Duplicates: s.duplicates.Load(),
		Overlong: s.overlong.Load(), Broken: s.broken.Load(), Refused: s.refused.Load()}
}

// Scan implements [drivers.Scanner].
func (s *scanner) Scan(ctx context.Context) (drivers.Scan, error) {
	for {
		if err := ctx.Err(); err != nil {
			return drivers.Scan{}, err
		}
		code, err := s.listen(ctx)
		if err != nil {
			return drivers.Scan{}, pos.NewError("device_unavailable", pos.Transient, pos.NoneMoved, "The scanner is not connected.",
				"Check its cable; it is opened again by itself.").Because(err)
		}
		if len(code) == 0 || s.isDuplicate(code) {
			continue
		}
		if OfAPaymentCard(code) {
			clear(code)
			s.refused.Add(1)
			continue
		}
		s.scans.Add(1)
		return interpret(code, s.options.encoding, s.wire.Heard()), nil
	}
}

// listen takes one byte, or what silence means. It returns a code when one has ended.
func (s *scanner) listen(ctx context.Context) ([]byte, error) {
	b, err := s.wire.Next(s.until(ctx))
	var code []byte
	switch {
	case err == nil:
		code = s.splitter.feed(b)
	case !errors.Is(err, drivers.ErrQuiet):
		return nil, err
	case s.splitter.partial() && time.Since(s.wire.Heard()) >= s.patience():
		code = s.silence()
	}
	s.overlong.Store(s.splitter.dropped)
	return code, nil
}

// silence ends an unfinished code: it is whole where nothing else ends codes, and lost elsewhere.
func (s *scanner) silence() []byte {
	if s.splitter.bySilence() {
		return s.splitter.take()
	}
	s.broken.Add(1)
	s.splitter.discard()
	return nil
}

// patience is how long silence may last inside a code.
func (s *scanner) patience() time.Duration {
	if s.splitter.bySilence() {
		return s.options.idle
	}
	return staleAfter
}

// until is when a read must look around.
func (s *scanner) until(ctx context.Context) time.Time {
	until := time.Now().Add(glance)
	if end, ok := ctx.Deadline(); ok && end.Before(until) {
		until = end.Add(time.Millisecond) // when ctx has noticed it
	}
	if silent := s.wire.Heard().Add(s.patience()); s.splitter.partial() && silent.Before(until) {
		until = silent
	}
	return until
}

// isDuplicate says whether a code is the last one again, too soon for a second scan, and counts it then. A code that is read again
// and again while it lies before the scanner stays one scan.
func (s *scanner) isDuplicate(code []byte) bool {
	sum := sha256.Sum256(code)
	same := sum == s.last && s.wire.Heard().Sub(s.lastAt) <= sameWithin
	s.last, s.lastAt = sum, s.wire.Heard()
	if same {
		s.duplicates.Add(1)
	}
	return same
}
