package engine

import (
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// doubts are what a device has to answer for before it may move money again (law 3). The station's mu guards them.
type doubts struct {
	unresolved pos.PaymentID // asked for, not answered
	since      time.Time     // when this agent began to doubt it, by the monotonic clock
	answer     string        // what the terminal said last of it
	again      time.Time     // when it is to be asked again, zero for no such time
	waits      bool          // nothing is done about it now: time has to pass, or a person to decide
}

// doubt says that the outcome of a payment, or of an operation on it, is not known.
func (s *station) doubt(id pos.PaymentID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin(id)
}

// begin is doubt for who holds mu. The time of a doubt that is known already counts on.
func (s *station) begin(id pos.PaymentID) {
	if s.unresolved != id {
		s.doubts = doubts{unresolved: id, since: time.Now(), waits: s.waits}
	}
}

// ask shows that the terminal is asked now, and says for how long at least it has not been heard of the payment.
func (s *station) ask(id pos.PaymentID) (quiet time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin(id)
	s.state, s.text, s.waits = Busy, "it is asked what became of the last payment", false
	return time.Since(s.since)
}

// answered keeps an answer that decides nothing.
func (s *station) answered(found drivers.Recovery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer, s.again = found.Text, time.Time{}
	if found.Again > 0 {
		s.again = time.Now().Add(found.Again)
	}
}

// freeFor says what is still unresolved, and lets the device go unless it is busy with something else.
func (s *station) freeFor(id pos.PaymentID, attending bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin(id)
	if attending || s.waits {
		s.free()
	}
}

// waitingFor is why the device is blocked, for people. The caller holds mu.
func (s *station) waitingFor() string {
	if !s.again.IsZero() {
		return "it is asked again in a moment what became of payment " + s.unresolved.String()
	}
	return "somebody has to decide what became of payment " + s.unresolved.String()
}

// waiting says whether the device has something to answer for and is not busy with it.
func (s *station) waiting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waits
}

// patience is how long the device may be left alone.
func (s *station) patience() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waits && !s.again.IsZero() {
		return min(idleLook, time.Until(s.again))
	}
	return idleLook
}

// due says whether it is time to ask again.
func (s *station) due() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waits && !s.again.IsZero() && !time.Now().Before(s.again)
}

// doubtOf tells how far the question about a payment has come; asked is false when it is not this device's.
func (s *station) doubtOf(id pos.PaymentID) (d Doubt, asked bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id.IsZero() || s.unresolved != id {
		return Doubt{}, false
	}
	d = Doubt{Answer: s.answer, Stuck: s.waits && s.answer != "" && s.again.IsZero()}
	if !s.again.IsZero() {
		d.Again, d.AgainAt = max(0, time.Until(s.again)), s.again.UnixMilli()
	}
	return d, true
}

// attended says whether somebody can ask the device.
func (s *station) attended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == Ready || s.state == Busy
}
