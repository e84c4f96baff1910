//go:build linux

package faults

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/sync/platform/database"
)

// tampered changes the ledger behind the platform's back, one row at a time: each change is found.
func tampered(s *site) {
	t := s.laden()
	down := s.up(s.broker)
	t.start(s.broker)
	t.drained()
	t.stop()
	down()
	own := t.journal()
	s.proved(own)
	zero, someone := "x'00'", "(SELECT min(payment) FROM payments)"
	if s.postgres {
		zero = `'\x00'::bytea`
	}
	changes := map[string]string{
		"an amount":            "UPDATE payments SET amount = amount + 1 WHERE payment = " + someone,
		"a currency":           "UPDATE payments SET currency = 'USD' WHERE payment = " + someone,
		"a status":             "UPDATE payments SET status = 'declined' WHERE payment = " + someone,
		"a tender":             "UPDATE payments SET tender = 'qr' WHERE payment = " + someone,
		"an order":             "UPDATE payments SET order_ref = order_ref || '0' WHERE payment = " + someone,
		"an attempt":           "UPDATE payments SET attempt = attempt + 1 WHERE payment = " + someone,
		"the last record":      "UPDATE payments SET seq = seq - 1 WHERE payment = " + someone,
		"a payment's till":     "UPDATE payments SET till = 'till-2' WHERE payment = " + someone,
		"a payment is gone":    "DELETE FROM payments WHERE payment = " + someone,
		"all payments gone":    "DELETE FROM payments",
		"a record's bytes":     "UPDATE records SET bytes = bytes || " + zero + " WHERE id = (SELECT min(id) FROM records)",
		"a record is gone":     "DELETE FROM records WHERE id = (SELECT max(id) FROM records)",
		"a record in between":  "DELETE FROM records WHERE id = (SELECT min(id) + 100 FROM records)",
		"the mark moved back":  "UPDATE marks SET seq = seq - 1",
		"the mark's till":      "UPDATE marks SET till = 'till-2'",
		"all records are gone": "DELETE FROM records",
	}
	for n, name := range slices.Sorted(maps.Keys(changes)) {
		if s.postgres && n%4 > 0 && rounds() == 1 {
			continue // copies of a database cost most of all here; the long run makes them all
		}
		if len(s.changed(changes[name], own)) == 0 {
			s.t.Errorf("%s was changed and reconciliation sees nothing: %s", name, changes[name])
		}
	}
	s.proved(own)
}

// changed runs a statement on a copy of the ledger and returns the rules that see it.
func (s *site) changed(statement string, own books) (found []string) {
	s.t.Helper()
	original := s.database
	s.database = s.copyOfLedger()
	defer func() { s.database = original }()
	db, err := database.Open(context.Background(), s.database)
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	if err := db.Transact(context.Background(), func(tx *database.Tx) error {
		n, err := tx.Exec(context.Background(), statement)
		if n == 0 {
			s.t.Errorf("nothing was changed: %s", statement)
		}
		return err
	}); err != nil {
		s.t.Fatalf("%s: %v", statement, err)
	}
	for _, d := range differences(s, s.ledger(own.till), own) {
		found = append(found, strings.TrimSpace(d.Check))
	}
	return found
}

// copyOfLedger copies the database, which nobody uses now.
func (s *site) copyOfLedger() string {
	s.t.Helper()
	if s.postgres {
		return s.ground.copyDatabase(s.t, s.database)
	}
	path := filepath.Join(s.t.TempDir(), "ledger.db")
	for _, suffix := range []string{"", "-wal"} {
		text, err := os.ReadFile(s.database + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(path+suffix, text, 0o600)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	return path
}
