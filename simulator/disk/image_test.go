package disk_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulator/disk"
)

// states collects what a log can leave of one file, over many cuts: "-" where it is not there.
func states(t *testing.T, log []disk.Op, at int, name string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for n := range uint64(150) {
		dir := t.TempDir()
		if err := disk.Cut(log, at, rand.New(rand.NewPCG(1, n))).Write(dir); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			found["-"] = true
			continue
		}
		found[string(text)] = true
	}
	return found
}

// log is a file that is made, written twice with a sync between, and renamed.
func log() []disk.Op {
	return []disk.Op{
		{Kind: disk.Create, File: 1, Path: "new"},
		{Kind: disk.Write, File: 1, Data: []byte("a")},
		{Kind: disk.Sync, File: 1},
		{Kind: disk.Write, File: 1, Data: []byte("b")},
		{Kind: disk.SyncDir, Path: ""},
		{Kind: disk.Rename, File: 1, Path: "new", To: "old"},
		{Kind: disk.SyncDir, Path: ""},
		{Kind: disk.Sync, File: 1},
	}
}

func TestWhatAPowerCutLeaves(t *testing.T) {
	failed := log()
	failed[2].Failed = true
	for _, c := range []struct {
		what string
		log  []disk.Op
		at   int
		file string
		want string // the states, in any order
	}{
		{"nothing is synced", log(), 2, "new", "-|a|"},
		{"the content is synced and the name is not", log(), 3, "new", "-|a"},
		{"a sync that failed proves nothing", failed, 3, "new", "-|a|"},
		{"a later one does not prove what it left", failed[:3:3], 3, "new", "-|a|"},
		{"name and first write are synced", log(), 5, "new", "a|b"},
		{"the rename is not", log(), 6, "old", "-|a|b"},
		{"the rename is", log(), 7, "old", "a|b"},
		{"the old name is gone", log(), 7, "new", "-"},
		{"all is synced", log(), 8, "old", "b"},
	} {
		t.Run(c.what, func(t *testing.T) {
			got, want := states(t, c.log, c.at, c.file), strings.Split(c.want, "|")
			for _, state := range want {
				if !got[state] {
					t.Errorf("%q never came", state)
				}
				delete(got, state)
			}
			for state := range got {
				t.Errorf("%q is not legal", state)
			}
		})
	}
}

func TestWritesAreTornBetweenSectors(t *testing.T) {
	first, second := strings.Repeat("a", 4096), strings.Repeat("b", 4096)
	ops := []disk.Op{{Kind: disk.Create, File: 1, Path: "f"}, {Kind: disk.Write, File: 1, Data: []byte(first)}, {Kind: disk.Sync, File: 1}, {Kind: disk.SyncDir},
		{Kind: disk.Write, File: 1, Data: []byte(second)}}
	torn := 0
	for state := range states(t, ops, len(ops), "f") {
		if len(state) != 4096 {
			t.Fatalf("the file is %d bytes long", len(state))
		}
		for from := 0; from < len(state); from += 512 {
			if sector := state[from : from+512]; sector != first[:512] && sector != second[:512] {
				t.Errorf("a sector is torn: %q", sector)
			}
		}
		if state != first && state != second {
			torn++
		}
	}
	if torn < 10 {
		t.Errorf("%d torn states", torn)
	}
}

func TestTheSameDiceGiveTheSameImage(t *testing.T) {
	var texts []string
	for range 2 {
		dir := t.TempDir()
		if err := disk.Cut(log(), 7, rand.New(rand.NewPCG(7, 7))).Write(dir); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, "old"))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	if texts[0] != texts[1] {
		t.Errorf("%q", texts)
	}
}
