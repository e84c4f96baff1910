package platform

import (
	"bytes"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/broker/brokertest"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/wire"
)

// TestYesterdaysBackupOnceMore copies the ledger while tills deliver, loses it, and puts the copy in its place. One till sells on; the other sells nothing, and is
// asked for what the ledger lacks.
func TestYesterdaysBackupOnceMore(t *testing.T) {
	t.Parallel()
	busy, idle := outboxtest.New("till-1"), outboxtest.New("till-2")
	for n := 1; n <= 200; n++ {
		sale(busy, n)
		sale(idle, 1000+n)
	}
	s := newStage(t, brokertest.Embedded(broker.Everyone), busy, idle)
	first, second := s.run(busy, nil), s.run(idle, nil)
	backup := filepath.Join(t.TempDir(), "yesterday.db")
	s.until("the drain has begun", func() bool { return first.outbox.Status().Acked.Seq > 0 })
	report, err := Backup(t.Context(), s.config, backup)
	if err != nil || report.Records == 0 || report.Bytes == 0 || len(report.SHA256) != 64 {
		t.Fatalf("%+v %v", report, err)
	}
	if info, err := os.Stat(backup); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	for n := 201; n <= 260; n++ {
		sale(busy, n)
		sale(idle, 1000+n)
	}
	s.drained(first)
	s.drained(second)
	sameLedger(t, s.config.Database, busy, idle)
	s.shutdown()
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(s.config.Database + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if err := os.Rename(backup, s.config.Database); err != nil {
		t.Fatal(err)
	}
	s.open()
	s.says(idle)
	sale(busy, 261)
	s.drained(first)
	s.until("the ledger has what it had", func() bool { return s.holds(busy) && s.holds(idle) })
	sameLedger(t, s.config.Database, busy, idle)
	if c := s.counts(); c.Gaps == 0 || c.Forks+c.Forged+c.Held > 0 {
		t.Errorf("%+v", c)
	}
}

// TestTheWholeLedgerIsLost starts again with an empty one: tills offer every epoch that they still have.
func TestTheWholeLedgerIsLost(t *testing.T) {
	j := outboxtest.New("till-1")
	for n := 1; n <= 100; n++ {
		sale(j, n)
	}
	j.NewEpoch()
	sale(j, 101)
	s := newStage(t, brokertest.Embedded(broker.Everyone), j)
	l := s.run(j, nil)
	s.drained(l)
	s.shutdown()
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(s.config.Database + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	s.open()
	sale(j, 102)
	s.drained(l)
	s.until("the ledger has what it had", func() bool { return s.holds(j) })
	sameLedger(t, s.config.Database, j)
}

// says publishes a till's birth.
func (s *stage) says(j *outboxtest.Journal) {
	s.t.Helper()
	codec, err := wire.NewCodec()
	if err != nil {
		s.t.Fatal(err)
	}
	message, err := codec.EncodeBirth(&wire.Birth{Till: j.Till, Online: true, At: clock(), ConnectedAt: clock(), Epoch: j.Head().Epoch, Seq: j.Head().Seq})
	if err != nil {
		s.t.Fatal(err)
	}
	c, err := mqtt.Dial(s.t.Context(), mqtt.Options{Broker: "tcp://" + s.addr, ClientID: "birth-" + string(j.Till)})
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	if err := c.PublishRetained(s.t.Context(), wire.Topic{Merchant: "shop", Till: j.Till}.On(wire.UpBirth), message); err != nil {
		s.t.Fatal(err)
	}
}

// holds says whether the ledger's mark is at the end of a journal.
func (s *stage) holds(j *outboxtest.Journal) bool {
	s.t.Helper()
	l, err := OpenLedger(s.config.Database)
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	for m, err := range l.Marks(s.t.Context()) {
		if err != nil {
			s.t.Fatal(err)
		}
		if m.Till == j.Till && m.Head == j.Head() {
			return true
		}
	}
	return false
}

func TestBackupsThatAreNotMade(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "ledger.db")
	custody, err := OpenCustody(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := custody.Close(); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(folder, "broken.db")
	if err := os.WriteFile(broken, bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		from, to, code string
	}{
		"PostgreSQL":       {"postgres://db.example/ledger", filepath.Join(folder, "a"), "backup_elsewhere"},
		"a file is there":  {path, path, "backup_exists"},
		"no folder":        {path, filepath.Join(folder, "none", "b"), "backup_failed"},
		"no ledger":        {filepath.Join(folder, "none.db"), filepath.Join(folder, "c"), "backup_failed"},
		"no such database": {broken, filepath.Join(folder, "d"), "backup_failed"},
	} {
		_, err := Backup(t.Context(), Config{Database: c.from}, c.to)
		var e *pos.Error
		if !errors.As(err, &e) || string(e.Code) != c.code || e.Money != pos.NoneMoved {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(c.to + ".part"); err == nil {
			t.Errorf("%s: a part was left", name)
		}
	}
}

// TestPostgresDumpAndRestore is what docs/operations.md tells to do, with a till that goes on.
func TestPostgresDumpAndRestore(t *testing.T) {
	dump, err := exec.LookPath("pg_dump")
	if err != nil {
		t.Skip("pg_dump is not installed")
	}
	address := databasetest.Postgres(t)
	j := outboxtest.New("till-1")
	for n := 1; n <= 50; n++ {
		sale(j, n)
	}
	b := &bench{t: t, path: address, tills: newBench(t, j).tills}
	b.open()
	b.send(j, 1, 90)
	file := filepath.Join(t.TempDir(), "ledger.dump")
	run := func(name string, args ...string) {
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
		}
	}
	run(dump, "--format=custom", "--file="+file, address)
	b.send(j, 91, 120)
	if err := b.custody.Close(); err != nil {
		t.Fatal(err)
	}
	run(filepath.Join(filepath.Dir(dump), "createdb"), "--maintenance-db="+address, "restored") // an empty one: partitions cannot be dropped one by one
	restored, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	restored.Path = "/restored"
	b.path = restored.String()
	run(filepath.Join(filepath.Dir(dump), "pg_restore"), "--single-transaction", "--exit-on-error", "--dbname="+b.path, file)
	b.open()
	expect(t, "behind what was lost", b.send(j, 121, 150), wire.AckGap, 90)
	expect(t, "sent again", b.send(j, 91, 150), wire.AckOK, 150)
	b.shows(j)
	if err := b.custody.Close(); err != nil {
		t.Fatal(err)
	}
}
