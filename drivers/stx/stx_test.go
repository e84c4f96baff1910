package stx

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// The families' rules as their sheets have them; the golden frames were computed by hand from the rules.
func transbank() *Rules { return &Rules{Max: 4096, Controls: []byte{ACK, NAK}} }
func ecr17() *Rules {
	return &Rules{Seed: 0x7F, Differs: true, Max: 4096, Framed: true, Progress: 20}
}
func concert() *Rules { return &Rules{Max: 1200, Controls: []byte{ENQ, ACK, NAK, EOT}} }
func hypercom() *Rules {
	return &Rules{Max: 9999, Controls: []byte{ACK, NAK}, Length: BCD}
}

func TestGoldenFrames(t *testing.T) {
	for _, c := range []struct {
		rules   *Rules
		payload string
		check   byte
	}{
		{transbank(), "0200|4990|K7Q2M9|||1|", 0x5F},
		{transbank(), "1200|000321|", 0x00},
		{transbank(), "0900|79", 0x78},
		{ecr17(), "000000000s", 0x3F},
		{ecr17(), "000000000G000000010000", 0x0A},
		{concert(), "0200001990110978          A010B010", 0x05},
		{concert(), "020000019901978          ", 0x37},
		{concert(), "CZ0040300CJ012000000000042CA00203CE003978BA0010CD0010CB0041990", 0x11},
	} {
		want := append(append([]byte{STX}, c.payload...), ETX, c.check)
		if got := c.rules.Frame([]byte(c.payload)); !bytes.Equal(got, want) {
			t.Errorf("%q: %x, not %x", c.payload, got, want)
		}
	}
	for scope, check := range map[Scope]byte{PayloadETX: 0x3F, STXPayloadETX: 0x3D, PayloadOnly: 0x3C, STXPayload: 0x3E} {
		r := ecr17()
		r.Scope = scope
		if got := r.Check([]byte("000000000s")); got != check {
			t.Errorf("%s: %02x, not %02x", scope, got, check)
		}
	}
	if ack, nak := ecr17().Control(ACK), ecr17().Control(NAK); hex.EncodeToString(ack) != "06037a" || hex.EncodeToString(nak) != "150369" {
		t.Errorf("ACK %x, NAK %x", ack, nak)
	}
}

// tell writes events down in short.
func tell(events []Event) string {
	var words []string
	for _, e := range events {
		switch e.Kind {
		case GotFrame:
			words = append(words, fmt.Sprintf("frame(%s)", e.Payload))
		case GotProgress:
			words = append(words, fmt.Sprintf("progress(%s)", e.Payload))
		case GotControl:
			words = append(words, fmt.Sprintf("control(%x)", e.Payload))
		case GotJunk:
			words = append(words, fmt.Sprintf("junk(%d)", e.Count))
		case GotBad:
			words = append(words, fmt.Sprintf("bad(%v)", e.Err))
		}
	}
	return strings.Join(words, " ")
}

func feed(rules *Rules, input string) []Event {
	d := &Decoder{Rules: rules}
	var events []Event
	for _, b := range []byte(input) {
		events = append(events, d.Feed(b)...)
	}
	return append(events, d.Flush()...)
}

