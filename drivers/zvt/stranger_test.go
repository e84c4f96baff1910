package zvt

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/pos"
)

// TestAnotherProtocolIsAMessage opens wires on which other families speak.
func TestAnotherProtocolIsAMessage(t *testing.T) {
	for name, c := range map[string]struct {
		stream bool
		says   string // to each of our frames
		code   pos.ErrorCode
		speaks string
	}{
		"ECR17, NAK":                             {false, "\x15\x03\x69", otherProtocol, drivers.GuessECR17},
		"ECR17, ACK to everything":               {false, "\x06\x03\x7A", otherProtocol, drivers.GuessECR17},
		"Transbank, a reply":                     {false, "\x020810|00|597000000001|\x03\x00", otherProtocol, drivers.GuessTransbank},
		"a frame of 02 and 03":                   {false, "\x02HELLO\x03\x41", otherProtocol, drivers.GuessFramed},
		"Concert, ENQ":                           {false, "\x05", otherProtocol, drivers.GuessConcert},
		"an ASCII line":                          {false, "ERROR\r\n", otherProtocol, drivers.GuessText},
		"NAK alone":                              {false, "\x15", deviceUnavailable, ""},
		"a wrong baud rate":                      {false, "\xFE\xE0\x18\xFE", deviceUnavailable, ""},
		"ZVT with damaged frames":                {false, "\x06\x10\x02\x80\x00\x00\x10\x03\x00\x00", deviceUnavailable, ""},
		"TCP, ECR17":                             {true, "\x15\x03\x69", otherProtocol, drivers.GuessECR17},
		"TCP, Transbank":                         {true, "\x020810|00|597000000001|\x03\x00", otherProtocol, drivers.GuessTransbank},
		"TCP, Concert's tags":                    {true, "CZ0040300CJ012012345678901", otherProtocol, drivers.GuessConcert},
		"TCP, a web server":                      {true, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 11\r\nContent-Type: text/plain\r\n\r\n", otherProtocol, drivers.GuessText},
		"TCP, a message of no class of ZVT":      {true, "\x60\x01\x00", otherProtocol, ""},
		"TCP, ZVT that does not come to its end": {true, "\x80\x00\x05", deviceUnavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				till, far := drivertest.Wire()
				done := make(chan struct{})
				go answerAll(far, c.says, done)
				defer func() { till.Close(); <-done }()
				made, err := newTerminal(till, drivers.Settings{Currency: "EUR", Stream: c.stream})
				if err != nil {
					t.Fatal(err)
				}
				begun := time.Now()
				_, err = made.Open(context.Background())
				var known *pos.Error
				if !errors.As(err, &known) || known.Code != c.code || known.Money != pos.NoneMoved || known.Text == "" || known.Next == "" {
					t.Fatalf("%v", err)
				}
				if c.code == otherProtocol && (known.Retry != pos.Permanent || time.Since(begun) > 2*time.Second) {
					t.Errorf("class %d after %v", known.Retry, time.Since(begun))
				}
				if got, _ := known.Details["speaks"]; c.code == otherProtocol && got != c.speaks {
					t.Errorf("speaks %q, want %q", got, c.speaks)
				}
			})
		})
	}
}

// answerAll says the same to whatever comes and is longer than an acknowledgement.
func answerAll(wire drivers.Conn, says string, done chan struct{}) {
	defer close(done)
	var b [256]byte
	for {
		n, err := wire.Read(b[:])
		if err != nil {
			return
		}
		if n > 1 {
			_, _ = wire.Write([]byte(says))
		}
	}
}

// TestNoiseBeforeTheFirstFrameIsForgiven opens a terminal whose wire says things of other families before it speaks.
func TestNoiseBeforeTheFirstFrameIsForgiven(t *testing.T) {
	play(t, false, func(d *device) {
		d.raw(0x05)
		d.status(idleStatus)
		d.raw([]byte("\x15\x03\x69")...)
		d.registration(registered)
		d.repeats(before)
	}, func(s *saleTest) {
		if last, err := s.terminal.Open(context.Background()); err != nil || last.Trace != "000123" {
			t.Errorf("%+v, %v", last, err)
		}
	})
}
