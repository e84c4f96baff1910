package zvtsim

import "time"

// maintenance is what a terminal does after an end of day that announced it (S12): it is silent, and then says for as long that it is at work.
type maintenance struct{ silent, until time.Time }

// maintain begins it.
func (t *Terminal) maintain(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.work = maintenance{now.Add(d / 2), now.Add(d)}
}

// maintained says how long the silence still lasts, and whether the terminal is at work at all.
func (t *Terminal) maintained() (silence time.Duration, working bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Until(t.work.silent), time.Now().Before(t.work.until)
}

// rest is the silence of a maintenance: what comes meanwhile is not heard.
func (s *session) rest() error {
	silence, _ := s.t.maintained()
	if silence <= 0 {
		return nil
	}
	s.mute = true
	_, err := s.receive(time.Now().Add(silence))
	s.wake()
	return ignoreQuiet(err)
}
