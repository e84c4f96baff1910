package platform

import (
	"fmt"
	"os"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/wallet"
	"github.com/tillproof/tillproof/sync/wire"
)

// ended begins a payment and lets it end, so that there is one more result for the till.
func ended(t *testing.T, s taskStore, n int) {
	t.Helper()
	if err := s.Commit(t.Context(), someTask(n, "till-1"), nil); err != nil {
		t.Fatal(err)
	}
	done := someTask(n, "till-1")
	done.Stage, done.Status, done.Next = wallet.Done, pos.Approved, 0
	if err := s.Commit(t.Context(), done, []wallet.Result{someResult(n, pos.Approved)}); err != nil {
		t.Fatal(err)
	}
}

// known lists what a till hears that knows the results up to a number, as number:payment.
func known(t *testing.T, s taskStore, after uint64) (list []string) {
	t.Helper()
	if err := s.raise(t.Context(), "till-1", after); err != nil {
		t.Fatal(err)
	}
	all, more, err := s.after(t.Context(), "till-1", after)
	if err != nil || more {
		t.Fatal(err, more)
	}
	for i := range all {
		list = append(list, fmt.Sprintf("%d:%d", all[i].N, all[i].Amount))
	}
	return list
}

// journalled is what a till writes when it hears of a result.
func journalled(j *outboxtest.Journal, n uint64, payment int) {
	j.Commit(&record.PlatformResult{Payment: paymentID(payment), N: n, Decision: &record.Decision{Status: pos.Approved, Amount: pos.Minor(payment), Currency: "EUR"}})
}

// TestAfterARestoreNoResultIsSkipped: the ledger of yesterday gives numbers that the till has heard already, whatever comes first: new results, the till's
// call, or its records.
func TestAfterARestoreNoResultIsSkipped(t *testing.T) {
	for first, want := range map[string]string{"results": "[4:6 5:4 6:5]", "call": "[4:4 5:5 6:6]", "records": "[4:4 5:5 6:6]"} {
		t.Run(first+" first", func(t *testing.T) {
			j := outboxtest.New("till-1")
			b := newBench(t, j)
			s := taskStore{b.custody}
			for n := 1; n <= 6; n++ {
				j.Commit(&record.Intent{Payment: paymentID(n), Order: pos.OrderRef(fmt.Sprint("o", n)), Attempt: 1, Amount: pos.Minor(n), Currency: "EUR", Tender: pos.Code, Mode: pos.Online})
			}
			ended(t, s, 1)
			journalled(j, 1, 1)
			b.send(j, 1, 7)
			backup := b.copyTo(t)
			for n := 2; n <= 3; n++ {
				ended(t, s, n)
				journalled(j, uint64(n), n)
			}
			b.send(j, 8, 9)
			b.restore(t, backup)
			s = taskStore{b.custody}
			switch first {
			case "call":
				if got := known(t, s, 3); len(got) != 0 {
					t.Error(got)
				}
			case "records":
				b.send(j, 8, 9)
			}
			for n := 4; n <= 6; n++ {
				ended(t, s, n)
			}
			if got := fmt.Sprint(known(t, s, 3)); first == "results" && got != "[4:6]" || first != "results" && got != want {
				t.Error(got)
			}
			for range 2 { // once more changes nothing
				if ack := b.send(j, 8, 9); ack.State != wire.AckOK {
					t.Errorf("%+v", ack)
				}
				if got := fmt.Sprint(known(t, s, 3)); got != want {
					t.Errorf("%s, want %s", got, want)
				}
			}
		})
	}
}

// TestNumbersThatNoPlatformGives: a till that tells of one, in a call or in a record, gets its results and its acknowledgements all the same.
func TestNumbersThatNoPlatformGives(t *testing.T) {
	for _, n := range []uint64{mostResults + 1, 1<<63 - 1, 1 << 63, 1<<64 - 1} {
		j := outboxtest.New("till-1")
		b := newBench(t, j)
		s := taskStore{b.custody}
		ended(t, s, 1)
		if err := s.raise(t.Context(), "till-1", n); err != nil {
			t.Error(n, err)
		}
		for _, payment := range []int{1, 7} {
			j.Commit(&record.Intent{Payment: paymentID(payment), Order: pos.OrderRef(fmt.Sprint("o", payment)), Attempt: 1, Amount: pos.Minor(payment), Currency: "EUR",
				Tender: pos.Code, Mode: pos.Online})
		}
		journalled(j, n, 1)
		journalled(j, 1, 7) // another one than the platform's, which gets the next number
		expect(t, "records", b.send(j, 1, 4), wire.AckOK, 4)
		ended(t, s, 2)
		if got := fmt.Sprint(known(t, s, 1)); got != "[2:1 3:2]" {
			t.Error(n, got)
		}
	}
}

// copyTo copies the ledger's file, as a backup does.
func (b *bench) copyTo(t *testing.T) string {
	path := b.path + ".backup"
	if rows, err := b.custody.db.Query(t.Context(), "VACUUM INTO '"+path+"'"); err != nil {
		t.Fatal(err)
	} else {
		rows.Next()
		rows.Close()
	}
	return path
}

// restore puts a backup in the place of the ledger.
func (b *bench) restore(t *testing.T, backup string) {
	b.custody.Close()
	for _, end := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(b.path + end)
	}
	if err := os.Rename(backup, b.path); err != nil {
		t.Fatal(err)
	}
	b.open()
}
