//go:build linux

package faults

import (
	"io"
	"net"
	"sync"
	"time"
)

// found is how long the end of a line that swallows everything in silence may stay unnoticed; it takes 12 to 14 s (keep-alive 7 s, and 5 s for its answer), which
// is what is printed.
const found = time.Minute

// hole forwards connections until it is told to be deaf: then it swallows what comes on the connections of before, in both directions, and says nothing.
// New connections work.
type hole struct {
	listener net.Listener
	target   string
	group    sync.WaitGroup

	mu     sync.Mutex
	ears   chan struct{} // closed when the connections of now turn deaf
	conns  []net.Conn
	births []time.Time
}

func (s *site) hole() *hole {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	h := &hole{listener: l, target: s.broker, ears: make(chan struct{})}
	h.group.Go(h.accept)
	s.t.Cleanup(h.close)
	return h
}

func (h *hole) addr() string { return h.listener.Addr().String() }

func (h *hole) accept() {
	for {
		near, err := h.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", h.target)
		if err != nil {
			_ = near.Close()
			continue
		}
		h.mu.Lock()
		h.conns, h.births = append(h.conns, near, far), append(h.births, time.Now())
		ears := h.ears
		h.mu.Unlock()
		h.group.Go(func() { pour(far, near, ears) })
		h.group.Go(func() { pour(near, far, ears) })
	}
}

// pour copies until the ears are closed; from then on it only drinks. A broken connection is handed on while it hears.
func pour(to, from net.Conn, ears chan struct{}) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		select {
		case <-ears:
			_, _ = io.Copy(io.Discard, from)
			return
		default:
		}
		if _, broken := to.Write(buf[:n]); err != nil || broken != nil {
			_ = to.Close()
			_ = from.Close()
			return
		}
	}
}

// deafen swallows everything from now on, and returns since when.
func (h *hole) deafen() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.ears)
	h.ears = make(chan struct{})
	return time.Now()
}

// after is when the first connection came behind a moment; false while none has.
func (h *hole) after(since time.Time) (time.Time, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range h.births {
		if b.After(since) {
			return b, true
		}
	}
	return time.Time{}, false
}

func (h *hole) close() {
	_ = h.listener.Close()
	h.mu.Lock()
	for _, c := range h.conns {
		_ = c.Close()
	}
	h.mu.Unlock()
	h.group.Wait()
}

// halfOpen lets lines swallow everything in silence: that of a till with nothing to say, that of a till that sells, and that of the platform. Each must be
// found dead in time, without anybody's help.
func halfOpen(s *site) {
	idle, selling := s.newTill("till-idle"), s.newTill("till-selling")
	first, second, third := s.hole(), s.hole(), s.hole()
	down := s.up(third.addr())
	defer down()
	idle.start(first.addr())
	selling.start(second.addr())
	for _, t := range []*till{idle, selling} {
		t.sell()
		t.drained()
	}
	since := third.deafen()
	first.deafen()
	second.deafen()
	selling.sell()
	then := s.ledger(selling.id)
	noticed := map[string]func() bool{
		"a till that is idle": func() bool { _, yes := first.after(since); return yes || idle.status().Mode == "offline" },
		"a till that sells":   func() bool { _, yes := second.after(since); return yes || selling.status().Mode == "offline" },
		"the platform":        func() bool { _, yes := third.after(since); return yes },
	}
	s.untilWithin(found, "everybody has noticed the dead lines", func() bool {
		for name, yes := range noticed {
			if yes() {
				s.t.Logf("%s noticed the dead line after %.1f s", name, time.Since(since).Seconds())
				delete(noticed, name)
			}
		}
		return len(noticed) == 0
	})
	idle.sell()
	for _, t := range []*till{idle, selling} {
		t.drained()
		t.stop()
	}
	down()
	s.unequal(then, selling.journal())
	for _, t := range []*till{idle, selling} {
		s.proved(t.journal())
	}
}
