package zvt

import (
	"testing"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// A 04 0F of an approved sale as terminals send it, 98 bytes with its TLV objects.
const approval = "04 0F 5F 27 00 04 00 00 00 00 10 23 49 09 78 0B 00 01 24 87 00 24 29 52 50 00 01 0C 10 15 30 0D 11 22 19 70 " +
	"22 F0 F8 EE EE EE EE EE EE 11 11 3B 30 30 30 31 32 34 00 00 2A 54 50 53 49 4D 30 30 30 30 30 30 30 30 30 31 8A 0A " +
	"8B F0 F5 56 49 53 41 00 06 0E 2F 0C 1F 10 01 02 1F 11 01 01 1F 12 01 01"

// BenchmarkDecodeFrame is the cost of one frame of 04 0F: off the line, into a result of the driver, and into the words of decode.
func BenchmarkDecodeFrame(b *testing.B) {
	frame := codec.Frame(plain(approval))
	b.Run("codec", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(frame)))
		var d codec.Decoder
		for b.Loop() {
			take(b, &d, frame)
		}
	})
	b.Run("result", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(frame)))
		var d codec.Decoder
		for b.Loop() {
			apdu := take(b, &d, frame)
			fields, _, err := codec.ParseFields(apdu[3:])
			if err != nil {
				b.Fatal(err)
			}
			if result, ok := newReport(fields).result(eur(1023)); !ok || result.Brand != "visa" || result.Entry != "chip" {
				b.Fatalf("%+v", result)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(frame)))
		for b.Loop() {
			if objects := Decode(frame); len(objects) != 1 || !objects[0].OK {
				b.Fatalf("%+v", objects)
			}
		}
	})
}

// take feeds a frame and returns its APDU.
func take(b *testing.B, d *codec.Decoder, frame []byte) []byte {
	for _, c := range frame {
		events := d.Feed(c)
		if len(events) == 0 {
			continue
		}
		if events[0].Kind != codec.GotFrame {
			b.Fatalf("%+v", events[0])
		}
		return events[0].APDU
	}
	b.Fatal("no frame")
	return nil
}
