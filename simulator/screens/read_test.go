package screens_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPhonesCanReadTheDisplay photographs the customer's screen on small and large, coarse and fine displays and has another program read
// it.
func TestPhonesCanReadTheDisplay(t *testing.T) {
	t.Parallel()
	reader, err := exec.LookPath("zbarimg")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("zbarimg is not installed")
	}
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	d := s.display(p, 1024, 600)
	for _, scheme := range []string{"wechat", "epc"} {
		if scheme == "epc" { // the till makes that one itself, when the platform cannot be asked
			s.play("/network", `{"up":false}`)
			p.until(`text('mode') === 'Offline'`)
		}
		p.amount("1234")
		p.pay("qr")
		d.showsQR()
		shown := s.payment(p.running())
		if shown.Scheme != scheme || shown.QR == nil {
			t.Fatalf("%+v", shown)
		}
		for _, size := range [][2]int64{{1024, 600}, {1920, 1080}} {
			for _, scale := range []float64{1, 2} {
				name := fmt.Sprintf("%s %dx%d scale %g", scheme, size[0], size[1], scale)
				d.size(size[0], size[1], scale)
				d.fills(name)
				d.picture(name)
				if got := scanned(t, reader, d.screenshot()); got != shown.QR.Payload {
					t.Errorf("%s: read %q, want %q", name, got, shown.QR.Payload)
				}
			}
		}
		p.click("cancel")
		p.until(`status() !== 'pending'`)
		p.next()
	}
}

// fills checks that the symbol's modules are whole pixels, that it is no smaller than it might be, and that nothing has to be scrolled.
func (p *tab) fills(name string) {
	p.t.Helper()
	p.until(`((qr) => Math.abs(qr.getBoundingClientRect().width * devicePixelRatio / qr.dataset.modules - qr.dataset.pixels) < 0.001)(one('qr'))`)
	if got := p.value(`(() => {
		const modules = Number(one('qr').dataset.modules), room = one('qr').parentElement, k = Number(one('qr').dataset.pixels);
		const larger = (k + 1) * modules / devicePixelRatio <= Math.min(room.clientWidth, room.clientHeight);
		const within = (r) => r.left >= -1 && r.top >= -1 && r.right <= innerWidth + 1 && r.bottom <= innerHeight + 1;
		const out = [...document.querySelectorAll('h1, p:not(.spoken), img')]
			.filter((e) => e.checkVisibility() && !within(e.getBoundingClientRect())).map((e) => e.id + ' sticks out');
		return [Number.isInteger(k) && k > 1 ? '' : k + ' pixels a module', larger ? 'a larger symbol fits' : '', ...out].join('');
	})()`); got != "" {
		p.t.Errorf("%s: %s", name, got)
	}
	p.t.Logf("%s: %s pixels a module", name, p.value(`one('qr').dataset.pixels`))
}

// scanned is the text of the QR in a picture.
func scanned(t *testing.T, reader string, png []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "display.png")
	if err := os.WriteFile(file, png, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(reader, "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", file)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		t.Logf("zbarimg: %v %s", err, complaint.String())
	}
	return strings.TrimSuffix(out.String(), "\n")
}
