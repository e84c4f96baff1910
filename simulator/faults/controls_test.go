//go:build linux

package faults

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// control is the product with one promise broken, and the case that must see it.
type control struct {
	name, file, old, broken string
	seenBy                  string
}

func controls() []control {
	return []control{
		{"the answer comes before the commit", "sync/platform/intake.go", "case i.ledger <- parcel{l.topic, d}:",
			"case i.ledger <- parcel{l.topic, d}:\n\t\t\t\tlast := d.last()\n\t\t\t\ti.out <- receipt{l.topic, wire.Ack{Till: d.till, Mark: last, State: wire.AckOK, Last: &last}}", "database"},
		{"the platform does not see gaps", "sync/platform/ingest.go", "case d.prev.Seq > c.mark.Seq:", "case d.prev.Seq > c.mark.Seq && false:", "mixed"},
		{"what was sent counts as kept", "sync/outbox/pump.go", "if len(p.flights) == 1 {", "p.advance(chunk.Last, message)\n\t\tif len(p.flights) == 1 {", "liar"},
		{"signatures are not looked at", "sync/platform/tills.go", "switch {\n\tcase errors.Is(err, cose.ErrUnknownKey):",
			"err = nil\n\tswitch {\n\tcase errors.Is(err, cose.ErrUnknownKey):", "forged"},
		{"nobody looks for dead lines", "sync/mqtt/options.go", "keepAlive      = 7 *", "keepAlive      = 700 *", "half-open"},
		{"a backup is not noticed", "sync/outbox/answer.go", "case Beyond, Differs:\n\t\tp.diverged(ack, place)\n\t}", "case Beyond, Differs:\n\t}", "restored"},
	}
}

// TestControlsAreSeen builds the product with a promise broken and runs a case on it, which must fail. It takes a minute, so only the long run
// (tools/soak) asks for it, by FAULT_CONTROLS.
func TestControlsAreSeen(t *testing.T) {
	if os.Getenv("FAULT_CONTROLS") == "" {
		return
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range controls() {
		t.Run(c.name, func(t *testing.T) {
			binary := c.build(t, root)
			run := exec.Command(binary, "-test.run", "^TestFaults$/^"+c.seenBy+"$/^embedded-sqlite$", "-test.timeout", "5m")
			out, err := run.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL") {
				t.Errorf("%s, and the case %q sees nothing: %v\n%s", c.name, c.seenBy, err, out)
			}
		})
	}
}

// build makes this test program with the promise broken.
func (c *control) build(t *testing.T, root string) string {
	t.Helper()
	path := filepath.Join(root, c.file)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), c.old, c.broken, 1)
	if changed == string(text) {
		t.Fatalf("%s has changed: %q is not in it", c.file, c.old)
	}
	dir := t.TempDir()
	other, overlay, binary := filepath.Join(dir, "broken.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "faults.test")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {path: other}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{other: []byte(changed), overlay: replace} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "test", "-c", "-overlay", overlay, "-o", binary, "./simulator/faults")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}
