package scenario_test

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/scenario"
)

// tampering changes the files of a day by hand, one at a time, and restores them: reconcile must see each change.
func tampering(t *testing.T, data string) {
	ledger, terminal := filepath.Join(data, "platform", "ledger.db"), filepath.Join(data, "devices", "terminal.json")
	someone := "(SELECT payment FROM payments WHERE status = 'approved' ORDER BY payment LIMIT 1)"
	for name, statement := range map[string]string{
		"row changed":    "UPDATE payments SET amount = amount + 1 WHERE payment = " + someone,
		"status changed": "UPDATE payments SET status = 'declined' WHERE payment = " + someone,
		"tender changed": "UPDATE payments SET tender = 'qr' WHERE payment = " + someone,
		"row doubled": "INSERT INTO payments (payment, till, epoch, seq, order_ref, attempt, tender, status, amount, currency, fork, state) " +
			"SELECT '01890a5d-ac96-774b-bcce-b302099a8057', till, epoch, seq, order_ref, attempt, tender, status, amount, currency, fork, state FROM payments WHERE payment = " + someone,
		"row deleted":         "DELETE FROM payments WHERE payment = " + someone,
		"all rows deleted":    "DELETE FROM payments",
		"record deleted":      "DELETE FROM records WHERE id = (SELECT max(id) FROM records)",
		"record changed":      "UPDATE records SET bytes = bytes || x'00' WHERE id = (SELECT min(id) FROM records)",
		"records of a day go": "DELETE FROM records",
		"mark moved back":     "UPDATE marks SET seq = seq - 1",
	} {
		t.Run(name, func(t *testing.T) {
			restore := keep(t, ledger)
			defer restore()
			db, err := sql.Open("sqlite", ledger)
			if err != nil {
				t.Fatal(err)
			}
			result, err := db.Exec(statement)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := result.RowsAffected(); err != nil || n == 0 {
				t.Fatalf("nothing was changed: %d, %v", n, err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if reconciles(t, data) {
				t.Error("reconcile sees nothing")
			}
		})
	}
	t.Run("terminal changed", func(t *testing.T) {
		defer keep(t, terminal)()
		text, err := os.ReadFile(terminal)
		if err != nil {
			t.Fatal(err)
		}
		at := strings.LastIndex(string(text[:strings.LastIndex(string(text), `"reversed": false`)]), `"amount": `) // of the last that counts
		changed := string(text[:at]) + `"amount": 1` + string(text[at+len(`"amount": `):])
		if err := os.WriteFile(terminal, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		if reconciles(t, data) {
			t.Error("reconcile sees nothing")
		}
	})
	books := filepath.Join(data, "devices", "acquirer.json")
	for name, change := range map[string]func(*scenario.Books){
		"acquirer's money gone":    func(b *scenario.Books) { funded(b).Net = 0 },
		"acquirer's money changed": func(b *scenario.Books) { funded(b).Net++ },
		"acquirer's tender":        func(b *scenario.Books) { funded(b).Tender = "card" },
		"acquirer's order doubled": func(b *scenario.Books) {
			twin := *funded(b)
			twin.Ref = strings.Repeat("0", 31) + "1"
			b.Accounts = append(b.Accounts, twin)
		},
		"acquirer's money of nobody": func(b *scenario.Books) { b.Loose = append(b.Loose, pos.Money{Amount: 100, Currency: "EUR"}) },
	} {
		t.Run(name, func(t *testing.T) {
			defer keep(t, books)()
			rewrite(t, books, change)
			if reconciles(t, data) {
				t.Error("reconcile sees nothing")
			}
		})
	}
	if !reconciles(t, data) {
		t.Error("restored, and still not in order")
	}
}

// funded is the first order in the acquirer's books with money.
func funded(b *scenario.Books) *scenario.BookedOrder {
	return &b.Accounts[slices.IndexFunc(b.Accounts, func(a scenario.BookedOrder) bool { return a.Net > 0 })]
}

// rewrite changes the acquirer's books.
func rewrite(t *testing.T, path string, change func(*scenario.Books)) {
	t.Helper()
	books, err := scenario.ReadBooks(path)
	if err != nil {
		t.Fatal(err)
	}
	change(&books)
	text, err := json.Marshal(books)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// keep copies a database with its companions and returns the function that puts them back.
func keep(t *testing.T, path string) (restore func()) {
	t.Helper()
	saved := map[string][]byte{}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if text, err := os.ReadFile(path + suffix); err == nil {
			saved[path+suffix] = text
		}
	}
	return func() {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if text, ok := saved[path+suffix]; ok {
				if err := os.WriteFile(path+suffix, text, 0o600); err != nil {
					t.Fatal(err)
				}
			} else if err := os.Remove(path + suffix); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
	}
}
