package bench

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/skip2/go-qrcode"

	"github.com/tillproof/tillproof/qr/image"
)

// qrGoal is from docs: text of 300 bytes to a PNG of 256 pixels.
const qrGoal = 100 * time.Microsecond

// BenchmarkQR turns 300 bytes into a PNG of 256 pixels, as a display would ask for, beside the same by the library that ours takes the symbol from.
func BenchmarkQR(b *testing.B) {
	text := strings.Repeat("00020126580014br.gov.bcb.pix", 11)[:300]
	ours := func() error {
		s, err := image.New(text)
		if err != nil {
			return err
		}
		return s.PNGIn(io.Discard, 256)
	}
	library := func() error {
		_, err := qrcode.Encode(text, qrcode.Medium, 256)
		return err
	}
	symbol := func() error {
		s, err := qrcode.New(text, qrcode.Medium)
		if err == nil {
			_ = s.Bitmap()
		}
		return err
	}
	const rounds = 60
	var times [3]time.Duration
	var allocs [3]float64
	for i, draw := range []func() error{symbol, library, ours} {
		allocs[i] = testing.AllocsPerRun(5, func() { _ = draw() })
		for range rounds {
			before := time.Now()
			if err := draw(); err != nil {
				b.Fatal(err)
			}
			if took := time.Since(before); times[i] == 0 || took < times[i] {
				times[i] = took
			}
		}
	}
	var out table
	for i, name := range []string{"the library's symbol alone (the limit with it)", "the library's own PNG, uneven modules", "tillproof, even modules"} {
		out.line("%-48s %9s  %8.0f allocations", name, times[i].Round(time.Microsecond), allocs[i])
	}
	out.line("of the limit %.2f; goal %s (%.0f times as long now)", float64(times[0])/float64(times[2]), qrGoal, float64(times[2])/float64(qrGoal))
	b.ReportMetric(0, "ns/op")
	b.Log(out.String())
}
