package concert

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
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

// TestATerminalThatAsksWithoutEndIsDeclaredInTime: its ENQ are given way to for as long as three of ours may take, and the last one its session.
func TestATerminalThatAsksWithoutEndIsDeclaredInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till, far := drivertest.Wire()
		over := make(chan struct{})
		go func() {
			defer close(over)
			for err := error(nil); err == nil; time.Sleep(50 * time.Millisecond) {
				_, err = far.Write([]byte{stx.ENQ})
			}
		}()
		known, took := meets(t, till, false, nil)
		if known.Code != "device_unavailable" || known.Money != pos.NoneMoved || took > 17*time.Second {
			t.Errorf("%v after %v", known, took)
		}
		till.Close()
		<-over
	})
}

// TestATerminalThatAsksWithoutEndKeepsNoResult: what it told is the sale's end, whatever it wants then.
func TestATerminalThatAsksWithoutEndKeepsNoResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till, far := drivertest.Wire()
		over := make(chan struct{})
		go func() {
			defer close(over)
			for _, says := range []string{"\x06", "\x06", "\x05", string(codec.Rules().Frame([]byte("010000019901978" + drivers.Ticket("a", privateLength))))} {
				_, _ = far.Read(make([]byte, 256))
				_, _ = far.Write([]byte(says))
			}
			for range 4000 {
				_, _ = far.Write([]byte{stx.ENQ})
				time.Sleep(50 * time.Millisecond)
			}
		}()
		if how, took := sells(t, made(t, till, false, nil)); how != drivers.Approved || took > 6*time.Second {
			t.Errorf("%s after %v", how, took)
		}
		till.Close()
		<-over
	})
}

// TestAnENQThatFailedIsTakenBack by EOT, whether it was refused or not answered.
func TestAnENQThatFailedIsTakenBack(t *testing.T) {
	for _, says := range []string{"\x15", "\xFF"} {
		synctest.Test(t, func(t *testing.T) {
			till, far := drivertest.Wire()
			go answering(far, [][]byte{[]byte(says)})
			heard := &tapped{Conn: till}
			_, _ = meets(t, heard, false, nil)
			if got := string(heard.wrote); got != "\x05\x04\x05\x04\x05\x04" {
				t.Errorf("% x: % x", says, got)
			}
			till.Close()
		})
	}
}

// tapped is a wire that notes what the till writes.
type tapped struct {
	drivers.Conn
	wrote []byte
}

func (c *tapped) Write(b []byte) (int, error) {
	c.wrote = append(c.wrote, b...)
	return c.Conn.Write(b)
}

// sells runs a sale that has an end.
func sells(t *testing.T, term *terminal) (drivers.Decision, time.Duration) {
	t.Helper()
	begun := time.Now()
	out, err := term.Sale(context.Background(), drivers.Sale{Amount: euros(1990), Ref: "a", Progress: func(drivers.Progress) {}, Commit: func(drivers.Result) error { return nil }})
	if err != nil {
		t.Errorf("%v", err)
	}
	return out.Result.Decision, time.Since(begun)
}

// TestAStrayByteDelaysNoSale has each byte but ENQ, which announces a message, lie on the line before the first sale.
func TestAStrayByteDelaysNoSale(t *testing.T) {
	for stray := range 256 {
		synctest.Test(t, func(t *testing.T) {
			till, far := drivertest.Wire()
			_, _ = far.Write([]byte{byte(stray)})
			if stray != int(stx.ENQ) {
				go polite(far, codec.Rules().Frame([]byte("010000019901978"+drivers.Ticket("a", privateLength))))
				if how, took := sells(t, made(t, till, false, nil)); how != drivers.Approved || took > time.Second {
					t.Errorf("%02x: %s after %v", stray, how, took)
				}
			}
			till.Close()
		})
	}
}

// polite is a terminal that says what is due to what it hears, and nothing to anything else.
func polite(far *drivertest.End, answer []byte) {
	b, taken := make([]byte, 256), false
	for {
		n, err := far.Read(b)
		if err != nil {
			return
		}
		switch b[n-1] {
		case stx.ENQ:
			_, _ = far.Write([]byte{stx.ACK})
		case stx.EOT:
			if taken {
				_, _ = far.Write([]byte{stx.ENQ})
			}
		case stx.ACK:
			_, _ = far.Write(answer)
			answer = []byte{stx.EOT}
		default:
			if taken = b[0] == stx.STX; taken {
				_, _ = far.Write([]byte{stx.ACK})
			}
		}
	}
}

// TestWhatCameBeforeTheSaleIsNotItsAnswer has a terminal that tells no private field, and so nothing by which an older answer could be known, say one
// in the till's own session, before the till's message.
func TestWhatCameBeforeTheSaleIsNotItsAnswer(t *testing.T) {
	for _, pause := range []time.Duration{0, 500 * time.Microsecond} { // between two bytes
		synctest.Test(t, func(t *testing.T) {
			till, far := drivertest.Wire()
			stale := codec.Rules().Frame([]byte("010000019901978          "))
			go func() {
				_, _ = far.Read(make([]byte, 8))
				for _, b := range append([]byte{stx.ACK}, stale...) {
					_, _ = far.Write([]byte{b})
					time.Sleep(pause)
				}
				answering(far, [][]byte{nil, {stx.ACK}})
			}()
			term := made(t, till, false, nil)
			_, err := term.Sale(context.Background(), drivers.Sale{Amount: euros(1990), Ref: "a", Progress: func(drivers.Progress) {}, Commit: func(r drivers.Result) error {
				t.Errorf("%+v", r)
				return nil
			}})
			if pos.MoneyOf(err) != pos.MoneyUnknown || len(term.late) != 1 {
				t.Errorf("%v, %d late", err, len(term.late))
			}
			till.Close()
		})
	}
}

// TestALineWhoseParityDiffersIsNamed: the money stays unknown, and the message says where to look.
func TestALineWhoseParityDiffersIsNamed(t *testing.T) {
	damaged := codec.Rules().Frame([]byte("01\x00\x0000001990" + "1978" + drivers.Ticket("a", privateLength)))
	for _, c := range []struct {
		says  [][]byte
		named bool
	}{
		{[][]byte{{stx.ACK}, {stx.NAK | parityBit}}, true},
		{[][]byte{{stx.ACK}, {0}}, true},
		{[][]byte{{stx.ACK}, {stx.ACK}, {stx.ENQ}, {0x82, 0x30, 0xB1, 0x30}}, true},
		{[][]byte{{stx.ACK}, {stx.ACK}, {stx.ENQ}, damaged, damaged, damaged, damaged}, true},
		{[][]byte{{stx.ACK}}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			till, far := drivertest.Wire()
			go answering(far, c.says)
			known, _ := meets(t, till, false, nil)
			if known.Money != pos.MoneyUnknown || strings.Contains(known.Next, "7E1") != c.named {
				t.Errorf("% x: %v, next %q", c.says, known, known.Next)
			}
			till.Close()
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
