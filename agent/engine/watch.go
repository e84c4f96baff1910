package engine

import (
	"time"

	"github.com/tillproof/tillproof/drivers"
)

// watchLook is how often the wire of a card terminal is watched that closes it when it likes: soon enough for the next customer.
const watchLook = 250 * time.Millisecond

// rest is how long the device may be left alone until something is to be looked at. Only who attends the device calls it.
func (s *station) rest(terminal drivers.CardTerminal) time.Duration {
	if s.rests.IsZero() {
		s.rests = time.Now().Add(s.patience())
	}
	left := max(0, time.Until(s.rests))
	if _, watched := terminal.(drivers.Watcher); watched {
		return min(left, watchLook)
	}
	return left
}

// restless says whether the device was left alone for as long as it may be.
func (s *station) restless() bool { return !time.Now().Before(s.rests) }

// gone says why a wire is lost that can be found lost without a word.
func gone(terminal drivers.CardTerminal) error {
	if w, watched := terminal.(drivers.Watcher); watched {
		return w.Alive()
	}
	return nil
}
