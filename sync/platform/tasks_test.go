package platform

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/wallet"
	"github.com/tillproof/tillproof/sync/wire"
)

// someTask is a task of a till as the loop begins it.
func someTask(n int, till pos.TillID) wallet.Task {
	return wallet.Task{Payment: paymentID(n), Till: till, Order: "o", Kind: wallet.Code, Scheme: "wechat", Amount: pos.Money{Amount: pos.Minor(n), Currency: "CNY"},
		Stage: wallet.Accepted, Status: pos.Pending, Began: 1, Next: int64(1000 - n)}
}

func someResult(n int, status pos.Status) wallet.Result {
	return wallet.Result{Payment: paymentID(n), Status: status, Amount: pos.Money{Amount: pos.Minor(n), Currency: "CNY"}, Text: "because", At: 7}
}

func TestTaskStoreKeepsWhatItIsTold(t *testing.T) {
	b := newBench(t)
	b.custody.route = func(scheme string) string { return "for-" + scheme }
	s := taskStore{b.custody}
	for n := 1; n <= 3; n++ {
		if err := s.Commit(t.Context(), someTask(n, "till-1"), nil); err != nil {
			t.Fatal(err)
		}
	}
	if due, err := s.Due(t.Context(), 2); err != nil || fmt.Sprint(due) != fmt.Sprint([]wallet.Due{{Payment: paymentID(3), Next: 997}, {Payment: paymentID(2), Next: 998}}) {
		t.Errorf("%v %v", due, err)
	}
	ended := someTask(3, "till-1")
	ended.Stage, ended.Status, ended.Next = wallet.Done, pos.Approved, 0
	want := []wallet.Result{someResult(3, pos.Cancelled), someResult(3, pos.RefundDue)}
	if err := s.Commit(t.Context(), ended, want); err != nil {
		t.Fatal(err)
	}
	b.restart()
	b.custody.route = nil
	s = taskStore{b.custody}
	task, found, err := s.Task(t.Context(), paymentID(3))
	task.Seen = nil
	if err != nil || !found || !reflect.DeepEqual(task, ended) {
		t.Errorf("%+v %v %v", task, found, err)
	}
	if got, err := s.Results(t.Context(), paymentID(3)); err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v %v", got, err)
	}
	if due, err := s.Due(t.Context(), 9); err != nil || len(due) != 2 {
		t.Errorf("%v %v", due, err)
	}
	if _, found, err := s.Task(t.Context(), paymentID(9)); err != nil || found {
		t.Errorf("%v %v", found, err)
	}
	if name, err := s.ownerOf(t.Context(), paymentID(1)); err != nil || name != "for-wechat" {
		t.Errorf("%q %v", name, err)
	}
}

// TestAStaleStepIsRefused: a replica that read a task, lost its till to another one and got it back must not undo what that has done.
func TestAStaleStepIsRefused(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		c, err := OpenCustody(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		s := taskStore{c}
		if err := s.Commit(t.Context(), someTask(1, "till-1"), nil); err != nil {
			t.Fatal(err)
		}
		slow, _, err := s.Task(t.Context(), paymentID(1))
		if err != nil {
			t.Fatal(err)
		}
		quick := slow
		quick.Stage, slow.Stage = wallet.Asked, wallet.Closing
		if err := s.Commit(t.Context(), quick, nil); err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(t.Context(), slow, nil); err == nil {
			t.Error("a step was written over one that it had not seen")
		}
		if now, _, err := s.Task(t.Context(), paymentID(1)); err != nil || now.Stage != wallet.Asked {
			t.Errorf("%s %v", now.Stage, err)
		}
	})
}

// TestAStepIsWrittenWholeOrNotAtAll: a task that is not there, one that is there already, and one that cannot be numbered.
func TestAStepIsWrittenWholeOrNotAtAll(t *testing.T) {
	b := newBench(t)
	s := taskStore{b.custody}
	lost := someTask(1, "till-1")
	lost.Stage = wallet.Asked
	if err := s.Commit(t.Context(), lost, []wallet.Result{someResult(1, pos.Approved)}); !errors.Is(err, errBegun) {
		t.Errorf("a step of a task that is not there: %v", err)
	}
	if err := s.Commit(t.Context(), someTask(2, "till-1"), nil); err != nil {
		t.Fatal(err)
	}
	tombstone := wallet.Task{Payment: paymentID(2), Till: "till-1", Stage: wallet.Done, Status: pos.Cancelled}
	if err := s.Commit(t.Context(), tombstone, []wallet.Result{someResult(2, pos.Cancelled)}); !errors.Is(err, errBegun) {
		t.Errorf("a tombstone over a payment that had begun: %v", err)
	}
	if err := b.custody.script(t.Context(), "ALTER TABLE results RENAME TO gone"); err != nil {
		t.Fatal(err)
	}
	step := someTask(2, "till-1")
	step.Stage = wallet.Done
	if err := s.Commit(t.Context(), step, []wallet.Result{someResult(2, pos.Approved)}); err == nil {
		t.Error("committed without its result")
	}
	if task, _, err := s.Task(t.Context(), paymentID(2)); err != nil || task.Stage != wallet.Accepted {
		t.Errorf("%+v %v", task, err)
	}
}

