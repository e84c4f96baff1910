//go:build linux

package crash

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// control is a product that breaks its promise in one place. Nothing of it is in the product: it is built from an overlay.
type control struct {
	name, file, old, new string
	caught               map[string]string // by which test, with which word and counts
}

const fewCases = "CRASH_IMAGES=50 CRASH_CUTS=10 CRASH_FLIPS=100"

func controls() []control {
	return []control{
		{"nothing is synced", "store/journal/segment.go", "FreelistType: bbolt.FreelistMapType,", "FreelistType: bbolt.FreelistMapType, NoSync: true,",
			map[string]string{"TestCrashImages": "LOST", "TestPowerCuts": "LOST"}},
		{"the answer comes before the commit", "store/journal/append.go", "func (j *Journal) write(list []record.Record) error {\n",
			"var late []record.Record\nvar lateIn *segment\n\nfunc (j *Journal) write(now []record.Record) error {\n\tlist, in := late, lateIn\n\tlate, lateIn = now, j.current\n" +
				"\tif list == nil || in.db == nil {\n\t\treturn nil\n\t}\n\tdefer func(s *segment) { j.current = s }(j.current)\n\tj.current = in\n",
			map[string]string{"TestCrashImages": "LOST"}},
		{"a record's check value is skipped", "store/record/frame.go", "if binary.BigEndian.Uint32(b[12:]) != frameSum(b) {", "if frameSum(b) == 0 && len(b) == 0 {",
			map[string]string{"TestDamagedFiles": "SILENT"}},
		{"a view's check value is skipped", "store/journal/viewcheck.go", "binary.BigEndian.Uint32(stored) != viewSum(key, stored[4:])", "false",
			map[string]string{"TestDamagedFiles": "SILENT"}},
		{"the name of the folder is not synced", "store/journal/journal.go", "return cose.SyncDir(filepath.Dir(dir))", "return nil",
			map[string]string{"TestCrashImages": "LOST"}},
		{"the name of a segment is not synced", "store/journal/segment.go", "return s, cose.SyncDir(dir)", "_ = cose.SyncDir\n\treturn s, nil",
			map[string]string{"TestCrashImages": "LOST"}},
	}
}

// TestControlsAreCaught breaks the product on purpose: a suite that finds nothing then proves nothing.
func TestControlsAreCaught(t *testing.T) {
	for _, c := range controls() {
		t.Run(c.name, func(t *testing.T) {
			exe := c.build(t)
			for test, word := range c.caught {
				runControl(t, exe, test, word)
			}
		})
	}
}

// runControl wants the test to fail for the right reason.
func runControl(t *testing.T, exe, test, word string) {
	t.Helper()
	cmd := exec.Command(exe, "-test.run", "^"+test+"$", "-test.timeout", "5m", "-test.v")
	cmd.Env = append(append(os.Environ(), strings.Fields(fewCases)...), "SEED=1")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		t.Errorf("%s did not see it:\n%s", test, out)
	case !errors.As(err, &exit):
		t.Fatal(err)
	case !strings.Contains(string(out), word):
		t.Errorf("%s failed for another reason:\n%s", test, out)
	default:
		t.Logf("%s: %d findings in %s", test, strings.Count(string(out), word), summary(string(out)))
	}
}

// summary is what a test said of its counts.
func summary(out string) string {
	var found []string
	for line := range strings.Lines(out) {
		if strings.Contains(line, " wrong; ") || strings.Contains(line, "answered as durable\n") {
			_, text, _ := strings.Cut(strings.TrimSpace(line), ": ")
			found = append(found, text)
		}
	}
	return strings.Join(found, " | ")
}

// build makes this test program out of the changed product.
func (c *control) build(t *testing.T) (exe string) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	original := filepath.Join(root, c.file)
	text, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), c.old); n != 1 {
		t.Fatalf("%s: the text to change stands there %d times: %s", c.file, n, c.old)
	}
	dir := t.TempDir()
	changed, table := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(changed, []byte(strings.Replace(string(text), c.old, c.new, 1)), 0o600), os.WriteFile(table, overlay, 0o600)); err != nil {
		t.Fatal(err)
	}
	exe = filepath.Join(dir, "control.test")
	if out, err := exec.Command("go", "test", "-c", "-overlay", table, "-o", exe, ".").CombinedOutput(); err != nil {
		t.Fatalf("the control cannot be built: %v\n%s", err, out)
	}
	return exe
}
