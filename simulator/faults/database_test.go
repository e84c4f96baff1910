//go:build linux

package faults

import (
	"os"
	"path/filepath"
	"syscall"

	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
)

// brokenDatabase takes the database away in the midst of a drain: PostgreSQL is killed with all its processes, SQLite's disk is full. What was acknowledged
// is there afterwards, what was not comes again, and nothing comes twice.
func brokenDatabase(s *site) {
	var breakIt, mendIt func()
	if s.postgres {
		needPostgres(s.t)
		server := databasetest.Start(s.t)
		s.database = server.Address()
		breakIt, mendIt = server.Kill, server.Up
	} else {
		breakIt, mendIt = s.smallDisk()
	}
	t := s.laden()
	down := s.up(s.broker)
	defer down()
	t.start(s.broker)
	var then books
	for n := range 2 * rounds() {
		s.until("some is acknowledged", func() bool { return t.status().AckedSeq > 0 })
		breakIt()
		acked := t.status().AckedSeq
		for range 20 {
			t.sell()
		}
		t.hurry()
		s.until("the till sees that nothing is answered", func() bool { return t.status().Mode == "degraded" })
		mendIt()
		if n == 0 {
			then = s.ledger(t.id)
		}
		if held := s.mark(t.id); held < acked {
			s.t.Errorf("the till was told that record %d is safe, and the ledger holds %d", acked, held)
		}
		t.drained()
	}
	t.stop()
	down()
	s.unequal(then, t.journal())
	s.proved(t.journal())
}

// smallDisk puts the ledger on a disk of 24 MB; fill leaves no room on it, free gives it back. Without root the test is skipped by name.
func (s *site) smallDisk() (fill, free func()) {
	s.t.Helper()
	dir := s.t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		s.t.Skipf("a disk of limited size needs root: %v", err)
	}
	s.t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	s.database = filepath.Join(dir, "ledger.db")
	ballast := filepath.Join(dir, "ballast")
	fill = func() {
		f, err := os.Create(ballast)
		if err != nil {
			s.t.Fatal(err)
		}
		defer f.Close()
		for block := make([]byte, 64<<10); err == nil; {
			_, err = f.Write(block)
		}
	}
	return fill, func() {
		if err := os.Remove(ballast); err != nil {
			s.t.Fatal(err)
		}
	}
}