// TestResultsAreNumberedWithoutGaps by many goroutines, beside the intake, and read in pieces.
func TestResultsAreNumberedWithoutGaps(t *testing.T) {
	j := outboxtest.New("till-9")
	b := newBench(t, j)
	s := taskStore{b.custody}
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for n := worker * 30; n < worker*30+30; n++ {
				till := pos.TillID(fmt.Sprint("till-", n%2))
				task := someTask(n+1, till)
				task.Kind, task.Stage = "", wallet.Done
				if err := s.Commit(t.Context(), task, []wallet.Result{someResult(n+1, pos.Cancelled)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for n := range 20 {
		sale(j, 1000+n)
		b.send(j, 3*n+1, 3*n+3)
	}
	group.Wait()
	for _, till := range []pos.TillID{"till-0", "till-1"} {
		var after uint64
		pages := 0
		for more := true; more; pages++ {
			var list []wire.Outcome
			var err error
			if list, more, err = s.after(t.Context(), till, after); err != nil {
				t.Fatal(err)
			}
			for _, o := range list {
				if after++; o.N != after {
					t.Fatalf("%s: result %d where %d was due", till, o.N, after)
				}
			}
		}
		if after != 60 || pages != 2 {
			t.Errorf("%s has %d results on %d pages", till, after, pages)
		}
	}
	b.shows(j)
}

func TestAReplyOfResultsIsBounded(t *testing.T) {
	b := newBench(t)
	s := taskStore{b.custody}
	for n := 1; n <= 10; n++ {
		task, r := someTask(n, "till-1"), someResult(n, pos.Declined)
		task.Kind, task.Stage, r.Text = "", wallet.Done, strings.Repeat("x", 15<<10)
		if err := s.Commit(t.Context(), task, []wallet.Result{r}); err != nil {
			t.Fatal(err)
		}
	}
	list, more, err := s.after(t.Context(), "till-1", 0)
	if err != nil || !more || len(list) != 4 {
		t.Errorf("%d outcomes, more %v, %v", len(list), more, err)
	}
	if list, more, err := s.after(t.Context(), "till-1", 9); err != nil || more || len(list) != 1 {
		t.Errorf("%d outcomes, more %v, %v", len(list), more, err)
	}
}

// TestADatabaseOfTheFirstVersionKeepsAll: what version 1 held is there, and the tables are those of a new one.
func TestADatabaseOfTheFirstVersionKeepsAll(t *testing.T) {
	tables := func(b *bench) (all string) {
		rows, err := b.custody.db.Query(t.Context(), "SELECT coalesce(sql, name) FROM sqlite_master ORDER BY name")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				t.Fatal(err)
			}
			all += text + "\n"
		}
		return all
	}
	j := threeSales("till-1")
	b := newBench(t, j)
	want := tables(b)
	b.send(j, 1, 9)
	if err := b.custody.script(t.Context(), "DROP TABLE tasks; DROP TABLE opaque; DROP TABLE results; DROP VIEW returns_v1; DROP TABLE foreign_pages; DROP TABLE refunds; DROP TABLE till_keys; DROP INDEX payments_by_order; DROP INDEX payments_open; DROP INDEX records_held; DROP INDEX records_config; "+
		"ALTER TABLE payments DROP COLUMN merchant; ALTER TABLE payments DROP COLUMN updated_at; DROP TABLE versions; PRAGMA user_version = 1"); err != nil {
		t.Fatal(err)
	}
	b.shows(j) // a reader takes the old version as it is
	b.restart()
	if got := tables(b); got != want {
		t.Errorf("after the migration:\n%s\nin a new one:\n%s", got, want)
	}
	if err := (taskStore{b.custody}).Commit(t.Context(), someTask(1, "till-1"), nil); err != nil {
		t.Error(err)
	}
	sale(j, 4)
	b.send(j, 10, 12)
	b.restart()
	b.shows(j)
}
