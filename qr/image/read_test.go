package image_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	qr "github.com/tillproof/tillproof/qr/image"
)

// scan lets another program read a picture: one of our own would share our mistakes.
func scan(t *testing.T, picture []byte) string {
	t.Helper()
	program, err := exec.LookPath("zbarimg")
	if err != nil {
		t.Fatal("these tests read the symbols back with zbarimg: install it (Debian: zbar-tools)")
	}
	path := filepath.Join(t.TempDir(), "symbol.png")
	if err := os.WriteFile(path, picture, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(program, "--quiet", "--raw", "--nodbus", "-Sdisable", "-Sqrcode.enable", path).Output()
	if err != nil {
		t.Errorf("zbarimg finds no symbol: %v", err)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// payloads are texts as in real codes, from 20 to 500 bytes, and two that are no EMVCo codes.
func payloads() []string {
	pix := "00020126420014br.gov.bcb.pix0120loja7@exemplo.com.br520400005303986540512.345802BR5912LOJA EXEMPLO6008CURITIBA62200516T7K20250102A000163046873"
	filler := "80500016A0000006770101110112some more text 2599Shop around the corner no 7;"
	long := pix + strings.Repeat(filler, 6)
	all := []string{"upi://pay?pa=a@b&am=1.00&cu=INR", "BCD\n002\n1\nSCT\n\nBeispiel Laden\nDE23100000001234567890\nEUR19.90\n\nRF20T7K20250102A0001"}
	for _, n := range []int{20, 60, 100, 137, 150, 200, 251, 300, 331, 400, 450, 500} {
		all = append(all, long[:n])
	}
	return all
}

// each makes one test a payload.
func each(t *testing.T, f func(t *testing.T, text string, s *qr.Symbol)) {
	for _, text := range payloads() {
		t.Run(fmt.Sprintf("%d bytes", len(text)), func(t *testing.T) {
			t.Parallel()
			s, err := qr.New(text)
			if err != nil {
				t.Fatal(err)
			}
			f(t, text, s)
		})
	}
}

func TestPNGIsRead(t *testing.T) {
	each(t, func(t *testing.T, text string, s *qr.Symbol) {
		for _, k := range []int{2, 3, 4, 8} {
			var b bytes.Buffer
			if err := s.PNG(&b, k); err != nil {
				t.Fatal(err)
			}
			checkPNG(t, b.Bytes(), k*(s.Size()+8))
			if got := scan(t, b.Bytes()); got != text {
				t.Errorf("k = %d: read %q", k, got)
			}
		}
	})
}

func TestPNGOfAnySizeIsReadAndHasEvenModules(t *testing.T) {
	each(t, func(t *testing.T, text string, s *qr.Symbol) {
		for _, side := range []int{2 * (s.Size() + 8), 3*(s.Size()+8) - 1, 320, 350, 403} {
			if side < 2*(s.Size()+8) {
				continue
			}
			var b bytes.Buffer
			if err := s.PNGIn(&b, side); err != nil {
				t.Fatal(err)
			}
			checkEven(t, checkPNG(t, b.Bytes(), side), s)
			if got := scan(t, b.Bytes()); got != text {
				t.Errorf("%d pixels: read %q", side, got)
			}
		}
	})
}

// checkPNG wants a picture of one bit a pixel and of that size.
func checkPNG(t *testing.T, b []byte, side int) image.Image {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if got := picture.Bounds(); got != image.Rect(0, 0, side, side) || b[24] != 1 {
		t.Errorf("%v at %d bits, want %d pixels at 1 bit", got, b[24], side)
	}
	return picture
}

// checkEven compares every pixel with the module that must be there.
func checkEven(t *testing.T, picture image.Image, s *qr.Symbol) {
	t.Helper()
	side := picture.Bounds().Dx()
	k := qr.Fit(side, s.Size())
	margin := (side - k*s.Size()) / 2
	for y := range side {
		for x := range side {
			want := x >= margin && y >= margin && s.At((x-margin)/k, (y-margin)/k)
			if r, _, _, _ := picture.At(x, y).RGBA(); (r == 0) != want {
				t.Fatalf("pixel %d, %d of %d is not of its module", x, y, side)
			}
		}
	}
}

var run = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)

func TestSVGIsRead(t *testing.T) {
	each(t, func(t *testing.T, text string, s *qr.Symbol) {
		var b bytes.Buffer
		if err := s.SVG(&b); err != nil {
			t.Fatal(err)
		}
		side := s.Size() + 8
		if !strings.Contains(b.String(), fmt.Sprintf(`viewBox="0 0 %d %d"`, side, side)) || strings.Count(b.String(), "<path") != 1 ||
			!strings.Contains(b.String(), `shape-rendering="crispEdges"`) || strings.Contains(b.String(), "style") ||
			!strings.Contains(b.String(), ` d="M4 4h7v1h-7z`) {
			t.Errorf("%s", b.String()[:200])
		}
		if got := scan(t, drawn(t, side, 3, svgModules(b.String()))); got != text {
			t.Errorf("read %q", got)
		}
	})
}

// svgModules reads the dark modules out of the path.
func svgModules(svg string) func(x, y int) bool {
	dark := map[image.Point]bool{}
	for _, m := range run.FindAllStringSubmatch(svg, -1) {
		x, _ := strconv.Atoi(m[1])
		y, _ := strconv.Atoi(m[2])
		n, _ := strconv.Atoi(m[3])
		for i := range n {
			dark[image.Pt(x+i, y)] = true
		}
	}
	return func(x, y int) bool { return dark[image.Pt(x, y)] }
}

// drawn makes a picture of modules.
func drawn(t *testing.T, side, k int, dark func(x, y int) bool) []byte {
	t.Helper()
	picture := image.NewGray(image.Rect(0, 0, side*k, side*k))
	for y := range side * k {
		for x := range side * k {
			if !dark(x/k, y/k) {
				picture.SetGray(x, y, color.Gray{Y: 0xFF})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTextIsReadOnDarkAndLightTerminals(t *testing.T) {
	each(t, func(t *testing.T, text string, s *qr.Symbol) {
		for _, inverse := range []bool{false, true} {
			cells := strings.Split(strings.TrimSuffix(s.Text(inverse), "\n"), "\n")
			if rows, columns := len(cells), len([]rune(cells[0])); rows != (s.Size()+5)/2 || columns != s.Size()+4 {
				t.Errorf("%d x %d cells for %d modules", columns, rows, s.Size())
			}
			if got := scan(t, drawn(t, s.Size()+12, 4, terminal(cells, inverse))); got != text {
				t.Errorf("inverse %v: read %q", inverse, got)
			}
		}
	})
}

// terminal says which half cells are dark on a terminal with a wide border around the text: light characters on dark, or with
// inverse dark ones on light.
func terminal(cells []string, inverse bool) func(x, y int) bool {
	var rows [][]rune
	for _, line := range cells {
		rows = append(rows, []rune(line))
	}
	return func(x, y int) bool {
		x, y = x-4, y-4
		ink := false
		if x >= 0 && y >= 0 && y/2 < len(rows) && x < len(rows[y/2]) {
			switch rows[y/2][x] {
			case '█':
				ink = true
			case '▀':
				ink = y%2 == 0
			case '▄':
				ink = y%2 == 1
			}
		}
		return ink == inverse
	}
}

func TestRasterIsRead(t *testing.T) {
	each(t, func(t *testing.T, text string, s *qr.Symbol) {
		for _, head := range []int{384, 576} {
			b, err := s.Raster(head)
			if err != nil {
				t.Fatal(err)
			}
			width, height := int(b[4])|int(b[5])<<8, int(b[6])|int(b[7])<<8
			if !bytes.Equal(b[:4], []byte{0x1D, 0x76, 0x30, 0}) || len(b) != 8+width*height || height%(s.Size()+8) != 0 || width*8 > head+7 {
				t.Fatalf("%x... of %d bytes", b[:8], len(b))
			}
			printed := func(x, y int) bool { return x/8 < width && b[8+y*width+x/8]>>(7-x%8)&1 == 1 }
			if got := scan(t, drawn(t, height, 1, printed)); got != text {
				t.Errorf("%d dots: read %q", head, got)
			}
		}
	})
}
