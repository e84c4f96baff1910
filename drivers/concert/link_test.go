package concert

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/concert/codec"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// meets runs a sale against what stands at the other end of the wire.
func meets(t *testing.T, conn drivers.Conn, stream bool, options map[string]string) (*pos.Error, time.Duration) {
	t.Helper()
	term := made(t, conn, stream, options)
	begun := time.Now()
	_, err := term.Sale(context.Background(), drivers.Sale{Amount: euros(1990), Ref: "a", Progress: func(drivers.Progress) {}, Commit: func(drivers.Result) error { return nil }})
	var known *pos.Error
	if !errors.As(err, &known) {
		t.Fatalf("%v", err)
	}
	return known, time.Since(begun)
}

// TestAStuckTerminalIsDeclaredInTime counts to 2 s beyond the protocol's own limits: three ENQ of 3 s with two pauses of 1 s, an ACK of 3
// s, an answer of 180 s.
func TestAStuckTerminalIsDeclaredInTime(t *testing.T) {
	for _, c := range []struct {
		name  string
		says  [][]byte // after each of the till's writes
		want  string
		limit time.Duration
	}{
		{"silent", nil, "device_unavailable none_moved", 13 * time.Second},
		{"silent after ENQ", [][]byte{{stx.ACK}}, "outcome_unknown unknown", 5*time.Second + 100*time.Millisecond},
		{"silent after the frame", [][]byte{{stx.ACK}, {stx.ACK}}, "outcome_unknown unknown", 182 * time.Second},
		{"the begin of a frame, and no more", [][]byte{{stx.ACK}, {stx.ACK, stx.ENQ}, nil, []byte("\x02020000")}, "outcome_unknown unknown", 182 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				till, far := drivertest.Wire()
				go answering(far, c.says)
				known, took := meets(t, till, false, nil)
				if got := fmt.Sprintf("%s %s", known.Code, known.Money); got != c.want || took > c.limit {
					t.Errorf("%v after %v", known, took)
				}
				till.Close()
			})
		})
	}
}

// answering writes the next piece whenever something came.
func answering(far *drivertest.End, says [][]byte) {
	b := make([]byte, 256)
	for {
		if _, err := far.Read(b); err != nil {
			return
		}
		if len(says) > 0 {
			_, _ = far.Write(says[0])
			says = says[1:]
		}
	}
}

func TestALineThatTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till, far := net.Pipe() // nobody reads
		known, took := meets(t, till, false, nil)
		if known.Money != pos.NoneMoved || took > 7*time.Second {
			t.Errorf("%v after %v", known, took)
		}
		till.Close()
		far.Close()
	})
}

func TestAnotherProtocolIsNamed(t *testing.T) {
	again := func(b string) [][]byte {
		return [][]byte{[]byte(b), []byte(b), []byte(b), []byte(b), []byte(b), []byte(b)}
	}
	for family, c := range map[string]struct {
		says    [][]byte
		stream  bool
		options map[string]string
	}{
		drivers.GuessECR17:     {again("\x15\x03\x69"), false, nil},
		drivers.GuessTransbank: {again(string(codec.Rules().Frame([]byte("0210|00|")))), false, nil},
		drivers.GuessZVT:       {again("\x10\x02\x06\x0f\x00\x10\x03\x00\x00"), false, nil},
	} {
		t.Run(family, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				till, far := drivertest.Wire()
				go answering(far, c.says)
				known, _ := meets(t, till, c.stream, c.options)
				if known.Code != "wrong_protocol" || known.Details["speaks"] != family {
					t.Errorf("%v %v", known, known.Details)
				}
				till.Close()
			})
		})
	}
}

func TestASecondMessageInASessionIsAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till, far := drivertest.Wire()
		good := codec.Rules().Frame([]byte("010000019901978" + drivers.Ticket("a", privateLength)))
		other := codec.Rules().Frame([]byte("010000001001978SOMEBODY99"))
		heard := make(chan byte, 16) // control bytes
		go func() {
			defer close(heard)
			b := make([]byte, 256)
			says := [][]byte{{stx.ACK}, {stx.ACK}, {stx.ENQ}, append(good, other...), {stx.EOT}}
			for {
				n, err := far.Read(b)
				if err != nil {
					return
				}
				for _, c := range b[:n] {
					if n < 5 {
						heard <- c
					}
				}
				if len(says) > 0 {
					_, _ = far.Write(says[0])
					says = says[1:]
				}
			}
		}()
		term := made(t, till, false, nil)
		out, err := term.Sale(context.Background(), drivers.Sale{Amount: euros(1990), Ref: "a", Progress: func(drivers.Progress) {}, Commit: func(drivers.Result) error { return nil }})
		if err != nil || out.Result.Decision != drivers.Approved || len(term.late) != 1 {
			t.Errorf("%+v, %v, %d late", out, err, len(term.late))
		}
		till.Close()
		acks := 0
		for c := range heard {
			if c == stx.ACK {
				acks++
			}
		}
		if acks != 3 { // to its ENQ and to both frames
			t.Errorf("%d ACKs", acks)
		}
	})
}

// torn is a wire that breaks behind some bytes of the first write.
type torn struct {
	drivers.Conn
	after int
}

func (c torn) Write(b []byte) (int, error) { return min(c.after, len(b)), net.ErrClosed }

func TestAMessageThatWentOutInPartIsUnknown(t *testing.T) {
	for after, want := range map[int]pos.MoneyState{0: pos.NoneMoved, 5: pos.MoneyUnknown, 1000: pos.MoneyUnknown} {
		synctest.Test(t, func(t *testing.T) {
			till, _ := drivertest.Wire()
			if known, _ := meets(t, torn{till, after}, true, map[string]string{"generation": "v3"}); known.Money != want {
				t.Errorf("%d bytes: %v", after, known)
			}
			till.Close()
		})
	}
}

// TestTheTerminalsOwnSessionIsNotBrokenInto has the terminal's ENQ waiting when a sale begins: nothing but ACK may come before its frame.
func TestTheTerminalsOwnSessionIsNotBrokenInto(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till, far := drivertest.Wire()
		_, _ = far.Write([]byte{stx.ENQ})
		go func() {
			b := make([]byte, 256)
			if n, err := far.Read(b); err != nil || string(b[:n]) != "\x06" {
				t.Errorf("% x, %v", b[:n], err)
			}
			time.Sleep(2 * time.Second)
			_ = far.SetReadDeadline(time.Now().Add(time.Millisecond))
			if n, err := far.Read(b); err == nil {
				t.Errorf("in the terminal's session: % x", b[:n])
			}
			_ = far.SetReadDeadline(time.Time{})
			_, _ = far.Write(codec.Rules().Frame([]byte("010000001001978SOMEBODY99")))
			if n, err := far.Read(b); err != nil || string(b[:n]) != "\x06" {
				t.Errorf("% x, %v", b[:n], err)
			}
			_, _ = far.Write([]byte{stx.EOT})
			answering(far, [][]byte{{stx.ACK}, {stx.ACK}, {stx.ENQ}, codec.Rules().Frame([]byte("017000019901978" + drivers.Ticket("a", privateLength))), {stx.EOT}})
		}()
		term := made(t, till, false, nil)
		out, err := term.Sale(context.Background(), drivers.Sale{Amount: euros(1990), Ref: "a", Progress: func(drivers.Progress) {}, Commit: func(drivers.Result) error { return nil }})
		if err != nil || out.Result.Decision != drivers.Declined || len(term.late) != 1 {
			t.Errorf("%+v, %v, %d late", out, err, len(term.late))
		}
		till.Close()
	})
}
