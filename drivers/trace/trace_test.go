package trace_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/drivers/trace"
)

// pan is a public test number.
const pan = "4012888888881881"

// decode is that of an invented family: STX frames, in which a field behind P= is a card's number.
func decode(input []byte) []drivers.Decoded {
	rules := &stx.Rules{Scope: stx.PayloadETX, Max: 200, Controls: []byte{stx.ACK, stx.NAK}}
	return stx.Decode("test", rules, input, func(payload []byte) stx.Meaning {
		m := stx.Meaning{Name: "message", Fields: map[string]any{"text": "known"}}
		if at := strings.Index(string(payload), "P="); at >= 0 {
			m.Secret = []stx.Span{{From: at + 2, To: len(payload)}}
		}
		return m
	})
}

// frame is a whole frame of the family.
func frame(payload string) []byte {
	raw := append([]byte{stx.STX}, payload...)
	raw = append(raw, stx.ETX)
	sum := byte(0)
	for _, c := range raw[1:] {
		sum ^= c
	}
	return append(raw, sum)
}

// found says where card data stand in what a trace tells, in any of the ways in which a search would look for them.
func found(state trace.State) string {
	var frames strings.Builder
	state.Until = time.Time{} // a time may look like anything
	for i := range state.Lines {
		state.Lines[i].At = time.Time{}
		frames.WriteString(state.Lines[i].Decoded.Frame)
	}
	all, _ := json.Marshal(state)
	for _, part := range []string{string(all), frames.String()} {
		for n := 0; n+6 <= len(pan); n++ {
			if piece := pan[n : n+6]; strings.Contains(part, hex.EncodeToString([]byte(piece))) || strings.Contains(part, piece) {
				return part
			}
		}
	}
	return ""
}

func TestASwitchedOffTraceKeepsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tap := trace.New(decode)
		near, far := drivertest.Wire()
		wire := tap.Wrap(near, false)
		_, _ = far.Write(frame("hello"))
		_, _ = wire.Read(make([]byte, 100))
		if s := tap.Read(0); s.On || len(s.Lines) != 0 {
			t.Errorf("%+v", s)
		}
		var none *trace.Tap
		none.Start(time.Minute)
		none.Stop()
		if none.Wrap(near, false) != drivers.Conn(near) || none.Read(0).On {
			t.Error("no tap is in the way")
		}
	})
}

func TestFramesAreToldInTheirOrderAndByWhoSentThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tap := trace.New(decode)
		until := tap.Start(time.Hour)
		if got := time.Until(until); got != trace.Longest {
			t.Errorf("it would run for %v", got)
		}
		near, far := drivertest.Wire()
		wire := tap.Wrap(near, false)
		b := make([]byte, 100)
		_, _ = wire.Write(frame("sale"))
		_, _ = far.Write([]byte{stx.ACK})
		_, _ = wire.Read(b)
		_, _ = far.Write(frame("P=" + pan))
		for range 2 { // in two pieces
			_, _ = wire.Read(b[:10])
		}
		_, _ = wire.Read(b)
		_ = wire.Close()
		var told []string
		for _, l := range tap.Read(0).Lines {
			told = append(told, fmt.Sprint(l.N, l.Direction, l.Note, l.Decoded.Name, l.Decoded.Frame))
		}
		want := []string{"1the wire was opened", "2ecrmessage" + hex.EncodeToString(frame("sale")), "3deviceack06",
			"4devicemessage02503d" + strings.Repeat("2a", 16) + hex.EncodeToString(frame("P=" + pan)[19:]), "5the wire was closed"}
		if strings.Join(told, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s", strings.Join(told, "\n"))
		}
		if rest := tap.Read(4); len(rest.Lines) != 1 || rest.Lines[0].N != 5 || rest.Gone != 0 {
			t.Errorf("%+v", rest)
		}
	})
}

func TestATraceEndsByItselfAndCanBeEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tap := trace.New(decode)
		near, _ := drivertest.Wire()
		wire := tap.Wrap(near, true)
		tap.Start(time.Minute)
		_, _ = wire.Write(frame("1"))
		time.Sleep(50 * time.Second)
		tap.Start(time.Minute) // goes on
		_, _ = wire.Write(frame("2"))
		time.Sleep(time.Minute)
		_, _ = wire.Write(frame("3"))
		if s := tap.Read(0); s.On || len(s.Lines) != 2 {
			t.Errorf("%+v", s)
		}
		tap.Start(time.Minute)
		_, _ = wire.Write(frame("4"))
		tap.Stop()
		_, _ = wire.Write(frame("5"))
		if s := tap.Read(0); s.On || len(s.Lines) != 1 || s.Lines[0].N != 3 {
			t.Errorf("a new trace counts on and forgets the old one: %+v", s)
		}
	})
}

