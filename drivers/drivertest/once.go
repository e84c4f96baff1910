package drivertest

import (
	"bytes"
	"testing"
	"testing/synctest"

	"github.com/tillproof/tillproof/drivers"
)

// tellsOnce lets the till hear nothing any more from each byte of a course on, while the device hears it, and counts how often its money command goes out. That
// a device happens to take no second one while it is at the first proves nothing.
func tellsOnce(t *testing.T, bench Bench) {
	if r, ok := bench.(Retold); ok && r.Retold() {
		return
	}
	for _, what := range courses(bench) {
		t.Run(string(what), func(t *testing.T) {
			length, frame := measure(t, bench, what)[inward], moneyCommand(t, bench, what)
			once := false
			for limit := 0; limit < length; limit += max(1, limit/4) { // the acknowledgement comes first
				inBubble(t, bench, func(s *stand) {
					n := s.sendings(what, limit, frame)
					if once = once || n == 1; n > 1 {
						t.Errorf("deaf behind byte %d: the command went out %d times", limit, n)
					}
				})
			}
			if !once {
				t.Error("the command never went out")
			}
		})
	}
}

// moneyCommand is what the till writes that makes the device count a command.
func moneyCommand(t *testing.T, bench Bench, what drivers.Transaction) (frame []byte) {
	inBubble(t, bench, func(s *stand) {
		s.begin(what, 1023)
		known := s.peer.Commands()
		s.wire.arm(inward, 0, NoFault)
		var last []byte
		look := func() {
			if synctest.Wait(); frame == nil && s.peer.Commands() > known {
				frame = last
			}
		}
		s.wire.wrote = func(b []byte) { look(); last = b }
		s.try(what)
		if look(); frame == nil {
			t.Error("nothing that was written made the device begin")
		}
	})
	return frame
}

// sendings counts how often a frame goes out in a course, while nothing behind a byte of the device's answers arrives.
func (s *stand) sendings(what drivers.Transaction, limit int, frame []byte) (n int) {
	s.begin(what, 1023)
	s.wire.arm(inward, limit, OneWay)
	s.wire.wrote = func(b []byte) {
		if bytes.Equal(b, frame) {
			n++
		}
	}
	s.try(what)
	return n
}

// try makes a course of which only what goes over the wire matters.
func (s *stand) try(what drivers.Transaction) {
	if what == closingTheDay {
		_, _ = s.settle()
		return
	}
	_, _ = s.act(what, 1023)
}
