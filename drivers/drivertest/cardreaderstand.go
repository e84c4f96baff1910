package drivertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// Codes that the laws name.
const (
	deviceUnavailable pos.ErrorCode = "device_unavailable"
	cardUnreadable    pos.ErrorCode = "card_unreadable"
)

// readerStand is one card reader with a till on it.
type readerStand struct {
	t      *testing.T
	bench  ReaderBench
	peer   ReaderPeer
	wire   *tap
	reader drivers.CardReader
	info   drivers.ReaderInfo
	told   []drivers.Progress
	ends   []context.CancelFunc
}

// atReader runs a test in virtual time at a reader that has been opened.
func atReader(t *testing.T, bench ReaderBench, test func(s *readerStand)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &readerStand{t: t, bench: bench, peer: bench.NewPeer(t)}
		defer s.peer.Close()
		s.open()
		defer func() { s.wire.Close() }()
		test(s)
		for _, end := range s.ends {
			end()
		}
		if err := s.reader.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
}

// plug makes a driver on a new wire.
func (s *readerStand) plug() {
	s.t.Helper()
	if s.wire != nil {
		s.wire.Close()
	}
	s.wire = newTap(s.peer.Plug())
	reader, err := s.bench.Driver().NewCardReader(s.wire, s.bench.Settings())
	if err != nil {
		s.t.Fatalf("new reader: %v", err)
	}
	s.reader = reader
}

func (s *readerStand) open() {
	s.t.Helper()
	s.plug()
	info, err := s.reader.Open(s.within(time.Minute))
	if err != nil {
		s.t.Fatalf("open: %v", err)
	}
	s.info = info
}

// within is a context that ends by itself.
func (s *readerStand) within(d time.Duration) context.Context {
	ctx, end := context.WithTimeout(context.Background(), d)
	s.ends = append(s.ends, end)
	return ctx
}

func (s *readerStand) progress(p drivers.Progress) {
	s.told = append(s.told, p)
	s.wantNoSecret(fmt.Sprintf("%+v", p))
}

func (s *readerStand) read() (drivers.Swipe, error) {
	return s.reader.Read(s.within(patience), s.progress)
}

// swipe draws a good card and reads it.
func (s *readerStand) swipe() drivers.Swipe {
	s.t.Helper()
	s.peer.Send(s.peer.Draw(Good))
	swipe, err := s.read()
	s.wantCard(swipe, err)
	return swipe
}

// wantCard checks a card that was read.
func (s *readerStand) wantCard(swipe drivers.Swipe, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("the card was not read: %v", err)
	}
	if swipe.Format == "" || len(swipe.Opaque) == 0 || len(swipe.KSN) != drivers.KSNSize || swipe.Reader != s.peer.Serial() || swipe.Entry == "" || swipe.At.IsZero() {
		s.t.Errorf("a swipe that lacks something: %+v", swipe)
	}
	if swipe.BIN != "" && swipe.BIN != s.peer.BIN() || swipe.Last4 != s.peer.Last4() {
		s.t.Errorf("BIN %q, last four %q", swipe.BIN, swipe.Last4)
	}
	type bare drivers.Swipe // without its own way to print
	s.wantNoSecret(fmt.Sprintf("%+v", bare(swipe)))
	s.wantNoSecret(string(swipe.Opaque))
	s.wantNoSecret(string(swipe.Hash))
}

// wantNoSecret looks for card data in what the driver gives out.
func (s *readerStand) wantNoSecret(text string) {
	s.t.Helper()
	for _, secret := range s.bench.Secrets() {
		if strings.Contains(text, secret) {
			s.t.Errorf("a secret of %d characters stands in what the driver gives out", len(secret))
		}
	}
}

// wantError checks an error with a code; nothing moved, and the cashier is told what to do.
func (s *readerStand) wantError(err error, code pos.ErrorCode) {
	s.t.Helper()
	var e *pos.Error
	if !errors.As(err, &e) || e.Code != code || e.Money != pos.NoneMoved || e.Retry == pos.OutcomeUnknown || e.Text == "" || e.Next == "" {
		s.t.Fatalf("error %v, want code %s with nothing moved", err, code)
	}
	s.wantNoSecret(fmt.Sprintf("%+v %v", *e, err))
}

// wantNoCard waits longer than any pause in a card: it is asked for again, or nothing is told.
func (s *readerStand) wantNoCard() {
	s.t.Helper()
	_, err := s.reader.Read(s.within(3*time.Second), s.progress)
	s.wantAskedAgain(err)
	time.Sleep(time.Second)
}

// wantAskedAgain checks that no card was read and that the wire stays usable.
func (s *readerStand) wantAskedAgain(err error) {
	s.t.Helper()
	if errors.Is(err, context.DeadlineExceeded) {
		return
	}
	s.wantError(err, cardUnreadable)
}

// measureSwipe is how many bytes a card has on the line.
func measureSwipe(t *testing.T, bench ReaderBench) (n int) {
	t.Helper()
	atReader(t, bench, func(s *readerStand) { n = len(s.peer.Draw(Good)) })
	if n == 0 {
		t.Fatal("a card that puts nothing on the line")
	}
	return n
}
