package platform

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// paymentID is the n-th payment of a test.
func paymentID(n int) (id pos.PaymentID) {
	id[6], id[8] = 0x70, 0x80
	binary.BigEndian.PutUint32(id[12:], uint32(n))
	return id
}

// intent, result and confirmed are the records of a card sale of n cents.
func intent(n int) record.Body {
	return &record.Intent{Payment: paymentID(n), Order: pos.OrderRef("order-" + paymentID(n).String()[30:]), Attempt: 1, Amount: pos.Minor(n), Currency: "EUR",
		Tender: pos.Card, Mode: pos.Online, Device: "counter"}
}

func result(n int, status pos.Status) record.Body {
	return &record.Result{Payment: paymentID(n), Decision: record.Decision{Status: status, Amount: pos.Minor(n + 5), Currency: "EUR", Tip: 5,
		Trace: "000123", ReceiptNo: "0042", TerminalID: "52500001", Brand: "girocard", Last4: "0119", Entry: "chip"}}
}

func confirmed(n int) record.Body {
	return &record.Confirmed{Payment: paymentID(n), Receipts: []record.Receipt{receiptFor("merchant", n), receiptFor("customer", n)}}
}

// receiptFor is what a card terminal prints for a sale; with it a sale's records have about 500 bytes each.
func receiptFor(whom string, n int) record.Receipt {
	amount := pos.Money{Amount: pos.Minor(n), Currency: "EUR"}.String()
	return record.Receipt{For: whom, Lines: []string{"      K-U-N-D-E-N-B-E-L-E-G", "        Corner Shop", "      12345 Sample Town", "Terminal-ID       52500001",
		"TA-Nr 000123   BNr 0042", "Kartenzahlung girocard", "EUR Geb.Verbucht", "Karte  ###########0119 0001", "Karte gueltig bis  ##/##", "EMV-AID    A0000003591010028001",
		"VU-Nr. 455600001234", "Genehmigungs-Nr. 004712", "Datum 22.11.26  14:05 Uhr", "Summe " + amount, "*** Zahlung erfolgt ***", "   Bitte Beleg aufbewahren"}}
}

// sale commits three records the way a till does: each on its own.
func sale(j *outboxtest.Journal, n int) {
	j.Commit(intent(n))
	j.Commit(result(n, pos.Approved))
	j.Commit(confirmed(n))
}

// strange is a record of a kind that no version knows.
type strange struct {
	Text string `cbor:"1,keyasint"`
}

func (*strange) Kind() record.Kind { return 99 }

// bench is a ledger with the tills that may write it.
type bench struct {
	t       testing.TB
	path    string
	tills   *Tills
	custody *Custody
}

func newBench(t testing.TB, journals ...*outboxtest.Journal) *bench {
	t.Helper()
	return newBenchAt(t, databasetest.SQLite(t), journals...)
}

// newBenchAt is newBench on a database of either kind.
func newBenchAt(t testing.TB, address string, journals ...*outboxtest.Journal) *bench {
	t.Helper()
	keys := map[pos.TillID]cose.PublicKey{}
	for _, j := range journals {
		keys[j.Till] = j.Signer.Public()
	}
	tills, err := NewTills(keys)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, path: address, tills: tills}
	b.open()
	t.Cleanup(func() { b.custody.Close() })
	return b
}

func (b *bench) open() {
	b.t.Helper()
	custody, err := OpenCustody(b.t.Context(), b.path)
	if err != nil {
		b.t.Fatal(err)
	}
	b.custody = custody
}

// script changes the database behind the ledger's back.
func (c *Custody) script(ctx context.Context, text string) error {
	return c.db.Transact(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, text)
		return err
	})
}

// restart is what a kill between commit and acknowledgement leaves: the file.
func (b *bench) restart() {
	b.t.Helper()
	if err := b.custody.Close(); err != nil {
		b.t.Fatal(err)
	}
	b.open()
}

