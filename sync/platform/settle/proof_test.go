package settle_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/platform"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/platform/settle"
	"github.com/tillproof/tillproof/sync/reconcile"
	"github.com/tillproof/tillproof/sync/wire"
)

// strange is a record of a kind that no version knows.
type strange struct {
	Text string `cbor:"1,keyasint"`
}

func (*strange) Kind() record.Kind { return 99 }

func sale(j *outboxtest.Journal, n byte, amount pos.Minor) {
	id := pos.PaymentID{6: 0x70, 8: 0x80, 15: n}
	j.Commit(&record.Intent{Payment: id, Order: pos.OrderRef(fmt.Sprint("order-", n)), Attempt: 1, Amount: amount, Currency: "EUR", Tender: pos.Card, Device: "counter"})
	j.Commit(&record.Result{Payment: id, Decision: record.Decision{Status: pos.Approved, Amount: amount, Currency: "EUR", Trace: fmt.Sprintf("%06d", n),
		TerminalID: "T1", Brand: "girocard"}}, &record.Confirmed{Payment: id})
}

// refund gives money of a payment back in cash, of another till's payment when of names it.
func refund(j *outboxtest.Journal, n byte, amount pos.Minor, of *record.Foreign) {
	id := pos.PaymentID{6: 0x70, 8: 0x80, 15: n}
	j.Commit(&record.Operation{Payment: id, Key: "r1", What: pos.Refund, Amount: amount, Currency: "EUR", Tender: pos.Cash, Of: of})
	j.Commit(&record.OperationEnd{Payment: id, Key: "r1", State: pos.OperationDone})
}

