package detect

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/serialport"
)

// talk is a conversation with one device in one family's language.
type talk struct {
	ctx    context.Context
	conn   drivers.Conn
	family string
	form   string
	tell   func(Step)
	heard  []byte // all that came; wiped by the owner
	asked  *Step  // told when its answer is judged
	echoes bool   // what was sent came back
}

// writeTime bounds a write: no question takes longer on the slowest line.
const writeTime = 3 * time.Second

// tail is how long one waits for more behind an answer that may be longer.
const tail = 200 * time.Millisecond

// say sends bytes and remembers what they are, for [talk.judged].
func (t *talk) say(words string, b []byte) error {
	t.asked = &Step{Family: t.family, Line: t.form, Asks: words, Sent: hex.EncodeToString(b)}
	err := t.write(b)
	if err != nil {
		t.judged("the port failed: "+err.Error(), false)
	}
	return err
}

func (t *talk) write(b []byte) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	if err := t.conn.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	_, err := t.conn.Write(b)
	return err
}

// ask says bytes and collects what comes until it is enough, or for a while; and then a moment longer. What came is wiped by the owner of the talk.
func (t *talk) ask(words string, b []byte, wait time.Duration, enough func(said []byte) bool) ([]byte, error) {
	if err := t.say(words, b); err != nil {
		return nil, err
	}
	said, err := t.hear(wait, enough)
	if err == nil && bytes.Equal(said, b) && len(said) > 1 {
		t.echoes = true
		t.judged("the same bytes: an echo", false)
	}
	return said, err
}

// hear collects what comes. A stream that its other end closes is quiet from then on.
func (t *talk) hear(wait time.Duration, enough func(said []byte) bool) ([]byte, error) {
	stop := context.AfterFunc(t.ctx, func() { _ = t.conn.SetReadDeadline(time.Now()) })
	defer stop()
	if t.heard == nil {
		t.heard = make([]byte, 0, mostHeard) // it never grows, so that nothing stays behind
	}
	from, until := len(t.heard), time.Now().Add(wait)
	for len(t.heard) < mostHeard {
		if err := t.conn.SetReadDeadline(until); err != nil {
			return nil, err
		}
		n, err := t.conn.Read(t.heard[len(t.heard):mostHeard])
		t.heard = t.heard[:len(t.heard)+n]
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, io.EOF):
			return t.heard[from:], t.ctx.Err()
		case errors.Is(err, serialport.ErrParity):
			t.judged("damaged bytes: not a line of 7 bits with parity", false)
			return nil, err
		case err != nil:
			t.judged("the port failed: "+err.Error(), false)
			return nil, err
		case enough(t.heard[from:]):
			until = time.Now().Add(tail)
			enough = func([]byte) bool { return false }
		}
	}
	return t.heard[from:], t.ctx.Err()
}

// judged tells the step that was asked last with its answer.
func (t *talk) judged(answer string, sure bool) {
	if t.asked == nil {
		return
	}
	t.asked.Answer, t.asked.Sure = answer, sure
	t.tell(*t.asked)
	t.asked = nil
}

// quiet judges an answer that is not the family's.
func (t *talk) quiet(said []byte) {
	switch guess := drivers.Guess(said); {
	case len(said) == 0:
		t.judged("silence", false)
	case guess != "":
		t.judged(fmt.Sprintf("%d bytes, like %s", len(said), guess), false)
	case len(said) == 1:
		t.judged(fmt.Sprintf("a single %02x", said[0]), false)
	default:
		t.judged(fmt.Sprintf("%d bytes of no family", len(said)), false)
	}
}

// anything is enough for who waits for one byte.
func anything(said []byte) bool { return len(said) > 0 }
