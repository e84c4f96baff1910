package image_test

import (
	"bytes"
	"testing"
)

// text300 is a payload of 300 bytes.
func text300() string { return payloads()[9] }

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
