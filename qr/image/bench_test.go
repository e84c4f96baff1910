package image_test

import (
	"bytes"
	"testing"

	"github.com/skip2/go-qrcode"

	qr "github.com/tillproof/tillproof/qr/image"
)

// text300 is a payload of 300 bytes.
func text300() string { return payloads()[9] }

// BenchmarkPNG256 draws 300 bytes into 256 pixels, as a display would.
func BenchmarkPNG256(b *testing.B) {
	b.ReportAllocs()
	var out bytes.Buffer
	for b.Loop() {
		out.Reset()
		s, err := qr.New(text300())
		if err != nil {
			b.Fatal(err)
		}
		if err := s.PNGIn(&out, 256); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(out.Len()), "bytes")
}

// BenchmarkPNG256OfTheLibrary is the library's own picture of the same text: uneven modules.
func BenchmarkPNG256OfTheLibrary(b *testing.B) {
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		out, err := qrcode.Encode(text300(), qrcode.Medium, 256)
		if err != nil {
			b.Fatal(err)
		}
		n = len(out)
	}
	b.ReportMetric(float64(n), "bytes")
}

// BenchmarkDrawings draws a symbol that exists.
func BenchmarkDrawings(b *testing.B) {
	s := symbol(b, text300())
	for name, draw := range map[string]func(*bytes.Buffer) error{
		"PNG": func(w *bytes.Buffer) error { return s.PNGIn(w, 256) },
		"SVG": func(w *bytes.Buffer) error { return s.SVG(w) },
		"text": func(w *bytes.Buffer) error {
			w.WriteString(s.Text(false))
			return nil
		},
		"raster": func(w *bytes.Buffer) error {
			raster, err := s.Raster(384)
			w.Write(raster)
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var out bytes.Buffer
			for b.Loop() {
				out.Reset()
				if err := draw(&out); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(out.Len()), "bytes")
		})
	}
}
