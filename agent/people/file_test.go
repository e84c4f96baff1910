package people

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// goodFile is a list with everything in it that a list can have.
func goodFile(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "people.json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// damaged are lists that must not be believed, by what is wrong.
func damaged(t testing.TB) map[string][]byte {
	good := string(goodFile(t))
	swap := func(old, fresh string) []byte {
		if !strings.Contains(good, old) {
			t.Fatalf("the good list has no %s", old)
		}
		return []byte(strings.Replace(good, old, fresh, 1))
	}
	return map[string][]byte{
		"empty":                  {},
		"zeros after a crash":    make([]byte, len(good)),
		"cut":                    []byte(good[:len(good)/2]),
		"followed by something":  []byte(good + "{}"),
		"no object":              []byte(`[]`),
		"null":                   []byte(`null`),
		"no version":             []byte(`{"people": []}`),
		"of a later version":     swap(`"version": 1`, `"version": 2`),
		"a member of a later":    swap(`"version": 1`, `"version": 1, "fingers": 10`),
		"too large":              bytes.Repeat([]byte(" "), maxFile+1),
		"another role":           swap(`"cashier"`, `"owner"`),
		"an id that cannot be":   swap(`"ada"`, `"Ada L"`),
		"an id twice":            swap(`"ada"`, `"bob"`),
		"a name of two lines":    swap(`"Ada"`, `"A\nda"`),
		"a salt that is short":   swap(`"salt": "74`, `"salt": "`),
		"a hash that is no hex":  swap(`"hash": "4a`, `"hash": "zz`),
		"memory of a server":     swap(`"memory_kib": 64`, `"memory_kib": 4194304`),
		"hours of work":          swap(`"time": 2`, `"time": 4000000000`),
		"a time below zero":      swap(`"time": 2`, `"time": -1`),
		"no memory":              swap(`"memory_kib": 64`, `"memory_kib": 0`),
		"no threads":             swap(`"threads": 1`, `"threads": 0`),
		"tries below zero":       swap(`"failed": 3`, `"failed": -3`),
		"tries beyond the count": swap(`"failed": 3`, `"failed": 3000000000`),
		"a time before the boot": swap(`"mono_ms": 77`, `"mono_ms": -77`),
	}
}

func TestTheFileIsReadAsItWasWritten(t *testing.T) {
	f, err := parse(goodFile(t))
	if err != nil {
		t.Fatal(err)
	}
	if f.find("ada").Tries.Failed != 3 || f.Others.Failed != 1 || f.find("bob").Role != Supervisor {
		t.Errorf("%+v", f)
	}
	path := filepath.Join(t.TempDir(), "people.json")
	if err := os.WriteFile(path, goodFile(t), 0o600); err != nil {
		t.Fatal(err)
	}
	p := openAt(t, path, newClock())
	if _, err := p.Verify("ada", "8305", Cashier); err != nil { // a list of an earlier version of this program verifies for ever
		t.Error(err)
	}
}

// A damaged list stops nobody from selling, verifies nobody, and stays as it is for whoever can mend it.
func TestADamagedListIsKept(t *testing.T) {
	for name, text := range damaged(t) {
		path := filepath.Join(t.TempDir(), "people.json")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		p := openAt(t, path, nil)
		t.Log(name)
		wants(t, p.Check(), "people_unreadable")
		_, err := p.Verify("ada", "8305", Cashier)
		wants(t, err, "no_people")
		_, err = p.Standings()
		wants(t, err, "people_unreadable")
		wants(t, p.Add(Person{"eve", "Eve", Cashier}, "8305"), "people_unreadable")
		wants(t, p.Remove("ada"), "people_unreadable")
		wants(t, p.Unlock("ada"), "people_unreadable")
		wants(t, p.SetPIN("ada", "8306"), "people_unreadable")
		if list := p.List(); list == nil || len(list) > 0 {
			t.Errorf("%s: %v", name, list)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, text) {
			t.Errorf("%s: the file was changed, %v", name, err)
		}
	}
}

func TestAListThatCannotBeReadStopsNobody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "people.json")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	p := openAt(t, path, nil)
	wants(t, p.Check(), "people_unreadable")
	_, err := p.Verify("ada", "8305", Cashier)
	wants(t, err, "no_people")
}

// What is mended on disk counts at once.
func TestAMendedListIsRead(t *testing.T) {
	p, path := newShop(t, nil)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{good[:40], good} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Verify("ada", "8305", Cashier); err != nil {
		t.Error(err)
	}
}

func TestAListHasItsEnd(t *testing.T) {
	f, err := parse(goodFile(t))
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxPeople {
		e := f.People[0]
		e.ID += "-" + e.ID[:1+i%2]
		f.People = append(f.People, e)
	}
	if err := f.check(); err == nil || !strings.Contains(err.Error(), "500") {
		t.Errorf("%v", err)
	}
}

// Whatever stands in the file: no panic, no cost beyond the bounds, and what is read is written back to the same.
func FuzzParse(f *testing.F) {
	f.Add(goodFile(f))
	for _, text := range damaged(f) {
		if len(text) <= 1<<12 {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := parse(text)
		if err != nil {
			return
		}
		for i := range list.People {
			if c := list.People[i].PIN.cost; c.Memory > maxMemory || c.Time > maxTime {
				t.Fatalf("%+v", c)
			}
		}
		list.Others.remaining(moment{})
		again, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		second, err := parse(again)
		if err != nil {
			t.Fatalf("%v: %s", err, again)
		}
		if twice, err := json.Marshal(second); err != nil || !bytes.Equal(again, twice) {
			t.Fatalf("%s became %s, %v", again, twice, err)
		}
	})
}
