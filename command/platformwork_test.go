package command

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/registry"
	"github.com/tillproof/tillproof/sync/platform/work"
)

// workOn runs the command and returns what it printed and its exit code.
func workOn(t *testing.T, config string, args ...string) (out string, code int) {
	t.Helper()
	c := platformWorkCommand()
	c.SilenceErrors, c.SilenceUsage = true, true
	var buffer bytes.Buffer
	c.SetOut(&buffer)
	c.SetErr(&buffer)
	c.SetArgs(append(args, "-c", config))
	if err := c.ExecuteContext(t.Context()); err != nil {
		code = codeOf(err)
		report(&buffer, err)
	}
	return buffer.String(), code
}

func TestPlatformWork(t *testing.T) {
	folder := t.TempDir()
	config, ledger := filepath.Join(folder, "platform.yaml"), filepath.Join(folder, "ledger.db")
	if err := os.WriteFile(config, []byte("data: .\nbroker: tcp://127.0.0.1:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := workOn(t, config, "list"); code != exitAway {
		t.Errorf("%d %s", code, out)
	}
	if _, err := os.Stat(ledger); err == nil {
		t.Error("a list made a ledger")
	}
	id := addWork(t, ledger)
	for _, step := range []struct {
		args string
		code int
		has  []string
	}{
		{"list", exitDone, []string{id, "forward_declined", "1 of 4", "5.00 EUR", "Not enough money."}},
		{"list --kind fork", exitDone, []string{"Nothing waits"}},
		{"list none", exitNot, []string{"no such item"}},
		{"retry " + id, exitDone, []string{"retrying"}},
		{"retry " + id, exitNot, []string{"a retry is under way", "money: none moved"}},
		{"resolve " + id + " --outcome written_off", exitUsage, []string{"reason"}},
		{"resolve " + id + " --outcome written_off --reason gone", exitNot, []string{"under way"}},
		{"list " + id + " --json", exitDone, []string{`"by":"command`, `"state":"retrying"`}},
	} {
		out, code := workOn(t, config, strings.Fields(step.args)...)
		for _, want := range step.has {
			if !strings.Contains(out, want) || code != step.code {
				t.Errorf("%s: %d, no %q in %s", step.args, code, want, out)
			}
		}
	}
	var items struct{ Items []work.Line }
	if out, _ := workOn(t, config, "list", "--all", "--json"); json.Unmarshal([]byte(out), &items) != nil || len(items.Items) != 1 {
		t.Error(out)
	}
	wantAudited(t, ledger, id)
}

// wantAudited looks for the one thing that was done in the audit log.
func wantAudited(t *testing.T, ledger, id string) {
	t.Helper()
	db, err := database.Open(t.Context(), ledger)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r, err := registry.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for entry, err := range r.Audit(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if entry.Target == "item/"+id && entry.Action == "change" && strings.HasPrefix(entry.Actor, "command:") && strings.Contains(string(entry.After), `"retrying"`) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the retry stands in the audit log %d times", n)
	}
}

// addWork makes a ledger with one item and returns its id.
func addWork(t *testing.T, ledger string) string {
	t.Helper()
	db, err := database.Open(t.Context(), ledger)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	w, err := work.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Transact(t.Context(), func(tx *database.Tx) error {
		_, err := w.Add(t.Context(), tx, work.Item{Kind: work.ForwardDeclined, Till: "till-1", Payment: pos.NewPaymentID(time.Now()), Order: "O-1",
			Money: pos.Money{Amount: 500, Currency: "EUR"}, Text: "Not enough money.", Deadline: time.Now().Add(time.Hour).UnixMilli(), Tries: 1, TriesAllowed: 4})
		return err
	})
	items, _, listed := w.List(t.Context(), work.Filter{})
	if err != nil || listed != nil || len(items) != 1 {
		t.Fatal(err, listed, items)
	}
	return items[0].ID.String()
}