// cut makes the batch of the records first..last of an epoch that begins with the given genesis; last must be signed.
func cut(t testing.TB, j *outboxtest.Journal, epoch pos.Epoch, first, last int) *wire.Batch {
	t.Helper()
	after := record.Genesis(j.Till, epoch)
	if first > 1 {
		c, err := j.Next(t.Context(), after, first-1, 1<<30)
		if err != nil || c.Last.Seq != pos.Seq(first-1) {
			t.Fatalf("no commit ends at %d: %v", first-1, err)
		}
		after = c.Last
	}
	c, err := j.Next(t.Context(), after, last-first+1, 1<<30)
	if err != nil || c.Last.Seq != pos.Seq(last) {
		t.Fatalf("no commit ends at %d: %v", last, err)
	}
	return &wire.Batch{Till: j.Till, Prev: c.Prev, Count: c.Count(), Signature: c.Signature, Records: c.Records}
}

func encode(t testing.TB, b *wire.Batch) []byte {
	t.Helper()
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	message, err := codec.EncodeBatch(b)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

// send brings the records first..last of the journal's newest epoch and returns the answer.
func (b *bench) send(j *outboxtest.Journal, first, last int) wire.Ack {
	b.t.Helper()
	return b.bring(cut(b.t, j, j.Head().Epoch, first, last))
}

func (b *bench) bring(batch *wire.Batch) wire.Ack {
	b.t.Helper()
	d, err := b.tills.Verify(batch.Till, encode(b.t, batch))
	if err != nil {
		b.t.Fatal(err)
	}
	acks, err := b.custody.Take(b.t.Context(), d)
	if err != nil {
		b.t.Fatal(err)
	}
	return acks[0]
}

// expect checks an answer.
func expect(t testing.TB, what string, ack wire.Ack, state wire.AckState, mark pos.Seq, held ...pos.Seq) {
	t.Helper()
	if ack.State != state || ack.Mark.Seq != mark || !slices.Equal(ack.Held, held) {
		t.Fatalf("%s: %s at %d, held %v; want %s at %d, held %v", what, ack.State, ack.Mark.Seq, ack.Held, state, mark, held)
	}
	if (ack.Last == nil) != (state == wire.AckGap) {
		t.Fatalf("%s: last is %v", what, ack.Last)
	}
}

// shows checks that the ledger holds exactly these journals: records byte for byte, and the payments that they fold into.
func (b *bench) shows(journals ...*outboxtest.Journal) {
	b.t.Helper()
	sameLedger(b.t, b.path, journals...)
}

func sameLedger(t testing.TB, path string, journals ...*outboxtest.Journal) {
	t.Helper()
	l, err := OpenLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	slices.SortFunc(journals, func(a, b *outboxtest.Journal) int {
		if a.Till < b.Till {
			return -1
		}
		return 1
	})
	var want []record.Record
	folded, owner := view.Payments{}, map[pos.PaymentID]pos.TillID{}
	for _, j := range journals {
		records := j.Records()
		want = append(want, records...)
		for i := range records {
			_ = view.Fold(folded, j.Codec, &records[i]) // what does not fit is held
		}
		for id := range folded {
			if owner[id] == "" {
				owner[id] = j.Till
			}
		}
	}
	var got [][]byte
	for r, err := range l.Records(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Raw)
	}
	if len(got) != len(want) {
		t.Fatalf("the ledger holds %d records, the journals %d", len(got), len(want))
	}
	for i := range want {
		if string(got[i]) != string(want[i].Raw) {
			t.Fatalf("record %d differs", i)
		}
	}
	samePayments(t, l, folded, owner)
}

func samePayments(t testing.TB, l *Ledger, want view.Payments, owner map[pos.PaymentID]pos.TillID) {
	t.Helper()
	n := 0
	for row, err := range l.Payments(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		p := want[row.Payment]
		if p == nil {
			t.Fatalf("payment %s is in no journal", row.Payment)
		}
		money := p.Asked()
		if p.Status.Taken() {
			money = p.Taken()
		}
		wanted := PaymentRow{owner[row.Payment], p.Epoch, p.Seq, p.Intent.Payment, p.Key(), p.Intent.Tender, p.Status, money}
		if row != wanted {
			t.Fatalf("ledger has %+v\nwant %+v", row, wanted)
		}
	}
	if n != len(want) {
		t.Fatalf("the ledger has %d payments, the journals fold into %d", n, len(want))
	}
}

// otherSigner is a key that nobody vouches for.
func otherSigner(t testing.TB) *cose.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := cose.NewSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
