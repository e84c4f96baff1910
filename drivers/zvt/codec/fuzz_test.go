package codec

import (
	"bytes"
	"testing"
)

func seeds(f *testing.F) {
	for _, g := range goldens() {
		f.Add(unhex(f, g.wire))
	}
	for _, s := range []string{
		"06 15 10 02 80 00 00 10 03 F5 1F", "10 02 80 00 10 02 80 00 00 10 03 F5 1F", "10 10 02 10 03 10 03",
		"04 0F FF FF FF 27 00", "10 02 80 10 41 10 03 00 00", "06 D1 06 81 41 42 43 44 45", "1F 80 80 80", "06 04 2F 82 FF FF",
	} {
		f.Add(unhex(f, s))
	}
}

// FuzzDecoder checks that no input panics or grows the decoder, that all bytes are accounted for, and that a following
// frame is still found.
func FuzzDecoder(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		var d Decoder
		total := 0
		for _, e := range append(feed(&d, in), d.Flush()...) {
			if e.Kind == GotJunk {
				total += e.Count
			} else {
				total += len(e.Raw)
			}
			if e.Kind == GotFrame && !bytes.HasSuffix(e.Raw, Frame(e.APDU)[2:]) {
				t.Errorf("% x decoded from % x", e.APDU, e.Raw)
			}
		}
		if total != len(in) {
			t.Errorf("%d bytes in, %d in events", len(in), total)
		}
		if got := story(feed(&d, Frame([]byte{0x80, 0, 0}))); got != "frame(800000)" {
			t.Errorf("afterwards: %s", got)
		}
	})
}

// FuzzParse checks that the parsers of all layers take any input and that what they read can be written again.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		var s Splitter
		for _, b := range in {
			s.Feed(b)
		}
		if a, err := Parse(in); err == nil {
			checkFields(t, a.Data)
		}
		checkFields(t, in)
		Text(in)
	})
}

func checkFields(t *testing.T, data []byte) {
	t.Helper()
	fields, rest, _ := ParseFields(data)
	b := Build(4, 0xF)
	for _, field := range fields {
		if !bytes.Equal(data[field.At:field.At+len(field.Value)], field.Value) {
			t.Errorf("BMP %02x is not at %d", byte(field.BMP), field.At)
		}
		b.Field(field.BMP, field.Value...)
	}
	fields.TLV().Walk(func(Object) bool { return true })
	a, err := b.APDU()
	if err != nil {
		t.Fatalf("build again: %v", err)
	}
	again, left, err := ParseFields(append(a.Data, rest...))
	if len(again) != len(fields) || !bytes.Equal(left, rest) {
		t.Errorf("%d fields and % x became %d fields and % x (%v)", len(fields), rest, len(again), left, err)
	}
}

// FuzzRoundTrip checks that any APDU survives the serial line and the TCP stream.
func FuzzRoundTrip(f *testing.F) {
	f.Add(byte(0x06), byte(0x01), []byte{0x10, 0x10, 0x02, 0x10, 0x03})
	f.Add(byte(0x10), byte(0x10), bytes.Repeat([]byte{0x10}, 300))
	f.Fuzz(func(t *testing.T, class, instr byte, data []byte) {
		plain, err := APDU{class, instr, data}.Marshal()
		if err != nil {
			return
		}
		var d Decoder
		events := feed(&d, Frame(plain))
		if len(events) != 1 || events[0].Kind != GotFrame || !bytes.Equal(events[0].Message.Data, data) || d.Partial() {
			t.Errorf("serial: %s", story(events))
		}
		var s Splitter
		for i, b := range plain {
			if ev, ok := s.Feed(b); ok != (i == len(plain)-1) || ok && !bytes.Equal(ev.Message.Data, data) {
				t.Errorf("TCP: byte %d of %d", i, len(plain))
			}
		}
	})
}
