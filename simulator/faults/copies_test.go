//go:build linux

package faults

import (
	"os"
	"path/filepath"
	"time"
)

// copyTo copies the folder of a till that has stopped.
func (t *till) copyTo(dir string) {
	t.site.t.Helper()
	if err := os.CopyFS(dir, os.DirFS(t.dir)); err != nil {
		t.site.t.Fatal(err)
	}
}

// restored brings back the folder of the morning in the evening: the platform holds the day, the till does not. Nothing is lost, and both lives are in
// the ledger.
func restored(s *site) {
	t := s.laden()
	down := s.up(s.broker)
	defer down()
	backup, day := filepath.Join(s.t.TempDir(), "backup"), filepath.Join(s.t.TempDir(), "day")
	t.copyTo(backup)
	t.start(s.broker)
	for range 5 {
		t.sell()
	}
	t.drained()
	t.stop()
	t.copyTo(day) // the witness of what was lost with the disk
	if err := os.RemoveAll(t.dir); err != nil {
		s.t.Fatal(err)
	}
	if err := os.CopyFS(t.dir, os.DirFS(backup)); err != nil {
		s.t.Fatal(err)
	}
	t.start(s.broker)
	epoch := t.status().Epoch
	for range 3 {
		t.sell()
	}
	s.until("the till has begun a new epoch", func() bool { t.hurry(); return t.status().Epoch != epoch })
	then := s.ledger(t.id)
	t.sell()
	t.drained()
	t.stop()
	down()
	lost := t.at(day).journal()
	s.unequal(then, lost, t.journal())
	s.proved(lost, t.journal())
	s.proved(t.journal(), lost)
	if len(differences(s, s.ledger(t.id), t.journal())) == 0 {
		s.t.Error("the day that the backup has lost is in the ledger, and reconciliation of the restored journal alone says nothing")
	}
}

// at is the same till with its data elsewhere.
func (t *till) at(dir string) *till {
	twin := *t
	twin.dir, twin.ended = dir, nil
	return &twin
}

// twins lets two copies of a folder live at the same time under one name. They push each other off the broker, the platform sees two branches; each
// record of both comes into custody, each payment counts once.
func twins(s *site) {
	t := s.laden()
	down := s.up(s.broker)
	defer down()
	dir := filepath.Join(s.t.TempDir(), "clone")
	t.copyTo(dir)
	clone := t.at(dir)
	t.start(s.broker)
	clone.start(s.broker)
	epochs := [2]any{t.status().Epoch, clone.status().Epoch}
	for range 5 {
		t.sell()
		clone.sell()
	}
	then := s.ledger(t.id)
	first := time.Now()
	s.until("both copies have nothing left to send", func() bool {
		done := true
		for _, c := range []*till{t, clone} {
			st := c.status()
			if st.Backlog.Records > 0 || st.AckedSeq != st.Seq {
				done = false
			}
		}
		if !done && time.Since(first) > 200*time.Millisecond {
			first = time.Now()
			s.needy(t, clone).hurry()
		}
		return done
	})
	if t.status().Epoch == epochs[0] && clone.status().Epoch == epochs[1] {
		s.t.Error("two copies under one name, and none has begun a new epoch")
	}
	t.stop()
	clone.stop()
	down()
	s.unequal(then, t.journal(), clone.journal())
	s.proved(t.journal(), clone.journal())
}

// needy is the first of the tills that has something to send.
func (s *site) needy(tills ...*till) *till {
	for _, t := range tills {
		if t.status().Backlog.Records > 0 {
			return t
		}
	}
	return tills[0]
}
