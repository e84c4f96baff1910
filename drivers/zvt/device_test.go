package zvt

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// device plays a terminal byte by byte: what a test says is all that goes over the wire.
type device struct {
	t        *testing.T
	conn     drivers.Conn
	stream   bool
	decoder  codec.Decoder
	splitter codec.Splitter
	events   []codec.Event
}

// fail ends the script; the test has failed then.
func (d *device) fail(format string, args ...any) {
	d.t.Errorf("device: "+format, args...)
	runtime.Goexit()
}

func plain(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// next waits for the next thing that the till sends.
func (d *device) next() codec.Event {
	for len(d.events) == 0 {
		var b [1]byte
		_ = d.conn.SetReadDeadline(time.Now().Add(20 * time.Minute))
		if _, err := d.conn.Read(b[:]); err != nil {
			d.fail("nothing came: %v", err)
		}
		if d.stream {
			if ev, ok := d.splitter.Feed(b[0]); ok {
				d.events = append(d.events, ev)
			}
			continue
		}
		d.events = d.decoder.Feed(b[0])
	}
	ev := d.events[0]
	d.events = d.events[1:]
	return ev
}

func (d *device) raw(b ...byte) {
	if _, err := d.conn.Write(b); err != nil {
		d.fail("write: %v", err)
	}
}

// hears wants a frame and does not acknowledge it.
func (d *device) hears(apdu string) {
	ev := d.next()
	if ev.Kind != codec.GotFrame || !bytes.HasPrefix(ev.APDU, plain(apdu)) {
		d.fail("heard kind %d % x, want %s", ev.Kind, ev.Raw, apdu)
	}
}

// takes wants a frame and acknowledges it.
func (d *device) takes(apdu string) {
	d.hears(apdu)
	if !d.stream {
		d.raw(codec.ACK)
	}
}

// control wants ACK or NAK.
func (d *device) control(kind codec.EventKind) {
	if d.stream {
		return
	}
	if ev := d.next(); ev.Kind != kind {
		d.fail("heard kind %d % x, want kind %d", ev.Kind, ev.Raw, kind)
	}
}

// writes sends a frame and looks at nothing.
func (d *device) writes(apdu string) {
	if d.stream {
		d.raw(plain(apdu)...)
		return
	}
	d.raw(codec.Frame(plain(apdu))...)
}

// says sends a frame and wants its ACK.
func (d *device) says(apdu string) {
	d.writes(apdu)
	d.control(codec.GotACK)
}

// asks sends a command and wants this answer.
func (d *device) asks(apdu, answer string) {
	d.says(apdu)
	d.takes(answer)
}

// accepts takes the payment command and accepts it.
func (d *device) accepts() {
	d.takes("06 01")
	d.says("80 00 00")
}

// The messages that most tests need.
const (
	okay      = "80 00 00"
	succeeds  = "04 0F 13 27 00 04 00 00 00 00 10 23 0B 00 01 24 87 00 24 49 09 78"
	declines  = "04 0F 02 27 05"
	completes = "06 0F 00"
)

// saleTest is a terminal with a scripted device on a wire in memory, in virtual time.
type saleTest struct {
	t        *testing.T
	terminal *terminal
	conn     drivers.Conn
	device   *device
	stored   []drivers.Result
	shown    []string
	commit   error
	cancel   chan struct{}
}

// play runs test against a device that follows the script. The terminal is registered already.
func play(t *testing.T, stream bool, script func(*device), test func(*saleTest)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		till, far := drivertest.Wire()
		made, err := newTerminal(till, drivers.Settings{Currency: "EUR", Stream: stream})
		if err != nil {
			t.Fatal(err)
		}
		s := &saleTest{t: t, terminal: made.(*terminal), conn: till, device: &device{t: t, conn: far, stream: stream}, cancel: make(chan struct{})}
		s.terminal.registered = true
		done := make(chan struct{})
		go func() {
			defer close(done)
			script(s.device)
		}()
		test(s)
		till.Close()
		<-done
	})
}

func (s *saleTest) sell() (drivers.Outcome, error) { return s.sellIn(context.Background()) }

func (s *saleTest) sellIn(ctx context.Context) (drivers.Outcome, error) {
	return s.terminal.Sale(ctx, drivers.Sale{
		Amount:   pos.Money{Amount: 1023, Currency: "EUR"},
		Cancel:   s.cancel,
		Progress: func(p drivers.Progress) { s.shown = append(s.shown, p.Code+" "+p.Text) },
		Commit: func(r drivers.Result) error {
			s.stored = append(s.stored, r)
			return s.commit
		},
	})
}

// wantClass checks the class of an error and what it says of the money.
func (s *saleTest) wantClass(err error, retry pos.Retry, money pos.MoneyState) {
	s.t.Helper()
	var e *pos.Error
	if !errors.As(err, &e) || e.Retry != retry || e.Money != money || e.Text == "" || e.Next == "" {
		s.t.Errorf("error %#v, want class %d and money %s", err, retry, money)
	}
}

// quietWire leaves the wire to the test's end.
func quietWire(d *device) {
	var b [64]byte
	for {
		_ = d.conn.SetReadDeadline(time.Time{})
		if _, err := d.conn.Read(b[:]); err != nil {
			return
		}
	}
}
