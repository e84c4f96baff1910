//go:build linux

package faults

// restarts stops the broker and starts it again while a till drains and sells. The embedded one ends in order, Mosquitto is killed.
func restarts(s *site) {
	t := s.laden()
	down := s.up(s.broker)
	defer down()
	t.start(s.broker)
	var then books
	for n := range 4 * rounds() {
		s.halt()
		t.sell()
		s.until("the till says that it is offline", func() bool { return t.status().Mode == "offline" })
		if t.sell(); n == 0 {
			then = s.ledger(t.id)
		}
		s.brokerUp()
		before := t.status().AckedSeq
		s.until("something is acknowledged again", func() bool { t.hurry(); return t.status().AckedSeq > before })
	}
	t.drained()
	t.stop()
	down()
	s.unequal(then, t.journal())
	s.proved(t.journal())
}
