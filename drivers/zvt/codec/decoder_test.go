package codec

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// story writes events in short: what a test compares.
func story(events []Event) string {
	var s []string
	for _, e := range events {
		switch e.Kind {
		case GotFrame:
			s = append(s, fmt.Sprintf("frame(%x)", e.APDU))
		case GotACK:
			s = append(s, "ack")
		case GotNAK:
			s = append(s, "nak")
		case GotJunk:
			s = append(s, fmt.Sprintf("junk(%d)", e.Count))
		case GotBad:
			s = append(s, fmt.Sprintf("bad(%s)", reason(e.Err)))
		}
	}
	return strings.Join(s, " ")
}

func reason(err error) string {
	for word, target := range map[string]error{
		"crc": ErrCRC, "escape": ErrEscape, "restart": ErrRestart, "length": ErrLength, "long": ErrTooLong, "truncated": ErrTruncated,
	} {
		if errors.Is(err, target) {
			return word
		}
	}
	return "other"
}

func TestDecoder(t *testing.T) {
	const ok = "10 02 80 00 00 10 03 F5 1F"
	cases := []struct{ name, in, want string }{
		{"positive reply", ok, "frame(800000)"},
		{"control bytes between frames", "06 " + ok + "15", "ack frame(800000) nak"},
		{"junk before a frame", "41 42 " + ok, "junk(2) frame(800000)"},
		{"lone 10 before an ACK", "10 06", "junk(1) ack"},
		{"10 10 02 begins a frame", "10 " + ok, "junk(1) frame(800000)"},
		{"wrong CRC", "10 02 80 00 00 10 03 F5 1E", "bad(crc)"},
		{"CRC bytes swapped", "10 02 80 00 00 10 03 1F F5", "bad(crc)"},
		{"restart inside the body", "10 02 80 00 " + ok, "bad(restart) frame(800000)"},
		{"bad escape hides the control bytes of its frame", "10 02 80 10 41 06 15 00 10 03 F5 1F 06", "bad(escape) ack"},
		{"bad escape, then a new frame", "10 02 80 10 41 06 " + ok, "bad(restart) frame(800000)"},
		{"cut off", "10 02 80 00", "bad(truncated)"},
		{"cut off before the second CRC byte", "10 02 80 00 00 10 03 F5", "bad(truncated)"},
		{"lone 10 at the end", "10", "junk(1)"},
		{"junk at the end", ok + "00 00 00", "frame(800000) junk(3)"},
		{"nothing in the frame", "10 02 10 03 00 00", "bad(crc)"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var d Decoder
			events := feed(&d, unhex(t, c.in))
			if got := story(append(events, d.Flush()...)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if d.Partial() {
				t.Error("partial after a flush")
			}
		})
	}
}

func TestDecoderLengthMismatch(t *testing.T) {
	for _, apdu := range []string{"80 00", "80 00 01", "80 00 00 00", "04 0F FF 01", "04 0F FF FF FF 00"} {
		var d Decoder
		if got := story(feed(&d, Frame(unhex(t, apdu)))); got != "bad(length)" {
			t.Errorf("%s: %s", apdu, got)
		}
	}
}

func TestDecoderCaps(t *testing.T) {
	var d Decoder
	events := feed(&d, Frame(make([]byte, MaxAPDU+1000)))
	if got := story(events); got != "bad(long)" {
		t.Errorf("too long: %s", got)
	}
	endless := append([]byte{0x10, 0x02}, make([]byte, 3*maxRaw)...)
	if events = feed(&d, endless); len(events) != 0 || len(d.raw) > maxRaw || len(d.apdu) > MaxAPDU {
		t.Errorf("endless frame keeps %d raw bytes", len(d.raw))
	}
	if got := story(d.Flush()); got != "bad(truncated)" {
		t.Errorf("flush: %s", got)
	}
	if feed(&d, make([]byte, 10*MaxJunk)); len(d.junk) > MaxJunk {
		t.Errorf("junk keeps %d bytes", len(d.junk))
	}
	if got := story(d.Flush()); got != fmt.Sprintf("junk(%d)", 10*MaxJunk) {
		t.Errorf("flush: %s", got)
	}
}

func TestDecoderTakesTheLongestAPDU(t *testing.T) {
	data := make([]byte, MaxData)
	for i := range data {
		data[i] = 0x10
	}
	plain, err := APDU{Class: 0x06, Instr: 0xD3, Data: data}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	var d Decoder
	events := feed(&d, Frame(plain))
	if len(events) != 1 || events[0].Kind != GotFrame || len(events[0].Message.Data) != MaxData {
		t.Fatalf("events: %d", len(events))
	}
}

func TestDecoderSaysWhenPartial(t *testing.T) {
	var d Decoder
	for i, b := range unhex(t, "10 02 80 00 00 10 03 F5 1F") {
		want := i >= 1 && i < 8
		if d.Feed(b); d.Partial() != want {
			t.Errorf("after byte %d: partial %v", i, d.Partial())
		}
	}
}

func TestSplitter(t *testing.T) {
	long, err := APDU{Class: 0x06, Instr: 0xD3, Data: make([]byte, 300)}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	stream := append(unhex(t, "80 00 00 06 0F FF 02 00 27 00"), long...)
	var s Splitter
	var got []APDU
	for _, b := range stream {
		if ev, ok := s.Feed(b); ok {
			got = append(got, ev.Message)
		}
	}
	if len(got) != 3 || !got[0].Accepts() || !got[1].Is(0x06, 0x0F) || len(got[1].Data) != 2 || len(got[2].Data) != 300 {
		t.Fatalf("got %+v", got)
	}
	if s.Partial() || s.Flush() != nil {
		t.Error("something is left")
	}
	if s.Feed(0x80); !s.Partial() || len(s.Flush()) != 1 || s.Partial() {
		t.Error("a partial APDU is not given up")
	}
}
