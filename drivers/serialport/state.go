package serialport

import (
	"errors"
	"os"
	"sync"
	"time"
)

// inboxSize bounds the bytes that wait to be read. More than any frame of a terminal; what comes beyond it is dropped and counted,
// so that a port that nobody reads still notices when it is unplugged.
const inboxSize = 64 << 10

// state is what the reader goroutine, the writer goroutine and the callers share. Every change closes changed and replaces it,
// so that a waiter can wait for a change and for a deadline at once.
type state struct {
	mu      sync.Mutex
	changed chan struct{}
	inbox   []byte
	err     error // sticks
	readBy  time.Time
	writeBy time.Time
}

// wake tells all waiters to look again. The mutex is held.
func (s *state) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// fail sets the error that sticks, and says whether this was the first.
func (s *state) fail(err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(err, os.ErrClosed) { // nobody will read the rest
		clear(s.inbox)
		s.inbox = nil
	}
	if s.err != nil {
		return false
	}
	s.err = err
	s.wake()
	return true
}

// put adds received bytes and returns how many found no room.
func (s *state) put(b []byte) (dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room := min(inboxSize-len(s.inbox), len(b))
	s.grow(room)
	end := len(s.inbox)
	s.inbox = s.inbox[:end+room]
	move(s.inbox[end:], b[:room])
	s.wake()
	return len(b) - room
}

// move moves what fits and returns how many bytes that were; where they were is nothing left, since card data may be among them. To may lie before
// from in the same slice. It goes byte by byte, because copy uses vector registers, which the runtime saves to memory when it interrupts a goroutine,
// and nobody clears those.
func move(to, from []byte) int {
	n := min(len(to), len(from))
	for i := range n {
		c := from[i]
		from[i] = 0
		to[i] = c
	}
	return n
}

// grow makes room for n bytes. The mutex is held.
func (s *state) grow(n int) {
	if cap(s.inbox)-len(s.inbox) >= n {
		return
	}
	old := s.inbox
	s.inbox = make([]byte, len(old), max(readChunk, 2*cap(old), len(old)+n))
	move(s.inbox, old)
}

// setDeadline changes one of the two deadlines, for calls that wait already too.
func (s *state) setDeadline(which *time.Time, t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	*which = t
	s.wake()
	return s.err
}

// take moves received bytes to b, waiting for the first.
func (s *state) take(b []byte) (int, error) {
	for {
		n, changed, by, err := s.look(b)
		if n > 0 || err != nil {
			return n, err
		}
		waitUntil(changed, by)
	}
}

// waiting says whether take would return at once.
func (s *state) waiting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.inbox) > 0 || s.err != nil
}

// look is one try of take.
func (s *state) look(b []byte) (n int, changed <-chan struct{}, by time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(s.err, os.ErrClosed):
		return 0, nil, by, s.err
	case passed(s.readBy):
		return 0, nil, by, os.ErrDeadlineExceeded
	case len(s.inbox) > 0:
		n = move(b, s.inbox)
		s.inbox = s.inbox[:move(s.inbox, s.inbox[n:])]
		return n, nil, by, nil
	}
	return 0, s.changed, s.readBy, s.err
}

// writing returns the sticking error, the present write deadline and the channel that tells of a change of either.
func (s *state) writing() (changed <-chan struct{}, by time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed, s.writeBy, s.err
}

// passed says whether a deadline is set and over.
func passed(by time.Time) bool { return !by.IsZero() && !time.Now().Before(by) }

// waitUntil waits for a change or the deadline.
func waitUntil(changed <-chan struct{}, by time.Time) {
	if by.IsZero() {
		<-changed
		return
	}
	timer := time.NewTimer(time.Until(by))
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	}
}
