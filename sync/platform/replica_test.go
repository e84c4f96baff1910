package platform

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/broker/brokertest"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/platform/leases"
	"github.com/tillproof/tillproof/sync/wallet"
	"github.com/tillproof/tillproof/sync/wire"
)

// replica is one of several that share a database.
func replica(t *testing.T, address string, journals ...*outboxtest.Journal) *bench {
	t.Helper()
	b := newBenchAt(t, address, journals...)
	l, err := leases.Open(t.Context(), b.custody.db)
	if err != nil {
		t.Fatal(err)
	}
	b.custody.leases = l
	return b
}

func (b *bench) renew() int {
	b.t.Helper()
	if err := b.custody.leases.Renew(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	return len(b.custody.leases.List())
}

// pass lets time go by in the database, for one replica or for all.
func (b *bench) pass(d time.Duration, holder string) {
	b.t.Helper()
	for _, table := range []string{"leases", "replicas"} {
		if err := b.custody.script(b.t.Context(), fmt.Sprintf("UPDATE %s SET until = until - %d WHERE holder = '%s'", table, d.Milliseconds(), holder)); err != nil {
			b.t.Fatal(err)
		}
	}
}

// TestNothingIsWrittenWithoutTheLease: one that has lost a till and does not know it.
func TestNothingIsWrittenWithoutTheLease(t *testing.T) {
	j := threeSales("till-1")
	address := databasetest.Postgres(t)
	old, heir := replica(t, address, j), replica(t, address, j)
	old.renew()
	expect(t, "with the lease", old.send(j, 1, 3), wire.AckOK, 3)
	if err := (taskStore{old.custody}).Commit(t.Context(), someTask(7, "till-1"), nil); err != nil {
		t.Fatal(err)
	}
	old.pass(time.Hour, old.custody.leases.Holder())
	heir.renew()
	if !old.custody.mine("till-1") || !heir.custody.mine("till-1") {
		t.Fatal("one of them does not believe to have the till")
	}
	d, err := old.tills.Verify(j.Till, encode(t, cut(t, j, j.Head().Epoch, 4, 9)))
	if err != nil {
		t.Fatal(err)
	}
	if acks, err := old.custody.Take(t.Context(), d); !errors.Is(err, leases.ErrNotLeased) {
		t.Errorf("taken: %v %v", acks, err)
	}
	step := someTask(7, "till-1")
	step.Stage, step.Status = wallet.Done, pos.Approved
	if err := (taskStore{old.custody}).Commit(t.Context(), step, []wallet.Result{someResult(7, pos.Approved)}); !errors.Is(err, leases.ErrNotLeased) {
		t.Errorf("committed: %v", err)
	}
	if task, _, err := (taskStore{heir.custody}).Task(t.Context(), paymentID(7)); err != nil || task.Stage != wallet.Accepted {
		t.Errorf("%+v %v", task, err)
	}
	expect(t, "the heir", heir.send(j, 4, 9), wire.AckOK, 9)
	if due, err := (taskStore{heir.custody}).Due(t.Context(), 9); err != nil || len(due) != 1 {
		t.Errorf("%v %v", due, err)
	}
	heir.shows(j)
}

// TestReplicasFightForOneTill: both take everything at the same time, in any order, and the records are there once.
func TestReplicasFightForOneTill(t *testing.T) {
	j, k := outboxtest.New("till-1"), outboxtest.New("till-2")
	for n := range 60 {
		sale(j, n+1)
		sale(k, 1000+n)
	}
	address := databasetest.Postgres(t)
	fighters := []*bench{newBenchAt(t, address, j, k), newBenchAt(t, address, j, k), newBenchAt(t, address, j, k)}
	var group sync.WaitGroup
	for _, b := range fighters {
		group.Go(func() {
			for first := 1; first < 180; first += 6 {
				var list []*Delivery
				for _, j := range []*outboxtest.Journal{j, k} {
					d, err := b.tills.Verify(j.Till, encode(t, cut(t, j, j.Head().Epoch, first, first+5)))
					if err != nil {
						t.Error(err)
						return
					}
					list = append(list, d)
				}
				acks, err := b.custody.Take(t.Context(), list...)
				if err != nil {
					t.Error(err)
					return
				}
				for _, ack := range acks {
					if ack.State != wire.AckOK || ack.Mark.Seq < pos.Seq(first+5) {
						t.Errorf("%s at %d", ack.State, ack.Mark.Seq)
					}
				}
			}
		})
	}
	group.Wait()
	fighters[0].shows(j, k)
}

// TestADatabaseKilledInMidBatch: what was acknowledged is there when it comes back, and what was not comes again.
func TestADatabaseKilledInMidBatch(t *testing.T) {
	j := outboxtest.New("till-1")
	for n := range 200 {
		sale(j, n+1)
	}
	server := databasetest.Start(t)
	b := newBenchAt(t, server.Address(), j)
	acked, kills := pos.Seq(0), 0
	for acked < 600 {
		if int(acked)/150 > kills {
			kills++
			done := make(chan struct{})
			go func() { defer close(done); server.Kill() }()
			acked = b.try(j, acked)
			<-done
			server.Up()
		}
		acked = b.try(j, acked)
		if c := b.custody; acked > 0 {
			var mark pos.Seq
			if err := c.db.Row(t.Context(), "SELECT seq FROM marks").Scan(&mark); err == nil && mark < acked {
				t.Fatalf("acknowledged up to %d, the ledger holds %d", acked, mark)
			}
		}
	}
	if kills < 3 {
		t.Errorf("%d kills", kills)
	}
	b.shows(j)
}

// try sends the next records and returns how far they are acknowledged.
func (b *bench) try(j *outboxtest.Journal, acked pos.Seq) pos.Seq {
	b.t.Helper()
	d, err := b.tills.Verify(j.Till, encode(b.t, cut(b.t, j, j.Head().Epoch, int(acked)+1, int(acked)+3)))
	if err != nil {
		b.t.Fatal(err)
	}
	acks, err := b.custody.Take(b.t.Context(), d)
	if err != nil {
		return acked
	}
	return max(acked, acks[0].Mark.Seq)
}

// TestPartitionsAreMadeAhead, and what fits none is taken all the same.
func TestPartitionsAreMadeAhead(t *testing.T) {
	j := threeSales("till-1")
	b := newBenchAt(t, databasetest.Postgres(t), j)
	now := time.Now()
	for range 2 {
		if err := b.custody.partitions(t.Context(), now.AddDate(0, 1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.custody.script(t.Context(), "DROP TABLE records_"+now.UTC().Format("2006_01")); err != nil {
		t.Fatal(err)
	}
	b.send(j, 1, 9)
	if err := b.custody.partitions(t.Context(), now); err != nil { // this month's lie in the default one
		t.Fatal(err)
	}
	names, err := database.All(t.Context(), b.custody.db, func(row database.Scanner) (s string, err error) { return s, row.Scan(&s) },
		"SELECT relname FROM pg_class JOIN pg_inherits ON oid = inhrelid WHERE inhparent = 'records'::regclass")
	if err != nil || len(names) != 1+monthsAhead+1 || strings.Contains(strings.Join(names, " "), now.UTC().Format("2006_01")) {
		t.Errorf("%v %v", names, err)
	}
	b.shows(j)
}

func TestOneReplicaWithSQLite(t *testing.T) {
	config := Config{Database: databasetest.SQLite(t)}
	one, two := &Service{config: config}, &Service{config: config}
	for _, s := range []*Service{one, two} {
		if err := s.openDatabase(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer s.db.Close()
	}
	if err := one.openReplicas(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := two.openReplicas(t.Context()); err == nil || !strings.Contains(err.Error(), "one replica") {
		t.Errorf("%v", err)
	}
	one.unlock()
	if err := two.openReplicas(t.Context()); err != nil {
		t.Errorf("after the first one has ended: %v", err)
	}
	two.unlock()
}

// TestTwoPlatformsServeTheTillsOfOneLedger: they share the tills, and when one is gone the other one serves all of them; payments end once whoever is asked.
func TestTwoPlatformsServeTheTillsOfOneLedger(t *testing.T) {
	t.Parallel()
	var journals []*outboxtest.Journal
	for n := range 6 {
		j := outboxtest.New(pos.TillID(fmt.Sprint("till-", n+1)))
		for k := range 10 {
			sale(j, 100*n+k+1)
		}
		journals = append(journals, j)
	}
	address := databasetest.Postgres(t)
	one := newStageWith(t, brokertest.Embedded(broker.Everyone), "database: "+address+"\n", journals...)
	two := &stage{t: t, addr: one.addr, config: one.config}
	two.open()
	var tills []*till
	for _, j := range journals {
		tills = append(tills, one.run(j, nil))
	}
	for _, l := range tills {
		one.drained(l)
	}
	sold := 0
	shares := func() (a, b uint64) { return one.counts().Batches, two.counts().Batches }
	one.until("both serve tills", func() bool {
		sold++
		sale(journals[sold%len(journals)], 10_000+sold)
		a, b := shares()
		return a > 0 && b > 0
	})
	one.until("both say that they share the partitions", func() bool {
		return one.leasesTold()+two.leasesTold() == wire.Partitions && one.leasesTold() > 0 && two.leasesTold() > 0
	})
	one.shutdown()
	for n, j := range journals {
		sale(j, 50_000+n)
	}
	for _, l := range tills {
		two.drained(l)
	}
	if n := two.leasesTold(); n != wire.Partitions {
		t.Errorf("the last one says that it has %d partitions", n)
	}
	two.shutdown()
	sameLedger(t, address, journals...)
}

// leasesTold is how many partitions a replica says it has, in /readyz and in /metrics alike.
func (s *stage) leasesTold() int {
	s.t.Helper()
	var ready struct{ Leases *int }
	var answer *http.Response
	var err error
	for range 3 { // they may change between the two questions
		if s.get("/readyz", &ready) == 0 || ready.Leases == nil {
			s.t.Fatal("a replica does not tell its leases")
		}
		if answer, err = http.Get("http://" + s.http + "/metrics"); err != nil {
			s.t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil {
			s.t.Fatal(err)
		}
		if strings.Contains(string(text), fmt.Sprintf("tillproof_platform_leases_held %d\n", *ready.Leases)) {
			return *ready.Leases
		}
	}
	s.t.Errorf("/readyz says %d leases, /metrics another number", *ready.Leases)
	return -1
}
