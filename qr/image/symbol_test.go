package image_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	qr "github.com/tillproof/tillproof/qr/image"
)

func symbol(t testing.TB, text string) *qr.Symbol {
	t.Helper()
	s, err := qr.New(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNewRefuses(t *testing.T) {
	for text, want := range map[string]error{"": qr.ErrText, strings.Repeat("x", 2332): qr.ErrText, "Café": qr.ErrNotASCII, "\xff": qr.ErrNotASCII} {
		if _, err := qr.New(text); !errors.Is(err, want) {
			t.Errorf("%.10q: %v", text, err)
		}
	}
	if s := symbol(t, strings.Repeat("x", 2331)); s.Size() != 177 {
		t.Errorf("the longest text takes %d modules", s.Size())
	}
}

// The corners of every symbol (ISO/IEC 18004 §6.3.3), and light outside.
func TestFinderPatterns(t *testing.T) {
	s := symbol(t, "hello")
	if s.Size() != 21 {
		t.Fatalf("%d modules", s.Size())
	}
	const finder = "#######\n#     #\n# ### #\n# ### #\n# ### #\n#     #\n#######\n"
	for _, corner := range [][2]int{{0, 0}, {14, 0}, {0, 14}} {
		var b strings.Builder
		for y := range 7 {
			for x := range 7 {
				b.WriteByte(" #"[map[bool]int{true: 1}[s.At(corner[0]+x, corner[1]+y)]])
			}
			b.WriteByte('\n')
		}
		if b.String() != finder {
			t.Errorf("corner %v:\n%s", corner, b.String())
		}
	}
	for _, outside := range [][2]int{{-1, 0}, {0, -1}, {21, 0}, {0, 21}} {
		if s.At(outside[0], outside[1]) {
			t.Errorf("%v is dark", outside)
		}
	}
}

// What does not fit with even modules of a readable size is refused with what is needed, never shrunk.
func TestTooSmall(t *testing.T) {
	s := symbol(t, strings.Repeat("x", 60)) // version 4: 33 modules, 41 with its margin
	for name, c := range map[string]struct {
		draw func() error
		need int
	}{
		"PNG, 1 pixel a module": {func() error { return s.PNG(io.Discard, 1) }, 82},
		"PNG, none":             {func() error { return s.PNG(io.Discard, 0) }, 82},
		"PNG, negative":         {func() error { return s.PNG(io.Discard, -4) }, 82},
		"PNG in 81":             {func() error { return s.PNGIn(io.Discard, 81) }, 82},
		"SVG in 81":             {func() error { return s.SVGIn(io.Discard, 81) }, 82},
		"raster in 122":         {func() error { _, err := s.Raster(122); return err }, 123},
	} {
		var e *qr.TooSmallError
		if err := c.draw(); !errors.As(err, &e) || e.Need != c.need || !strings.Contains(err.Error(), "needs") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.PNGIn(io.Discard, 82); err != nil {
		t.Error(err)
	}
	if b, err := s.Raster(123); err != nil || len(b) != 8+16*123 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	for room, want := range map[int]int{40: 0, 41: 1, 81: 1, 82: 2, 256: 6} {
		if got := qr.Fit(room, 33); got != want {
			t.Errorf("%d pixels: %d a module", room, got)
		}
	}
}

// In a fixed size every module begins on a whole pixel.
func TestSVGInCentresOnWholePixels(t *testing.T) {
	s := symbol(t, strings.Repeat("x", 60)) // 33 modules: 6 pixels each in 256, 29 pixels before them, 24 of which are margin
	for side, want := range map[int]string{256: `transform="translate(5 5) scale(6)"`, 82: `transform="translate(0 0) scale(2)"`} {
		var b bytes.Buffer
		if err := s.SVGIn(&b, side); err != nil || !strings.Contains(b.String(), want) || !strings.Contains(b.String(), fmt.Sprintf(`width="%d"`, side)) {
			t.Errorf("%d: %.250s, %v", side, b.String(), err)
		}
	}
}

func TestFaultsOfTheWriterAreTold(t *testing.T) {
	s, full := symbol(t, "hello"), errors.New("full")
	for name, err := range map[string]error{"PNG": s.PNG(faulty{full}, 4), "SVG": s.SVG(faulty{full}), "SVGIn": s.SVGIn(faulty{full}, 300)} {
		if !errors.Is(err, full) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type faulty struct{ err error }

func (f faulty) Write([]byte) (int, error) { return 0, f.err }
