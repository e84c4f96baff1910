//go:build linux

package faults

import (
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/network"
)

// killed ends the platform's process with SIGKILL when records are committed and their acknowledgement has not gone out: the line from the platform to the
// broker is held meanwhile.
func killed(s *site) {
	t := s.newTill("till-1")
	var then books
	for n := range 2 * rounds() { // with PostgreSQL a replica's partitions are taken over after ten seconds of silence
		line := s.proxy()
		kill := s.spawn(line.Addr())
		t.start(s.broker)
		t.drained() // what the kill before has left unanswered is answered, and nothing is under way
		acked := t.status().AckedSeq
		t.stop()
		fill(s.t, t.dir, t.id, n*1000, 210)
		line.Hold(network.Up)
		t.start(s.broker)
		s.until("the ledger is ahead of what the till was told", func() bool { return s.mark(t.id) > acked+500 })
		kill()
		_ = line.Close()
		if told := t.status().AckedSeq; told != acked {
			s.t.Errorf("the till was told of record %d while nothing could be told beyond %d", told, acked)
		}
		t.sell()
		then = s.ledger(t.id)
		t.stop()
	}
	down := s.up(s.broker)
	t.start(s.broker)
	t.drained()
	t.stop()
	down()
	s.unequal(then, t.journal())
	s.proved(t.journal())
}

// mark is the number of records that the ledger holds of a till's newest epoch in it.
func (s *site) mark(till pos.TillID) (seq pos.Seq) {
	s.t.Helper()
	for _, r := range s.ledger(till).records {
		seq = max(seq, r.Seq)
	}
	return seq
}
