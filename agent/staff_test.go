package agent_test

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/agent/people"
)

// staff sets a cashier and a supervisor up, as the command does.
func (w *world) staff() *people.People {
	w.t.Helper()
	p, err := people.Open(agent.PathsIn(w.dir).People)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, x := range []struct {
		who people.Person
		pin string
	}{{people.Person{ID: "ada", Name: "Ada", Role: people.Cashier}, "83051926"}, {people.Person{ID: "bob", Name: "Bob", Role: people.Supervisor}, "73055182"}} {
		if err := p.Add(x.who, x.pin); err != nil {
			w.t.Fatal(err)
		}
	}
	return p
}

func (w *world) verifyPerson(id, pin string) (status int, code string) {
	return w.ask("POST", "/v1/people/verify", map[string]any{"person": id, "pin": pin}, nil)
}

// A list that is damaged keeps nobody from selling: the till says so, verifies nobody, and leaves the file to whoever can mend it.
func TestADamagedListOfPeopleStopsNoSale(t *testing.T) {
	w := newWorld(t, t.TempDir())
	path := agent.PathsIn(w.dir).People
	write(t, path, `{"version": 1, "people": [{"id`)
	w.start()
	w.pay("cash", "A-1", 500, "0s")
	if status, code := w.verifyPerson("ada", "83051926"); status != 403 || code != "no_people" {
		t.Errorf("%d %s", status, code)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != `{"version": 1, "people": [{"id` {
		t.Errorf("%s, %v", text, err)
	}
	if err := os.Remove(path); err != nil { // and set up anew, while the till runs
		t.Fatal(err)
	}
	w.staff()
	if status, code := w.verifyPerson("ada", "83051926"); status != 200 {
		t.Errorf("%d %s", status, code)
	}
}

// The lock-out is in the file: a restart of the agent gives no tries back.
func TestTheLockOutSurvivesARestart(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.staff()
	for range 5 {
		w.start()
		w.verifyPerson("ada", "00010002")
		w.stop()
	}
	w.start()
	if status, code := w.verifyPerson("ada", "83051926"); status != 403 || code != "pin_locked" {
		t.Errorf("%d %s", status, code)
	}
	if status, _ := w.verifyPerson("bob", "73055182"); status != 200 {
		t.Error("somebody else is locked too")
	}
}

// A PIN, right or wrong, stands in no file of the till, no log and no answer.
func TestPINsAreNowhere(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.staff()
	log := &lines{}
	w.log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.start()
	pins := []string{"83051926", "73055182", "90218834", "902188341234"}
	for _, pin := range pins {
		w.verifyPerson("ada", pin)
		w.verifyPerson("nobody", pin)
		w.ask("POST", "/v1/people/verify", map[string]any{"person": "ada", "pin": pin + "5"}, nil)
		w.ask("POST", "/v1/people/verify", map[string]any{"person": "ada", "pin": []string{pin}}, nil)
		w.ask("GET", "/v1/people/verify?pin="+pin, nil, nil)
	}
	w.stop()
	found := filesBelow(t, w.dir)
	found["the log"] = []byte(log.String())
	for name, text := range found {
		for _, pin := range pins {
			if bytes.Contains(text, []byte(pin)) {
				t.Errorf("%s holds a PIN", name)
			}
		}
	}
	if !strings.Contains(log.String(), "public_key") {
		t.Error("nothing was logged: the search proves nothing")
	}
}

// filesBelow reads every file of a folder.
func filesBelow(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		found[path], err = os.ReadFile(filepath.Join(dir, path))
		return err
	})
	if err != nil || len(found) < 4 {
		t.Fatalf("%d files, %v", len(found), err)
	}
	return found
}

// lines is a log that many write.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer].
func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// String returns what was logged.
func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