func TestDecoder(t *testing.T) {
	frame := func(r *Rules, payload string) string { return string(r.Frame([]byte(payload))) }
	text := "ATTENDERE PREGO     "
	for name, c := range map[string]struct {
		rules *Rules
		input string
		want  string
	}{
		"ACK glued to the reply":          {transbank(), "\x06" + frame(transbank(), "0210|00"), "control(06) frame(0210|00)"},
		"a check byte of zero":            {transbank(), frame(transbank(), "1200|000321|") + "\x06", "frame(1200|000321|) control(06)"},
		"a wrong check byte":              {transbank(), "\x020100\x03\x00" + frame(transbank(), "0100"), "bad(wrong check byte) frame(0100)"},
		"begun anew":                      {transbank(), "\x0201" + frame(transbank(), "0100"), "bad(begun anew by 02) frame(0100)"},
		"without an end":                  {transbank(), "\x020100", "bad(truncated: the frame has no end)"},
		"without its check":               {transbank(), "\x020100\x03", "bad(truncated: the frame has no end)"},
		"junk around":                     {transbank(), "ab" + frame(transbank(), "0100") + "cde\x15", "junk(2) frame(0100) junk(3) control(15)"},
		"too long":                        {&Rules{Max: 4}, "\x02012345\x03\x00", "bad(too long) junk(3)"},
		"framed ACK and NAK":              {ecr17(), "\x06\x03\x7A\x15\x03\x69", "control(06) control(15)"},
		"ACK with a wrong check":          {ecr17(), "\x06\x03\x00\x06\x03\x7A", "junk(3) control(06)"},
		"ACK cut by a NAK":                {ecr17(), "\x06\x03\x15\x03\x69", "junk(2) control(15)"},
		"ACK cut by a frame":              {ecr17(), "\x06\x03" + frame(ecr17(), "000000000s"), "junk(2) frame(000000000s)"},
		"progress that is too short":      {ecr17(), "\x01ATTENDERE\x04\x06\x03\x7A", "junk(11) control(06)"},
		"06 FF before the ACK":            {ecr17(), "\x06\xFF\x06\x03\x7A", "junk(1) junk(1) control(06)"},
		"progress":                        {ecr17(), "\x01" + text + "\x04" + frame(ecr17(), "000000000s"), "progress(" + text + ") frame(000000000s)"},
		"progress that is cut by a frame": {ecr17(), "\x01ATT" + frame(ecr17(), "000000000s"), "junk(4) frame(000000000s)"},
		"progress without its end":        {ecr17(), "\x01" + text + "x", "junk(21) junk(1)"},
		"ENQ, EOT and a check like ENQ":   {concert(), "\x05" + frame(concert(), "0200001990110978          A010B010") + "\x04", "control(05) frame(0200001990110978          A010B010) control(04)"},
	} {
		if got := tell(feed(c.rules, c.input)); got != c.want {
			t.Errorf("%s: %s\nnot %s", name, got, c.want)
		}
	}
}

func TestEveryCheckByteEndsItsFrame(t *testing.T) {
	seen := map[byte]bool{}
	for n := range 1 << 12 {
		payload := fmt.Sprintf("0200|%d|%c", n, 0x20+n%0x5F)
		frame := transbank().Frame([]byte(payload))
		seen[frame[len(frame)-1]] = true
		if got := tell(feed(transbank(), string(frame)+string(frame))); got != fmt.Sprintf("frame(%s) frame(%s)", payload, payload) {
			t.Fatalf("%s: %s", payload, got)
		}
	}
	for _, check := range []byte{0x00, STX, ETX, ACK, NAK} {
		if !seen[check] {
			t.Errorf("no frame with the check %02x was tried", check)
		}
	}
}

func TestAnyScope(t *testing.T) {
	for _, scope := range Scopes() {
		rules := ecr17()
		rules.Scope = scope
		d := &Decoder{Rules: ecr17(), Any: true}
		var events []Event
		for _, b := range rules.Frame([]byte("000000000s")) {
			events = append(events, d.Feed(b)...)
		}
		if len(events) != 1 || events[0].Kind != GotFrame || events[0].Scope != scope {
			t.Errorf("%s: %+v", scope, events)
		}
	}
}

func TestNoByteIsLost(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		input := make([]byte, rng.IntN(60))
		for i := range input {
			input[i] = []byte{0, 1, 2, 3, 4, 5, 6, 0x15, 0x7A, 'a', '0'}[rng.IntN(11)]
		}
		for _, rules := range []*Rules{transbank(), ecr17(), concert(), hypercom()} {
			var seen []byte
			for _, e := range feed(rules, string(input)) {
				seen = append(seen, e.Raw...)
				if e.Kind == GotBad && e.Err == nil || errors.Is(e.Err, ErrTooLong) {
					t.Fatalf("%x: %+v", input, e)
				}
			}
			if !bytes.Equal(seen, input) {
				t.Fatalf("%x came out as %x", input, seen)
			}
		}
	}
}

func FuzzDecoder(f *testing.F) {
	f.Add([]byte("\x020100\x03\x02"))
	f.Add([]byte("\x01ATTENDERE PREGO     \x04\x06\x03\x7A"))
	f.Add([]byte("\x05\x02x\x03\x7B\x04"))
	f.Add([]byte("\x02\x02\x00\x01\x03\x03\x01\x06"))
	f.Add([]byte("\x02\x0A\x00\x06\x02\x00\x00\x03\x03"))
	f.Fuzz(func(t *testing.T, input []byte) {
		for _, rules := range []*Rules{transbank(), ecr17(), concert(), hypercom()} {
			d := &Decoder{Rules: rules, Any: true}
			for _, b := range input {
				for _, e := range d.Feed(b) {
					if e.Kind == GotFrame && len(e.Payload) > rules.Max {
						t.Errorf("a payload of %d bytes", len(e.Payload))
					}
				}
			}
			d.Flush()
			if d.Partial() {
				t.Error("something is left")
			}
		}
	})
}
