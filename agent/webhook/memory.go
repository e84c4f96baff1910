package webhook

import (
	"slices"
	"time"
)

// memory is what a hook must not forget. It names events and holds none, and no address either, which may be a secret.
type memory struct {
	Place    string `json:"place"`                      // every event up to here was delivered, is held, or has been overtaken
	Address  string `json:"address"`                    // fingerprint of the url: who is told of another one is asked at once
	Held     []held `json:"held"`                       // oldest failure first
	Failing  int64  `json:"failing_since_ms,omitempty"` // since the last delivery nothing has worked, 0 when it does
	Error    string `json:"last_error,omitempty"`
	Disabled bool   `json:"disabled,omitempty"` // the receiver wants no more, until a person says so
}

// held is an event that could not be delivered. Times are milliseconds since 1970-01-01 UTC.
type held struct {
	Ref
	Tries   int    `json:"tries"`
	Since   int64  `json:"since_ms"`
	NextAt  int64  `json:"next_ms,omitempty"` // 0: set aside, a person decides
	Refused bool   `json:"refused,omitempty"` // by the receiver itself: others may pass
	Error   string `json:"last_error"`
}

// waits says whether the event is tried again by itself.
func (x *held) waits() bool { return x.NextAt > 0 }

// next finds the event that is to be tried again first, and the time until then; nil when there is none.
func (m *memory) next(now time.Time) (first *held, in time.Duration) {
	for i := range m.Held {
		if x := &m.Held[i]; x.waits() && (first == nil || x.NextAt < first.NextAt) {
			first = x
		}
	}
	if first == nil {
		return nil, 0
	}
	if in = time.UnixMilli(first.NextAt).Sub(now); in > mostPause {
		in = 0
	}
	return first, max(0, in)
}

// blocked says whether later events have to wait. One that the receiver itself refuses for some time lets the others pass, so that it stops nobody.
func (m *memory) blocked() bool {
	late := 0
	for i := range m.Held {
		x := &m.Held[i]
		if x.waits() && (!x.Refused || x.Tries < patience) {
			return true
		}
		if x.waits() {
			late++
		}
	}
	return late >= mostLate
}

// delivered notes that the receiver has an event. Older ones about the same payment have nothing to add.
func (m *memory) delivered(ref Ref) {
	m.drop(ref)
	m.Failing, m.Error = 0, ""
}

// drop forgets an event, and older ones about the same payment.
func (m *memory) drop(ref Ref) {
	m.Held = slices.DeleteFunc(m.Held, func(x held) bool { return x.ID == ref.ID || !ref.Payment.IsZero() && x.Payment == ref.Payment })
}

// failed holds an event for another try, or sets it aside after the last one.
func (m *memory) failed(ref Ref, o outcome, now time.Time) held {
	x := held{Ref: ref, Since: now.UnixMilli()}
	if i := slices.IndexFunc(m.Held, func(x held) bool { return x.ID == ref.ID }); i >= 0 {
		x = m.Held[i]
	}
	m.drop(ref)
	x.Tries, x.Error, x.Refused = x.Tries+1, o.reason, o.answered
	switch p := pause(x.Tries); {
	case o.gone:
		x.NextAt, m.Disabled = now.UnixMilli(), true
	case p == 0:
		x.NextAt = 0
	default:
		x.NextAt = now.Add(jitter(p)).UnixMilli()
	}
	m.Held = append(m.Held, x)
	if m.Error = o.reason; m.Failing == 0 {
		m.Failing = now.UnixMilli()
	}
	return x
}

// again makes everything that is held due now. all includes what was set aside, from its first try on.
func (m *memory) again(now time.Time, all bool) {
	m.Disabled = false
	for i := range m.Held {
		x := &m.Held[i]
		if !x.waits() && !all {
			continue
		}
		if !x.waits() {
			x.Tries = 0
		}
		x.NextAt = now.UnixMilli()
	}
}

// aim notes where events go. A new address gets what the old one did not take, at once.
func (m *memory) aim(t *Target, now time.Time) {
	if address := t.fingerprint(); address != m.Address {
		m.Address = address
		m.again(now, false)
	}
}
