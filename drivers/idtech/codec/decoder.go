package codec

import (
	"encoding/binary"
	"errors"
)

// What a [Decoder] tells beside the kinds of a [Frame].
const (
	// Bad is a swipe or reply that came damaged, or not whole.
	Bad Kind = iota + 100
	// InClear is a track as text outside of any frame: the reader does not encrypt. The text itself is gone.
	InClear
)

// maxSwipe is the longest swipe on the line, with what stands around the card data.
const maxSwipe = MaxCardData + 6

// longestReply bounds what is taken for a reply, in bytes. All settings at once have less than half of it.
const longestReply = 512

// The reasons of [Bad].
var (
	ErrCheck = errors.New("the check bytes or the end of a swipe are wrong")
	ErrReply = errors.New("the check byte of a reply is wrong")
)

// Event is what a byte has completed; with the zero Kind it is nothing.
type Event struct {
	Frame
	Err error // of Bad
}

type state int

const (
	idle state = iota
	acked
	inSwipe
	inReply
	inText
	skipping // until the line is quiet: what follows a damaged frame cannot be trusted to begin one
)

// Decoder takes the bytes of a reader one by one, in whatever pieces they come. A swipe goes by its length, for 03 may stand anywhere in what is encrypted.
// After a damaged one nothing is believed until the line was quiet. The owner of the wire watches the time between bytes: when [Decoder.Partial] holds and
// nothing came for the family's time, it calls Quiet.
//
// What has come stands in one buffer, which never moves and is wiped before the next byte is taken: the slices of an event live until then.
type Decoder struct {
	// Asked says that the host has asked for a setting: 06 02 begins a reply. Else 06 stands alone, and 02 behind it begins a swipe.
	Asked bool
	// Skipped counts bytes that belong to nothing.
	Skipped uint64

	state state
	done  bool // what stands in the buffer was handed out
	buf   [maxSwipe]byte
	n     int
	need  int // bytes that the swipe has, or that are known of the reply; 0 while not known
}

// Partial says whether something has begun and not ended.
func (d *Decoder) Partial() bool { return d.state != idle }

// Reading says whether a swipe has begun.
func (d *Decoder) Reading() bool { return d.state == inSwipe }

// Wipe overwrites what stands in the buffer and begins anew.
func (d *Decoder) Wipe() {
	clear(d.buf[:])
	d.n, d.need, d.state, d.done = 0, 0, idle, false
}

// Feed takes one byte.
func (d *Decoder) Feed(b byte) Event {
	if d.done {
		d.Wipe()
	}
	switch d.state {
	case acked:
		return d.afterACK(b)
	case inSwipe:
		return d.inSwipe(b)
	case inReply:
		return d.inReply(b)
	case inText:
		return d.inText(b)
	case skipping:
		d.Skipped++
		return Event{}
	}
	return d.outside(b)
}

// Quiet gives up what is unfinished: nothing came for longer than a pause inside a frame.
func (d *Decoder) Quiet() Event {
	was := d.state
	defer d.Wipe()
	switch was {
	case inSwipe, inReply:
		return Event{Frame: Frame{Kind: Bad}, Err: ErrTruncated}
	case inText:
		return Event{Frame: Frame{Kind: judge(d.buf[:d.n])}}
	}
	return Event{}
}

// push keeps a byte. It moves alone: copy uses vector registers, which the runtime saves to memory when it interrupts a goroutine.
func (d *Decoder) push(b byte) {
	d.buf[d.n] = b
	d.n++
}

func (d *Decoder) outside(b byte) Event {
	switch {
	case b == stx:
		d.state = inSwipe
		d.push(b)
	case b == ack && d.Asked:
		d.state = acked
		d.push(b)
	case b == ack:
		return Event{Frame: Frame{Kind: Done}}
	case b >= 0x15 && b <= 0x18:
		return Event{Frame: Frame{Kind: Refusal, Code: b}}
	case b == '%' || b == ';':
		d.state = inText
		d.push(b)
	default:
		d.Skipped++
	}
	return Event{}
}

// afterACK sorts what follows 06: a question is never answered by 06 alone.
func (d *Decoder) afterACK(b byte) Event {
	if b != stx {
		d.Wipe()
		return d.outside(b)
	}
	d.state = inReply
	d.push(b)
	d.need = d.n // where the next function or the end stands
	return Event{}
}

func (d *Decoder) inSwipe(b byte) Event {
	d.push(b)
	if d.n == 3 {
		length := int(binary.LittleEndian.Uint16(d.buf[1:]))
		if length < MinCardData || length > MaxCardData {
			return d.fakeStart()
		}
		d.need = length + 6
	}
	if d.n < 3 || d.n < d.need {
		return Event{}
	}
	data := d.buf[3 : d.n-3]
	lrc, sum := Checks(data)
	if d.buf[d.n-3] != lrc || d.buf[d.n-2] != sum || b != etx {
		return d.bad(ErrCheck)
	}
	d.state, d.done = idle, true
	return Event{Frame: Frame{Kind: Swipe, Data: data}}
}

// fakeStart drops a 02 that begins nothing. One of the two bytes behind it may begin a frame.
func (d *Decoder) fakeStart() Event {
	low, high := d.buf[1], d.buf[2]
	d.Wipe()
	d.Skipped++
	first := d.outside(low)
	if second := d.Feed(high); first.Kind == 0 {
		return second
	}
	return first
}

// inReply goes from function to function: each tells how long its data are.
func (d *Decoder) inReply(b byte) Event {
	d.push(b)
	last := d.n - 1
	switch {
	case d.buf[d.need] == etx && last == d.need+1: // the check behind 03
		if xor(d.buf[1:last]) != b {
			return d.bad(ErrReply)
		}
		d.state, d.done = idle, true
		return Event{Frame: Frame{Kind: Reply, Data: d.buf[2:d.need]}}
	case d.buf[d.need] != etx && last == d.need+1: // the length behind a function
		if d.need += 2 + int(b); d.need > longestReply {
			return d.bad(ErrReply)
		}
	}
	return Event{}
}

// inText collects what looks like a track in clear, up to its end sentinel or to what is no text.
func (d *Decoder) inText(b byte) Event {
	isText := b >= ' ' && b <= '~'
	if isText {
		d.push(b)
		if b != '?' && d.n < longestTrack {
			return Event{}
		}
	}
	found := judge(d.buf[:d.n])
	d.Wipe()
	switch {
	case found == InClear:
		d.state = skipping // its other tracks follow
	case found == 0 && !isText:
		return d.outside(b)
	}
	return Event{Frame: Frame{Kind: found}}
}

// bad ends a damaged frame.
func (d *Decoder) bad(err error) Event {
	d.Wipe()
	d.state = skipping
	return Event{Frame: Frame{Kind: Bad}, Err: err}
}

// longestTrack is more than any track has, in characters.
const longestTrack = 120

// longRun is more digits in a row than a masked track shows.
const longRun = 9

// judge says what a text is that looks like a track: one in clear, the reader's word for a track that it could not read, or 0 for the rest of a damaged swipe,
// whose track is masked.
func judge(text []byte) Kind {
	run, longest, masked := 0, 0, false
	for _, c := range text {
		if masked = masked || c == '*'; c < '0' || c > '9' {
			run = -1
		}
		run++
		longest = max(longest, run)
	}
	ended := text[len(text)-1] == '?'
	switch {
	case ended && len(text) == 3 && text[1] == 'E':
		return Bad
	case longest >= longRun, ended && !masked && len(text) > 2:
		return InClear
	}
	return 0
}
