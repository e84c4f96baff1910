package command

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// firstRelease lays out the data folder of a till of the first release.
func firstRelease(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	source := filepath.Join("..", "store", "journal", "testdata", "v1")
	packed, err := filepath.Glob(filepath.Join(source, "*.seg.gz"))
	key, err2 := os.ReadFile(filepath.Join(source, "till.pem"))
	if err := errors.Join(err, err2, os.Mkdir(filepath.Join(dir, "journal"), 0o700), os.Mkdir(filepath.Join(dir, "keys"), 0o700),
		os.WriteFile(filepath.Join(dir, "keys", "till.pem"), key, 0o600)); err != nil || len(packed) != 2 {
		t.Fatal(packed, err)
	}
	for _, path := range packed {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".gz")
		if err := os.WriteFile(filepath.Join(dir, "journal", name), plain, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// does runs a command line and wants an exit code.
func does(t *testing.T, want int, args ...string) (stdout string) {
	t.Helper()
	var out, errs bytes.Buffer
	if code := Main(args, strings.NewReader(""), &out, &errs); code != want {
		t.Fatalf("%s: exit %d, not %d: %s%s", strings.Join(args, " "), code, want, out.String(), errs.String())
	}
	return out.String()
}

func TestJournalExport(t *testing.T) {
	dir := firstRelease(t)
	file := filepath.Join(dir, "out.jsonl")
	does(t, exitDone, "journal", "export", "--data", dir, file)
	text, err := os.ReadFile(file)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	var last exported
	if err != nil || len(lines) != 89 || json.Unmarshal([]byte(lines[88]), &last) != nil || len(last.Ack) == 0 || len(last.Record) > 0 {
		t.Errorf("%d lines, the last %+v, %v", len(lines), last, err)
	}
	does(t, exitAway, "journal", "export", "--data", dir, file) // it is there already
	file = filepath.Join(dir, "out.cbor")
	does(t, exitDone, "journal", "export", "--data", dir, "--format", "cbor", file)
	text, err = os.ReadFile(file)
	n, signed := 0, 0
	for decoder := cbor.NewDecoder(bytes.NewReader(text)); err == nil; n++ {
		var e exported
		if err = decoder.Decode(&e); err == nil && len(e.Signature) > 0 {
			signed++
		}
	}
	if !errors.Is(err, io.EOF) || n != 90 || signed == 0 {
		t.Errorf("%d entries, %d signed, %v", n-1, signed, err)
	}
	if out := does(t, exitDone, "journal", "export", "--data", dir, "--json", "--from", "2026-11-23", filepath.Join(dir, "none")); !strings.Contains(out, `"records":0`) {
		t.Errorf("of another day: %s", out)
	}
	does(t, exitUsage, "journal", "export", "--data", dir, "--from", "yesterday", filepath.Join(dir, "never"))
}

// Files that no database opens any more still hold their records.
func TestJournalExportSalvage(t *testing.T) {
	dir := firstRelease(t)
	list, _ := filepath.Glob(filepath.Join(dir, "journal", "*.seg"))
	for i, path := range list {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(make([]byte, 8192), 0); err != nil {
			t.Fatal(err)
		}
		f.Close()
		if i == 0 {
			if err := os.Rename(path, path+".damaged"); err != nil {
				t.Fatal(err)
			}
		}
	}
	does(t, exitNot, "journal", "export", "--data", dir, filepath.Join(dir, "plain"))
	if out := does(t, exitDone, "journal", "export", "--data", dir, "--json", "--salvage", filepath.Join(dir, "saved")); !strings.Contains(out, `"records":88`) {
		t.Errorf("%s", out)
	}
}

func TestJournalRekey(t *testing.T) {
	dir := firstRelease(t)
	for range 2 {
		does(t, exitDone, "journal", "rekey", "--data", dir, "--reason", "test")
		if out := does(t, exitDone, "journal", "verify", "--data", dir, "--json"); !strings.HasPrefix(out, `{"ok":true`) {
			t.Error(out)
		}
	}
	if old, _ := filepath.Glob(filepath.Join(dir, "keys", "*.pub")); len(old) != 2 {
		t.Errorf("former keys: %v", old)
	}
}
