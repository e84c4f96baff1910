//go:build linux

package faults

import (
	"math/rand/v2"

	"github.com/tillproof/tillproof/simulator/network"
)

// resetsEach is the number of connections that are reset in one run; there are four.
const resetsEach = 125

// resets breaks the lines of the till and of the platform at random bytes, again and again, also in the midst of CONNECT, batches and
// acknowledgements.
func resets(s *site) {
	t := s.laden()
	mine, theirs := s.proxy(), s.proxy()
	down := s.up(theirs.Addr())
	defer down()
	t.start(mine.Addr())
	dice := s.dice()
	var then books
	for n := range resetsEach * rounds() {
		line := mine
		if dice.IntN(4) == 0 {
			line = theirs
		}
		s.resetOnce(t, line, dice)
		if n == 2 {
			then = s.ledger(t.id)
		}
	}
	t.drained()
	t.stop()
	down()
	s.unequal(then, t.journal())
	s.proved(t.journal())
}

// resetOnce waits until a random number of bytes has passed on a line, and resets it.
func (s *site) resetOnce(t *till, line *network.Proxy, dice *rand.Rand) {
	bytes := dice.Int64N(600)
	if dice.IntN(3) == 0 {
		bytes = dice.Int64N(6000) // in the midst of a batch, or behind some
	}
	done := make(chan struct{})
	line.After(network.Direction(dice.IntN(2)), bytes, func() {
		line.Cut()
		line.Restore()
		close(done)
	})
	s.until("a line is reset", func() bool {
		select {
		case <-done:
			return true
		default:
			t.hurry() // nobody waits here for the pauses that thousands of tills need
			t.sell()
			return false
		}
	})
}
