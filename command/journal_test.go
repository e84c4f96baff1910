package command

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/store/record"
)

// What cannot be read any more is named by verify, in JSON too, and keeps nobody from reading the rest.
func TestJournalDamaged(t *testing.T) {
	dir := firstRelease(t)
	list, _ := filepath.Glob(filepath.Join(dir, "journal", "*.seg"))
	newest, err := os.ReadFile(list[1])
	at := bytes.LastIndex(newest, []byte(record.FrameMagic))
	if err != nil || at < 0 {
		t.Fatal(at, err)
	}
	frame := newest[at : at+100] // pages that were let go of hold copies
	changed := append(bytes.Clone(frame[:99]), frame[99]^1)
	for _, c := range []struct {
		name   string
		path   string
		change func(content []byte)
		shown  int
	}{
		{"a record", list[1], func(content []byte) { copy(content, bytes.ReplaceAll(content, frame, changed)) }, 87},
		{"the heads of a file", list[0], func(content []byte) { clear(content[:8192]) }, 70},
		{"both files", list[1], func(content []byte) { clear(content) }, 0},
	} {
		content, err := os.ReadFile(c.path)
		if err != nil {
			t.Fatal(err)
		}
		c.change(content)
		if err := os.WriteFile(c.path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if out := does(t, exitNot, "journal", "verify", "--data", dir, "--json"); !strings.Contains(out, `{"kind":"unreadable","epoch":"`) {
			t.Errorf("%s: verify %s", c.name, out)
		}
		if out := does(t, exitNot, "journal", "show", "--data", dir, "--json"); strings.Count(out, "\n") != c.shown {
			t.Errorf("%s: %d records shown, want %d", c.name, strings.Count(out, "\n"), c.shown)
		}
		for _, command := range []string{"rebuild", "totals"} {
			does(t, exitNot, "journal", command, "--data", dir, "--json")
		}
	}
}
