package stx

import (
	"errors"
	"fmt"
)

// Why a frame that says its length is bad.
var (
	ErrLength = errors.New("the length is no number")
	ErrEnd    = errors.New("no 03 where the length says")
)

// inSized collects a frame that ends where its length says, whatever bytes are in it.
func (d *Decoder) inSized(b byte) []Event {
	d.push(b)
	switch n := len(d.raw); {
	case n == 3:
		size, ok := d.Rules.Length.Read(d.raw[1], d.raw[2])
		switch d.size = size; {
		case !ok:
			d.lose(ErrLength)
		case size > d.Rules.Max:
			d.lose(ErrTooLong)
		}
	case n == d.size+4 && n > 3 && b != ETX:
		d.lose(ErrEnd)
	case n == d.size+5 && n > 4:
		return d.endSized()
	}
	return nil
}

// endSized ends a frame whose 03 is where it should be. A wrong check may mean that this was no 03, and the frame goes on; of what somebody recorded it is
// said at once.
func (d *Decoder) endSized() []Event {
	payload := d.raw[3 : len(d.raw)-2]
	if d.raw[len(d.raw)-1] == d.Rules.Check(payload) {
		return []Event{d.take(Event{Kind: GotFrame, Payload: payload, Scope: d.Rules.Scope})}
	}
	if d.Any {
		return []Event{d.take(Event{Kind: GotBad, Payload: payload, Err: ErrCheck})}
	}
	d.lose(ErrCheck)
	return nil
}

// lose takes note that nobody knows where the frame ends. Lengths inside of it look like ACK and NAK (00 06, 00 15), so nothing is believed until the
// line is quiet.
func (d *Decoder) lose(why error) { d.state, d.fault = lost, why }

// inLost collects what follows a begin that was none. What does not end in time is given up.
func (d *Decoder) inLost(b byte) []Event {
	if d.push(b); len(d.raw) < d.Rules.Max+5 {
		return nil
	}
	events := d.rescue()
	if d.state == idle {
		d.lose(ErrTooLong)
	}
	return events
}

// rescue ends what was collected. A good frame inside of it is taken: the 02 before it was noise, or a frame that its sender gave up.
func (d *Decoder) rescue() []Event {
	raw, why := d.raw, d.fault
	d.raw, d.state, d.fault = nil, idle, nil
	if len(raw) == 0 {
		return nil
	}
	from, to := d.whole(raw)
	if to == 0 {
		return []Event{{Kind: GotBad, Raw: raw, Err: why}}
	}
	events := []Event{
		{Kind: GotBad, Raw: raw[:from:from], Err: fmt.Errorf("%w, %w", why, ErrRestart)},
		{Kind: GotFrame, Payload: raw[from+3 : to-2], Raw: raw[from:to:to], Scope: d.Rules.Scope},
	}
	for i := to; i < len(raw); i++ {
		events = append(events, d.Feed(raw[i])...)
		raw[i] = 0 // as in push
	}
	return events
}

// whole finds the first good frame behind the first byte; to is 0 when there is none.
func (d *Decoder) whole(raw []byte) (from, to int) {
	for from = 1; from+5 <= len(raw); from++ {
		if raw[from] != STX {
			continue
		}
		size, ok := d.Rules.Length.Read(raw[from+1], raw[from+2])
		if to = from + size + 5; !ok || size > d.Rules.Max || to > len(raw) || raw[to-2] != ETX {
			continue
		}
		if raw[to-1] == d.Rules.Check(raw[from+3:to-2]) {
			return from, to
		}
	}
	return 0, 0
}
