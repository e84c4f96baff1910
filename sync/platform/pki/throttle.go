package pki

import (
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/tillproof/tillproof/pos"
)

// Requests to enrol that fail cost their sender's address; a technician who enrols a hundred tills pays nothing.
const (
	failures     = 20 // at once
	failureEvery = 30 * time.Second
	mostSenders  = 4096 // addresses that are remembered
)

// throttle refuses senders whose requests keep failing: every check of a request costs signatures, and codes are not to be guessed.
type throttle struct {
	mu      sync.Mutex
	senders map[string]*rate.Limiter // of those who have failed
}

// errTooMany says that a sender has failed too often.
var errTooMany = pos.NewError("too_many_requests", pos.Transient, pos.NoneMoved, "Too many requests to enrol from this address have failed.",
	"Wait a minute, and compare the code with the one that was printed.")

// allow says whether a sender may try.
func (t *throttle) allow(sender string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l := t.senders[sender]; l != nil && l.Tokens() < 1 {
		return errTooMany
	}
	return nil
}

// failed notes a request that did not enrol a till. When there are too many senders to remember, those who have not failed for a while are forgotten, and
// if there are none, all are.
func (t *throttle) failed(sender string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.senders == nil || len(t.senders) >= mostSenders && !t.forget() {
		t.senders = map[string]*rate.Limiter{}
	}
	l := t.senders[sender]
	if l == nil {
		l = rate.NewLimiter(rate.Every(failureEvery), failures)
		t.senders[sender] = l
	}
	l.Allow()
}

func (t *throttle) forget() (some bool) {
	for sender, l := range t.senders {
		if l.Tokens() >= failures {
			delete(t.senders, sender)
			some = true
		}
	}
	return some
}

// sender is the address that a request comes from, of IPv6 the network of 64 bits that one subscriber has.
func sender(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	if ip := net.ParseIP(host); ip != nil && ip.To4() == nil {
		return ip.Mask(net.CIDRMask(64, 128)).String()
	}
	return host
}