// However the bytes are cut, whatever is damaged and wherever the trace began, no part of a card's number is told.
func TestNoCardDataHoweverTheBytesAreCut(t *testing.T) {
	track := ";" + pan + "=3012101123456789?"
	good := frame("xP=" + pan)
	damaged := append([]byte{}, frame("P="+pan)...)
	damaged[len(damaged)-1] ^= 1
	unknown := frame("y" + pan + "z")
	for name, raw := range map[string][]byte{"good": good, "damaged": damaged, "unknown field": unknown, "no frame": []byte(pan), "a track": []byte(track),
		"without an end": good[:15], "seven bits": parity(pan), "packed": {0x40, 0x12, 0x88, 0x88, 0x88, 0x88, 0x18, 0x81}, "long": []byte(strings.Repeat(pan, 1200))} {
		for cut := 0; cut <= min(len(raw), 40); cut++ {
			for _, fn := range []func([]byte) []drivers.Decoded{decode, nil} {
				for _, late := range []bool{false, true} {
					tap := trace.New(fn)
					feed(tap, raw, cut, late)
					if where := found(tap.Read(0)); where != "" {
						t.Fatalf("%s cut at %d, decoder %v, late %v: %s", name, cut, fn != nil, late, where)
					}
				}
			}
		}
	}
}

// A family without marks takes the rest of a message for a message of its own. Until the trace has seen where one begins, nothing of it is told.
func TestTheMiddleOfAMessageIsNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		any := func(in []byte) []drivers.Decoded {
			return []drivers.Decoded{{OK: true, Name: "known", Frame: hex.EncodeToString(in)}}
		}
		raw := []byte{0x04, 0x0F, 0x0A, 0x22, 0x40, 0x12, 0x88, 0x88, 0x88, 0x88, 0x18, 0x81}
		for cut := 1; cut < len(raw); cut++ {
			tap := trace.New(any)
			near, far := drivertest.Wire()
			wire, b := tap.Wrap(near, true), make([]byte, 100)
			for i, part := range [][]byte{raw[:cut], raw[cut:], {0x06, 0x0F, 0x00}} {
				if i == 1 {
					tap.Start(time.Minute)
				}
				if i == 2 {
					time.Sleep(11 * time.Second)
				}
				_, _ = far.Write(part)
				_, _ = wire.Read(b)
			}
			s := tap.Read(0)
			if where := found(s); where != "" {
				t.Errorf("cut at %d: %s", cut, where)
			}
			if last := s.Lines[len(s.Lines)-1].Decoded; last.Frame != "060f00" || !last.OK {
				t.Errorf("behind a pause it is believed again: %+v", last)
			}
		}
	})
}

// feed sends bytes in two pieces, then a whole frame, and pulls the cable. late switches the trace on between the pieces.
func feed(tap *trace.Tap, raw []byte, cut int, late bool) {
	near, far := drivertest.Wire()
	wire := tap.Wrap(near, false)
	b := make([]byte, 1<<16)
	for i, part := range [][]byte{raw[:cut], raw[cut:], frame("end")} {
		if i == 0 != late {
			tap.Start(time.Minute)
		}
		if len(part) == 0 {
			continue
		}
		_, _ = far.Write(part)
		_, _ = wire.Read(b)
	}
	_ = wire.Close()
}

// parity is a text as a line with seven bits and even parity sends it.
func parity(text string) []byte {
	b := []byte(text)
	for i, c := range b {
		ones := 0
		for bit := range 7 {
			ones += int(c>>bit) & 1
		}
		b[i] |= byte(ones%2) << 7
	}
	return b
}

func TestALongTraceForgetsItsBegin(t *testing.T) {
	tap := trace.New(decode)
	tap.Start(time.Minute)
	near, _ := drivertest.Wire()
	wire := tap.Wrap(near, true)
	for range 5000 {
		_, _ = wire.Write([]byte{stx.ACK})
	}
	s := tap.Read(1)
	if len(s.Lines) < 3000 || s.Lines[len(s.Lines)-1].N != 5001 || s.Gone != s.Lines[0].N-2 || s.Gone == 0 {
		t.Errorf("%d lines, %d gone, the last is %d", len(s.Lines), s.Gone, s.Lines[len(s.Lines)-1].N)
	}
}

func TestWhatDidNotLeaveIsNotRecorded(t *testing.T) {
	tap := trace.New(decode)
	tap.Start(time.Minute)
	near, far := drivertest.Wire()
	_ = far.Close()
	wire := tap.Wrap(near, true)
	if _, err := wire.Write(frame("1")); err == nil || errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%v", err)
	}
	if s := tap.Read(0); len(s.Lines) != 1 {
		t.Errorf("%+v", s)
	}
}

func BenchmarkAWireThatIsNotTraced(b *testing.B) {
	near, far := drivertest.Wire()
	wire, byteOf := trace.New(decode).Wrap(near, false), make([]byte, 1)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = far.Write(byteOf)
		_, _ = wire.Read(byteOf)
	}
}

// TestDamagedTextIsShownAsItWasReceived has digits, capitals and blanks, which are packed digits by their looks, and no card's number.
func TestDamagedTextIsShownAsItWasReceived(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	number := drivers.Decoded{Frame: "22f0f85454545454545454"}
	if trace.HideCards(&number); strings.Contains(number.Frame, "5454") {
		t.Error("a packed number whose bytes are characters is shown")
	}
	for range 2000 {
		text := []byte{0x02}
		for len(text) < 12+rng.IntN(60) {
			text = fmt.Appendf(text, "%c%0*d ", "ABCDEFGPQRSTUVWXY"[rng.IntN(17)], 1+rng.IntN(10), rng.IntN(10))
		}
		frame := hex.EncodeToString(append(text, 0x03, byte(rng.IntN(256))))
		d := drivers.Decoded{Frame: frame}
		if trace.HideCards(&d); d.Frame != frame {
			t.Fatalf("%s is shown as %s", frame, d.Frame)
		}
	}
}
