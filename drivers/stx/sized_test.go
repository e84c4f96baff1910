package stx

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// The first is a worked example of the papers; the others were computed by hand: length, payload, 03 and their XOR.
func TestGoldenSizedFrames(t *testing.T) {
	binary := hypercom()
	binary.Length = Binary
	for _, c := range []struct {
		rules   *Rules
		payload string
		frame   string
	}{
		{hypercom(), "60000000001020000\x1C40\x00\x12000000001990\x1C", "020035" + "3630303030303030303031303230303030" + "1c34300012" + "303030303030303031393930" + "1c0314"},
		{hypercom(), "", "0200000303"},
		{hypercom(), "\x02\x03\x06\x15\x1C\x00", "020006" + "02030615" + "1c00030b"},
		{binary, "0123456789", "02000a30313233343536373839" + "0308"},
	} {
		if got := hex.EncodeToString(c.rules.Frame([]byte(c.payload))); got != c.frame {
			t.Errorf("%q: %s, not %s", c.payload, got, c.frame)
		}
	}
}

func TestLengths(t *testing.T) {
	for n, want := range map[int]string{0: "0000", 35: "0035", 1234: "1234", 9999: "9999"} {
		two := BCD.Put(nil, n)
		if back, ok := BCD.Read(two[0], two[1]); hex.EncodeToString(two) != want || back != n || !ok {
			t.Errorf("%d: %x, %d, %v", n, two, back, ok)
		}
	}
	for _, two := range [][2]byte{{0x0A, 0}, {0xA0, 0}, {0, 0x0F}, {0, 0xF0}} {
		if n, ok := BCD.Read(two[0], two[1]); ok {
			t.Errorf("% x is %d", two, n)
		}
	}
	if n, ok := Binary.Read(0x01, 0x0A); n != 266 || !ok {
		t.Errorf("%d, %v", n, ok)
	}
}

func TestSizedDecoder(t *testing.T) {
	frame := func(payload string) string { return string(hypercom().Frame([]byte(payload))) }
	damaged := []byte(frame("one"))
	damaged[len(damaged)-1] ^= 1
	for name, c := range map[string]struct{ input, want string }{
		"ACK glued to the answer":            {"\x06" + frame("one"), "control(06) frame(one)"},
		"every control byte inside":          {frame("\x02\x03\x06\x15\x1C\x02\x03"), "frame(\x02\x03\x06\x15\x1C\x02\x03)"},
		"a frame within a frame":             {frame("a" + frame("b") + "c"), "frame(a" + frame("b") + "c)"},
		"three stray bytes":                  {"\xFF\x00\x7F" + frame("one"), "junk(3) frame(one)"},
		"a wrong check":                      {string(damaged) + frame("two"), "bad(wrong check byte, begun anew by 02) frame(two)"},
		"a length that is no number":         {"\x02\x0A\x00\x06\x15ab\x03\x06", "bad(the length is no number)"},
		"the same, and a repetition":         {"\x02\x0A\x00\x06\x15ab\x03\x06" + frame("one") + "\x06", "bad(the length is no number, begun anew by 02) frame(one) control(06)"},
		"a length too short":                 {"\x02\x00\x02one\x03\x00\x06", "bad(no 03 where the length says)"},
		"a length too long":                  {"\x02\x00\x09one\x03\x00\x06", "bad(truncated: the frame has no end)"},
		"a stray 02":                         {"\x02" + frame("one") + "\x06", "bad(truncated: the frame has no end, begun anew by 02) frame(one) control(06)"},
		"a begin, then anew, then another":   {frame("first")[:5] + frame("two") + frame("three"), "bad(no 03 where the length says, begun anew by 02) frame(two) frame(three)"},
		"begun anew twice":                   {frame("one")[:4] + frame("two")[:5] + frame("three"), "bad(wrong check byte, begun anew by 02) frame(three)"},
		"without an end":                     {frame("one")[:6], "bad(truncated: the frame has no end)"},
		"without its check":                  {frame("one")[:7], "bad(truncated: the frame has no end)"},
		"nothing but 02":                     {"\x02", "bad(truncated: the frame has no end)"},
		"a rescued frame and a begin behind": {"\x02" + frame("one") + "\x02\x00", "bad(truncated: the frame has no end, begun anew by 02) frame(one) bad(truncated: the frame has no end)"},
	} {
		if got := tell(feed(hypercom(), c.input)); got != c.want {
			t.Errorf("%s: %s\nnot %s", name, got, c.want)
		}
	}
}

// Lengths inside of a damaged frame look like ACK and NAK. Nothing of it is told before the line is quiet.
func TestNoControlOutOfADamagedFrame(t *testing.T) {
	whole := hypercom().Frame([]byte("65\x00\x06000417\x1CD1\x00\x15597029414300123\x1C"))
	for at := 1; at < len(whole); at++ {
		for bit := range 8 {
			raw := bytes.Clone(whole)
			raw[at] ^= 1 << bit
			d := &Decoder{Rules: hypercom()}
			for _, b := range raw {
				for _, e := range d.Feed(b) {
					t.Fatalf("bit %d of byte %d: %s", bit, at, tell([]Event{e}))
				}
			}
			for _, e := range d.Flush() {
				if e.Kind != GotBad {
					t.Fatalf("bit %d of byte %d, in the end: %s", bit, at, tell([]Event{e}))
				}
			}
		}
	}
}

// Who sends no end is given up each time that the longest frame could have ended, and is not kept.
func TestEndlessNoise(t *testing.T) {
	d, bad := &Decoder{Rules: hypercom()}, 0
	for n := range 50_000 {
		for _, e := range d.Feed(byte(0x20 + n%0x40)) {
			if e.Kind == GotBad {
				bad++
			}
		}
		if n == 0 {
			d.Feed(STX)
			d.Feed(0xFF)
		}
		if len(d.raw) > hypercom().Max+5 {
			t.Fatalf("%d bytes are kept", len(d.raw))
		}
	}
	if d.Flush(); bad < 4 || d.Partial() {
		t.Errorf("given up %d times; something is left: %v", bad, d.Partial())
	}
}

// What is known to be damaged shows nothing behind what the family lets be shown.
func TestDecodeHidesDamagedFrames(t *testing.T) {
	rules := hypercom()
	rules.Hide = func(raw []byte) []Span { return []Span{{From: 5, To: len(raw)}} }
	raw := rules.Frame([]byte("ab SMITH/JOHN"))
	raw[len(raw)-1] ^= 0xFF
	list := Decode("hypercom", rules, raw, func([]byte) Meaning { return Meaning{} })
	want := fmt.Sprintf("020013%x%s", "ab", strings.Repeat("2a", len(raw)-5))
	if len(list) != 1 || list[0].OK || list[0].Frame != want {
		t.Errorf("%+v, not %s", list, want)
	}
}
