package screens_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"os"
	"testing"
)

const (
	tillPicture  = "../../docs/till.png"
	shiftPicture = "../../docs/shift.png"
	// tolerance is the part of the pixels that may differ: fonts are drawn a little differently on every machine.
	tolerance = 0.005
	// visibly is how much one colour of a pixel must differ to count, of 65535.
	visibly = 0x3000
)

// changing are the places of the picture that are others each time: times and the number of records.
const changing = `JSON.stringify([...document.querySelectorAll('.recent-time, [data-testid="backlog"], .paper-head p, .paper-foot')]
	.map((e) => e.getBoundingClientRect()).map((r) => [r.left - 2, r.top - 2, r.right + 2, r.bottom + 2].map(Math.round)))`

// TestPictureOfTheTill makes the pictures of the documentation: a shop in the middle of its day, and its shift's report. It fails when the till no
// longer looks like that; go test ./simulator/screens -run Picture -update makes them anew.
func TestPictureOfTheTill(t *testing.T) {
	s := openShop(t, false)
	s.staff("cara", "Cara", "cashier", "70415528")
	p := s.cashier(1280, 800)
	s.begin("cara", "70415528")
	p.until(`text('open-day').includes('Shift 1 · Cara')`)
	s.day(p)
	p.whole()
	p.shows(tillPicture)
	p.click("open-day")
	p.until(`visible('report') && text('report-expected') !== ''`)
	p.run(away())
	p.value(`document.activeElement.blur()`)
	p.whole()
	p.shows(shiftPicture)
}

// begin opens a shift with 150.00 in the drawer.
func (s *shop) begin(cashier, pin string) {
	s.t.Helper()
	body := fmt.Sprintf(`{"cashier":%q,"pin":%q,"float":15000}`, cashier, pin)
	if status := s.call("POST", s.Till+"/v1/shifts", body, nil); status != http.StatusCreated {
		s.t.Fatalf("the shift: %d", status)
	}
}

// shows compares the page with a picture, or makes the picture.
func (p *tab) shows(file string) {
	p.t.Helper()
	t := p.t
	now := decoded(t, p.screenshot())
	masks := []image.Rectangle{}
	var corners [][4]int
	if err := json.Unmarshal([]byte(p.value(changing)), &corners); err != nil || len(corners) < 4 {
		t.Fatalf("the picture has %d places that change, %v", len(corners), err)
	}
	for _, c := range corners {
		masks = append(masks, image.Rect(c[0], c[1], c[2], c[3]))
	}
	if *update {
		write(t, file, now)
		return
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	part := differing(decoded(t, text), now, masks)
	t.Logf("%s: %.3f %% of the pixels differ", file, part*100)
	if part > tolerance {
		p.picture("now")
		t.Errorf("%s no longer shows the till: %.2f %% of its pixels differ; -shots shows how it is now, -update makes it anew",
			file, part*100)
	}
}

// day sells what the picture shows, and leaves a sale on the counter.
func (s *shop) day(p *tab) {
	s.t.Helper()
	sell := func(digits, tender string) {
		p.amount(digits)
		p.pay(tender)
	}
	sell("1840", "cash")
	p.click("cash-note-2000")
	p.becomes("approved")
	p.next()
	sell("1250", "card")
	p.becomes("approved")
	p.click("refund")
	p.keys("4", "2", "0", "\r")
	p.click("confirm-yes")
	p.becomes("partly_refunded")
	p.next()
	s.play("/card", `{"next":"decline"}`)
	sell("4600", "card")
	p.becomes("declined")
	p.click("next-customer")
	sell("310", "code")
	p.until(`next() === 'scan_code'`)
	s.play("/show", `{"scheme":"alipay"}`)
	p.becomes("approved")
	p.next()
	sell("990", "code")
	p.until(`next() === 'scan_code'`)
	p.click("cancel")
	p.becomes("cancelled")
	p.click("next-customer")
	for _, code := range []string{"2000000003030", "2000000009094", "2000000009094", "2000000017174"} {
		p.click("goods-" + code)
	}
	p.until(`text('total') === '€15.50' && one('line-1').dataset.quantity === '2'`)
	p.until(`!visible('toast') && /^All \d+ records delivered$/.test(text('backlog'))`)
	p.value(`document.activeElement.blur()`)
	p.run(away())
}

func decoded(t *testing.T, text []byte) image.Image {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

func write(t *testing.T, file string, picture image.Image) {
	t.Helper()
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// differing is the part of the pixels outside the masks that differ visibly; 1 for pictures of different sizes.
func differing(a, b image.Image, masks []image.Rectangle) float64 {
	if a.Bounds() != b.Bounds() {
		return 1
	}
	all, differ := 0, 0
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y++ {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x++ {
			if masked(image.Pt(x, y), masks) {
				continue
			}
			all++
			if distance(a.At(x, y), b.At(x, y)) > visibly {
				differ++
			}
		}
	}
	return float64(differ) / float64(max(1, all))
}

func masked(p image.Point, masks []image.Rectangle) bool {
	for _, m := range masks {
		if p.In(m) {
			return true
		}
	}
	return false
}

// distance is the largest difference of the three colours of two pixels.
func distance(a, b color.Color) uint32 {
	ar, ag, ab, _ := a.RGBA()
	br, bg, bb, _ := b.RGBA()
	apart := func(x, y uint32) uint32 { return max(x, y) - min(x, y) }
	return max(apart(ar, br), apart(ag, bg), apart(ab, bb))
}