// shop fills a ledger with what two tills have done: sales, refunds here and there, a changed key, a record that nobody understands, a lost branch.
func shop(t testing.TB, address string) map[pos.TillID][]cose.PublicKey {
	t.Helper()
	a, b := outboxtest.New("till-a"), outboxtest.New("till-b")
	sale(a, 1, 1000)
	sale(a, 2, 2000)
	refund(a, 2, 500, nil)
	a.Commit(&strange{Text: "x"})
	sale(b, 3, 700)
	refund(b, 1, 300, &record.Foreign{Till: "till-a", Order: "order-1", Attempt: 1, Tender: pos.Card, Currency: "EUR", Amount: 1000})
	branch := a.Clone()
	sale(a, 4, 400)
	sale(branch, 5, 500)
	b.Commit(&record.KeyChange{Public: record.Hex(a.Signer.Public())})
	keys := map[pos.TillID]cose.PublicKey{"till-a": a.Signer.Public(), "till-b": b.Signer.Public()}
	tills, err := platform.NewTills(keys)
	if err != nil {
		t.Fatal(err)
	}
	custody, err := platform.OpenCustody(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range []*outboxtest.Journal{a, b, branch} {
		deliver(t, tills, custody, j)
	}
	if err := custody.Close(); err != nil {
		t.Fatal(err)
	}
	return map[pos.TillID][]cose.PublicKey{"till-a": {a.Signer.Public()}, "till-b": {b.Signer.Public()}}
}

func deliver(t testing.TB, tills *platform.Tills, custody *platform.Custody, j *outboxtest.Journal) {
	t.Helper()
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	c, err := j.Next(t.Context(), record.Genesis(j.Till, j.Head().Epoch), 500, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	message, err := codec.EncodeBatch(&wire.Batch{Till: j.Till, Prev: c.Prev, Count: c.Count(), Signature: c.Signature, Records: c.Records})
	if err != nil {
		t.Fatal(err)
	}
	d, err := tills.Verify(j.Till, message)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := custody.Take(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

func proof(t testing.TB, address string, keys map[pos.TillID][]cose.PublicKey) []reconcile.Difference {
	t.Helper()
	db, err := database.OpenReader(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	c, err := (&settle.Source{DB: db, Keys: keys, Owners: map[pos.TillID]pos.MerchantID{"till-a": "shop", "till-b": "shop"}}).Columns(t.Context())
	if err != nil {
		return []reconcile.Difference{{Check: "unreadable", Cause: err.Error()}} // damage that cannot be read is found too
	}
	return c.Proof
}

// tampering is everything that somebody with the database's password could do to one row, column by column.
func tampering() []string {
	id := "'00000000-0000-7000-8000-000000000002'"
	list := []string{
		"DELETE FROM payments WHERE payment = " + id,
		"INSERT INTO payments SELECT '00000000-0000-7000-8000-0000000000ff', till, epoch, seq, order_ref, attempt, tender, status, amount, currency, fork, state, merchant, updated_at FROM payments WHERE payment = " + id,
		"DELETE FROM records WHERE id = (SELECT min(id) FROM records)", "DELETE FROM records WHERE id = (SELECT max(id) FROM records)",
		"DELETE FROM records WHERE id = (SELECT min(id) + 3 FROM records)",
		"INSERT INTO records (id, kind, payment, held, received_at, signature, bytes) SELECT id + 1000, kind, payment, held, received_at, signature, bytes FROM records WHERE id = (SELECT max(id) FROM records)",
		"INSERT INTO records (id, kind, payment, held, received_at, signature, bytes) SELECT 999999999999999, kind, payment, held, received_at, signature, bytes FROM records WHERE id = (SELECT max(id) FROM records)",
		"DELETE FROM marks WHERE till = 'till-b'", "DELETE FROM foreign_pages", "DELETE FROM till_keys", "UPDATE forks SET hash = bytes",
		"INSERT INTO till_keys SELECT 'till-a', public FROM till_keys", "UPDATE till_keys SET public = (SELECT head FROM marks LIMIT 1)",
		"UPDATE forks SET seq = seq + 100", "UPDATE forks SET kind = kind + 1", "UPDATE forks SET held = 'x' WHERE held IS NULL", "UPDATE forks SET till = 'till-c'",
		"UPDATE forks SET bytes = (SELECT bytes FROM records WHERE id = (SELECT min(id) FROM records))",
	}
	for _, set := range []string{"payment = '00000000-0000-7000-8000-0000000000fe'", "till = 'till-b'", "epoch = (SELECT epoch FROM payments WHERE till = 'till-b')", "seq = seq - 1", "order_ref = 'x'",
		"attempt = 2", "tender = 'cash'", "status = 'approved'", "amount = amount + 1", "currency = 'USD'", "fork = 1", "state = (SELECT state FROM payments WHERE till = 'till-b')",
		"merchant = 'other'", "updated_at = updated_at + 100000", "updated_at = updated_at - 100000"} {
		list = append(list, "UPDATE payments SET "+set+" WHERE payment = "+id)
	}
	for _, set := range []string{"id = id + 500", "kind = kind + 1", "payment = NULL", "held = 'x'", "received_at = received_at + 1", "bytes = (SELECT head FROM marks LIMIT 1)"} {
		list = append(list, "UPDATE records SET "+set+" WHERE id = (SELECT max(id) FROM records WHERE kind = 7 OR kind = 3)", "UPDATE records SET "+set+" WHERE id = (SELECT min(id) FROM records)")
	}
	list = append(list, "UPDATE records SET signature = NULL WHERE signature IS NOT NULL", "UPDATE records SET signature = bytes WHERE signature IS NOT NULL",
		"UPDATE records SET held = NULL WHERE held IS NOT NULL")
	for _, set := range []string{"id = id + 7", "till = 'till-c'", "epoch = (SELECT epoch FROM marks WHERE till = 'till-a')", "seq = seq + 1", "seq = seq - 1", "head = (SELECT head FROM marks WHERE till = 'till-a')", "updated_at = updated_at + 1"} {
		list = append(list, "UPDATE marks SET "+set+" WHERE till = 'till-b'")
	}
	for _, set := range []string{"payment = '00000000-0000-7000-8000-000000000002'", "till = 'till-a'", "of_till = 'till-c'", "epoch = (SELECT epoch FROM payments WHERE till = 'till-a' LIMIT 1)", "seq = seq + 1", "order_ref = 'x'",
		"attempt = 2", "tender = 'cash'", "returned = returned + 1", "at_acquirer = 1", "currency = 'USD'", "fork = 1", "state = (SELECT state FROM payments WHERE till = 'till-b')"} {
		list = append(list, "UPDATE foreign_pages SET "+set)
	}
	return list
}

func TestWhatWasChangedInTheLedgerIsFoundByItsOwnRecords(t *testing.T) {
	whole := databasetest.SQLite(t)
	keys := shop(t, whole)
	if found := proof(t, whole, keys); len(found) > 0 {
		t.Fatalf("an honest ledger: %+v", found)
	}
	for i, text := range tampering() {
		forged := filepath.Join(t.TempDir(), fmt.Sprint(i, ".db"))
		copyFile(t, whole, forged)
		copyFile(t, whole+"-wal", forged+"-wal")
		tamper(t, forged, text, keys)
	}
}

// TestOnPostgres runs on one server what the others run on SQLite. TAMPER_ALL=1 tampers with every column there too.
func TestOnPostgres(t *testing.T) {
	server := databasetest.Start(t)
	address := func(t *testing.T, name string) string {
		execute(t, server.Address(), "CREATE DATABASE "+name)
		return strings.Replace(server.Address(), "/postgres?", "/"+strings.Fields(name)[0]+"?", 1)
	}
	t.Run("overlap", func(t *testing.T) { overlap(t, address(t, "overlap")) })
	t.Run("settles", func(t *testing.T) { settles(t, address(t, "settles")) })
	t.Run("closes", func(t *testing.T) { closes(t, address(t, "closes")) })
	t.Run("tampering", func(t *testing.T) {
		whole := address(t, "whole")
		keys := shop(t, whole)
		if found := proof(t, whole, keys); len(found) > 0 {
			t.Fatalf("an honest ledger: %+v", found)
		}
		for i, text := range tampering() {
			if i%8 == 0 || os.Getenv("TAMPER_ALL") != "" { // copying a database costs 50 ms
				tamper(t, address(t, fmt.Sprint("forged", i, " TEMPLATE whole")), text, keys)
			}
		}
	})
}

// tamper changes a ledger and wants that to be found.
func tamper(t *testing.T, address, text string, keys map[pos.TillID][]cose.PublicKey) {
	t.Helper()
	n, err := change(t, address, text)
	if err != nil && strings.Contains(err.Error(), "428C9") {
		return // PostgreSQL gives this column out by itself, and lets nobody change it
	}
	if err != nil || n == 0 {
		t.Errorf("%s: %d rows, %v", text, n, err)
	} else if found := proof(t, address, keys); len(found) == 0 {
		t.Errorf("%s: nobody sees it", text)
	}
}

func change(t *testing.T, address, text string) (rows int64, err error) {
	t.Helper()
	db, err := database.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Transact(context.Background(), func(tx *database.Tx) error {
		rows, err = tx.Exec(t.Context(), text)
		return err
	})
	return rows, err
}

// execute runs what no transaction can hold.
func execute(t *testing.T, address, text string) {
	t.Helper()
	db, err := database.OpenReader(t.Context(), address+"&default_transaction_read_only=off")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	rows.Close()
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if os.IsNotExist(err) {
		return
	}
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
