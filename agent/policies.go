package agent

import (
	"context"
	"time"
)

// policies takes the offline policies that come down. Only the last one that waits counts.
type policies struct {
	waiting chan []byte
}

func newPolicies() *policies { return &policies{waiting: make(chan []byte, 1)} }

// receive takes a message of down/policy. It does not block.
func (p *policies) receive(message []byte) {
	for {
		select {
		case p.waiting <- message:
			return
		default:
		}
		select {
		case <-p.waiting:
		default:
		}
	}
}

// takePolicies puts them in force until ctx ends. One that is refused changes nothing.
func (t *till) takePolicies(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case message := <-t.policies.waiting:
			if err := t.engine.TakePolicy(message); err != nil {
				t.opts.Log.Warn("an offline policy was refused; the one before stays in force", "error", err)
			}
		}
	}
}

// away is how long the platform was not heard, which it was at since or later. Within a life of the agent the clock counts that says more; before it
// there is the platform's own time in its last acknowledgement.
func (u *uplink) away(since time.Time) time.Duration {
	var heard time.Time
	if u.outbox != nil {
		heard = later(u.caller.Heard(), u.outbox.Status().LastAckAt)
	}
	if heard.IsZero() {
		return max(0, time.Since(later(since, u.source.heard)))
	}
	now := time.Now()
	return max(now.Sub(heard), now.Round(0).Sub(heard.Round(0)))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
