package trace

import (
	"fmt"
	"strings"
	"time"

	"github.com/tillproof/tillproof/drivers"
)

// side is one direction of a wire.
type side struct {
	name string
	held []byte // has not made a whole frame yet
	lost bool   // what comes may begin in the middle of a frame: only a frame with marks and a check is believed
	last time.Time
}

// pause is the silence behind which a frame begins, whatever came before: no family lets the bytes of a frame come so slowly.
const pause = 10 * time.Second

// feed takes bytes and gives back what is understood of them so far. Bytes that come in pieces may be a card's number in pieces: as long as the last thing in
// them is no whole frame, nothing of them is told.
func (s *side) feed(b []byte, now time.Time, decode func([]byte) []drivers.Decoded) []drivers.Decoded {
	s.lost = s.lost && (now.Sub(s.last) < pause || len(s.held) > 0)
	s.last = now
	if decode == nil {
		return []drivers.Decoded{unframed(b)}
	}
	for _, c := range b {
		s.push(c)
	}
	list := decode(s.held)
	switch {
	case len(list) > 0 && list[len(list)-1].OK:
		s.wipe()
		for i := range list {
			list[i] = s.believe(list[i])
		}
		return list
	case len(s.held) > mostHeld:
		return s.giveUp()
	}
	return nil
}

// believe is a decoded frame as it may be shown.
func (s *side) believe(d drivers.Decoded) drivers.Decoded {
	s.lost = s.lost && (!d.OK || !framed(d.Frame))
	switch {
	case !d.OK || s.lost && !isControl(d.Frame):
		if d.OK {
			d = drivers.Decoded{Protocol: d.Protocol, Frame: d.Frame, Error: "perhaps the middle of a frame, whose begin the trace has missed: what comes after 10 s of silence is told"}
		}
		d.Fields, d.Frame, d.Error = nil, strictly(d.Frame), wordsOnly(d.Error)
	case d.Name == "swipe" && len(d.Frame) > 6: // what a reader has encrypted is nobody's to keep
		d.Frame = d.Frame[:6] + strings.Repeat("2a", len(d.Frame)/2-3)
	case d.Name == "card" && len(d.Frame) > len(viVOtech)+8: // the same behind command, status and length
		d.Frame = d.Frame[:len(viVOtech)+8] + strings.Repeat("2a", (len(d.Frame)-len(viVOtech)-8)/2)
	}
	if len(d.Frame) > 2*mostShown {
		d.Frame = d.Frame[:2*mostShown]
	}
	hideNumbers(&d)
	return d
}

// giveUp tells that something came which is no frame. What comes next may be the rest of it.
func (s *side) giveUp() []drivers.Decoded {
	if len(s.held) == 0 {
		return nil
	}
	d := unframed(s.held)
	s.wipe()
	s.lost = true
	return []drivers.Decoded{d}
}

// unframed is what may be told of bytes that nobody understands.
func unframed(b []byte) drivers.Decoded {
	return drivers.Decoded{Error: fmt.Sprintf("%d bytes that are no whole frame", len(b)), Frame: strictlyBytes(b[:min(len(b), mostShown)])}
}

// push appends a byte and leaves nothing behind where the bytes were before: card data may be among them.
func (s *side) push(c byte) {
	if len(s.held) == cap(s.held) {
		grown := make([]byte, len(s.held), max(256, 2*cap(s.held)))
		for i := range s.held {
			grown[i], s.held[i] = s.held[i], 0
		}
		s.held = grown
	}
	s.held = append(s.held, c)
}

// wipe overwrites what is held.
func (s *side) wipe() {
	clear(s.held[:cap(s.held)])
	s.held = s.held[:0]
}
