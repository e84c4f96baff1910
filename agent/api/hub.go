package api

import (
	"sync"

	"github.com/tillproof/tillproof/agent/engine"
)

// scanRoom is how many scans wait for a slow reader.
const scanRoom = 64

// Hub passes scans on to everybody who listens to the till's events. The zero value is ready. All methods are safe for concurrent use.
type Hub struct {
	mu        sync.Mutex
	listeners map[chan engine.Scan]struct{}
}

// Scan tells all listeners of a scan. It never waits: a listener that is too far behind is cut off, and connects again.
func (h *Hub) Scan(scan engine.Scan) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range h.listeners {
		select {
		case l <- scan:
		default:
			h.remove(l)
		}
	}
}

// listen returns a channel of the scans from now on, which is closed when its reader is too slow, and the function that ends it.
func (h *Hub) listen() (scans <-chan engine.Scan, leave func()) {
	l := make(chan engine.Scan, scanRoom)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.listeners == nil {
		h.listeners = map[chan engine.Scan]struct{}{}
	}
	h.listeners[l] = struct{}{}
	return l, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.remove(l)
	}
}

// remove cuts a listener off, once. Called with mu held.
func (h *Hub) remove(l chan engine.Scan) {
	if _, listening := h.listeners[l]; listening {
		delete(h.listeners, l)
		close(l)
	}
}
