package zvt

import (
	"bytes"
	"context"
	"time"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// lastID is the highest message id; 1 follows it (PA00P015, TLV 1F73).
const lastID = 999_999

// numbered is a link whose messages may carry ids (TLV 1F73): one counter for the commands of both sides, an answer repeats the id of its command, and so
// does a command that is sent again. What is above it sees no ids.
//
// Ids are used once the terminal has echoed ours in its registration. One that the terminal uses before that, because it has not forgotten an earlier till's
// registration, is repeated in the answer all the same.
type numbered struct {
	link
	off bool   // the shop wants none
	on  bool   // agreed
	id  uint64 // of the last command of either side
	own uint64 // of our last command

	asked    uint64 // of the terminal's last command, 0 for none
	command  codec.APDU
	answered bool
	answer   codec.APDU
}

// agree begins to count, if the terminal's completion of a registration echoes our wish.
func (n *numbered) agree(told codec.Objects) {
	_, echoed := told.Find(codec.TagMessageID)
	n.on, n.id, n.own = echoed && !n.off, 0, 0
}

// forget ends the use of ids, as a registration and a log-off do.
func (n *numbered) forget() { n.on = false }

// send implements link.
func (n *numbered) send(ctx context.Context, a codec.APDU) (bool, error) {
	if a.Is(0x06, 0x00) {
		n.forget()
	}
	switch {
	case a.Reply():
		a = withID(a, n.asked)
		n.answered, n.answer = true, a
	case n.on:
		n.id = n.id%lastID + 1
		n.own = n.id
		a = withID(a, n.id)
	}
	return n.link.send(ctx, a)
}

// receive implements link. A command that came before is answered as before and not handed up; a reply to an earlier command of ours is nobody's.
func (n *numbered) receive(until time.Time) (codec.APDU, error) {
	for {
		m, err := n.link.receive(until)
		if err != nil || n.off {
			return m, err
		}
		id, bare := withoutID(m)
		switch {
		case m.Reply() && n.late(id):
			continue
		case m.Reply():
			return bare, nil
		case n.repeats(id, m):
			if _, err := n.link.send(context.Background(), n.answer); err != nil {
				return codec.APDU{}, err
			}
			continue
		}
		n.asked, n.command, n.answered = id, m, false
		if id > 0 {
			n.id = id
		}
		return bare, nil
	}
}

// repeats says whether a command is the last one again. A terminal that gives one id to several commands is not misunderstood: they differ.
func (n *numbered) repeats(id uint64, m codec.APDU) bool {
	return id > 0 && id == n.asked && n.answered && m.Is(n.command.Class, n.command.Instr) && bytes.Equal(m.Data, n.command.Data)
}

// late says whether a reply has the id of an earlier command of ours.
func (n *numbered) late(id uint64) bool {
	behind := (n.own + lastID - id) % lastID
	return n.on && id > 0 && behind > 0 && behind < lastID/2
}
