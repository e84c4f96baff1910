package idtechsim

import (
	"bytes"
	"io"
	"slices"
	"time"

	"github.com/tillproof/tillproof/drivers/idtech/codec"
	"github.com/tillproof/tillproof/drivers/idtech/neo2"
	"github.com/tillproof/tillproof/simulator/chassis"
)

// field is the place where cards are held to a reader: it is dark, or asks for one. The reader's lock guards it.
type field struct {
	asks  bool
	times int // that it was asked, so that a timer knows its own
	timer *time.Timer
	held  []held // in the order in which they came
}

// held is a card that somebody holds to the reader until a moment.
type held struct {
	card  Card
	until time.Time
}

// rest makes the field dark.
func (f *field) rest() {
	f.asks = false
	if f.timer != nil {
		f.timer.Stop()
	}
}

// card takes the next card that is still held there, if one is asked for.
func (f *field) card() (c Card, there bool) {
	now := time.Now()
	f.held = slices.DeleteFunc(f.held, func(h held) bool { return now.After(h.until) })
	if !f.asks || len(f.held) == 0 {
		return c, false
	}
	c, f.held = f.held[0].card, f.held[1:]
	f.rest()
	return c, true
}

// dark ends what the field does: the wire has gone.
func (r *Reader) dark() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.field.rest()
}

// present holds cards to the reader.
func (r *Reader) present(cards []Card) error {
	if r.plugged() == nil {
		return ErrUnplugged
	}
	r.mu.Lock()
	for _, c := range cards {
		r.field.held = append(r.field.held, held{c, time.Now().Add(r.options.Hold)})
	}
	r.mu.Unlock()
	return r.take()
}

// take reads the card that is held to the reader, if it asks for one.
func (r *Reader) take() error {
	r.mu.Lock()
	c, there := r.field.card()
	var out []byte
	var err error
	if there {
		out, err = r.output(c)
		out = append(slices.Clone(c.Junk), out...)
		if err == nil {
			err = chassis.Save(r.options.Path, &r.memory)
		}
	}
	r.mu.Unlock()
	if err != nil || !there {
		return err
	}
	err = r.Send(out)
	r.tell(Event{Moment: Swiped, Bytes: len(out)})
	return err
}

// answerNEO2 takes requests until the wire is lost.
func (r *Reader) answerNEO2(wire io.Reader) error {
	var decoder neo2.Decoder
	buf := make([]byte, 64)
	for {
		n, err := wire.Read(buf)
		for _, b := range buf[:n] {
			if ev := decoder.Feed(b); ev.Kind == neo2.Whole && ev.Request {
				if err := r.reply(&ev.Frame); err != nil {
					return err
				}
			}
		}
		if err != nil {
			return err
		}
	}
}

// reply does what a request wants. Whatever it is, it ends the question for a card.
func (r *Reader) reply(f *neo2.Frame) error {
	if r.muted() {
		return nil
	}
	r.mu.Lock()
	r.field.rest()
	status, data, waits := r.memory.obey(f, r.options.Unknown)
	if waits {
		r.ask(time.Duration(f.Data[0]) * time.Second)
	}
	r.mu.Unlock()
	if waits {
		r.tell(Event{Moment: Asked, Command: f.Command, Function: f.Sub, Amount: amountIn(f.Data[1:])})
		return r.take()
	}
	out := neo2.ReplyFrame(f.Command, status, data...)
	err := r.Send(out)
	r.tell(Event{Moment: Answered, Command: f.Command, Function: f.Sub, Bytes: len(out)})
	return err
}

// ask waits for a card for a time. The caller holds the lock.
func (r *Reader) ask(limit time.Duration) {
	r.field.asks = true
	r.field.times++
	mine := r.field.times
	r.field.timer = time.AfterFunc(limit, func() {
		r.mu.Lock()
		late := r.field.asks && r.field.times == mine
		if late {
			r.field.rest()
		}
		r.mu.Unlock()
		if late {
			_ = r.Send(neo2.ReplyFrame(neo2.Activate, neo2.TimedOut)) // without a wire nobody waits for it
		}
	})
}

// amountIn is the amount of a question for a card.
func amountIn(data []byte) []byte {
	objects, err := neo2.ParseTLVs(data)
	if err != nil {
		return nil
	}
	for _, o := range objects {
		if o.Tag == neo2.Amount {
			return bytes.Clone(o.Value)
		}
	}
	return nil
}

// obey is what a request is answered with; waits says that the answer is a card. The caller holds the reader's lock.
func (m *Memory) obey(f *neo2.Frame, unknown []byte) (status byte, data []byte, waits bool) {
	switch name := neo2.Name(f.Command, f.Sub); {
	case m.Tampered:
		return neo2.Tampered, nil, false
	case name == "" || bytes.IndexByte(unknown, f.Command) >= 0:
		return neo2.UnknownCmd, nil, false
	case name == "activate" && len(f.Data) == 0:
		return neo2.BadParameter, nil, false
	case name == "activate":
		return 0, nil, true
	case name == "serial":
		return neo2.OK, append([]byte(m.Serial), 0, 0), false
	case name == "key":
		return m.key(f.Data)
	case name == "encryption":
		return neo2.OK, []byte{map[bool]byte{true: 3}[m.encrypts()]}, false
	case name == "result" && f.Sub == neo2.PlainSub && m.encrypts():
		return neo2.NotAllowed, nil, false
	case name == "result" && f.Sub == neo2.PlainSub:
		return neo2.OK, []byte{neo2.ContactlessEMV}, false
	case name == "result":
		return neo2.Failed, nil, false
	}
	return neo2.OK, nil, false
}

// encrypts says whether the reader has a key and uses it.
func (m *Memory) encrypts() bool { return m.Level >= "3" && !m.is(codec.Encryption, '0') }

// key tells of the key of card data.
func (m *Memory) key(which []byte) (status byte, data []byte, waits bool) {
	switch {
	case !bytes.Equal(which, neo2.DataKey()):
		return neo2.BadParameter, nil, false
	case m.Level == "0":
		return neo2.OK, []byte{neo2.KeyUsedUp}, false
	case m.Level == "1":
		return neo2.OK, []byte{neo2.KeyUnused}, false
	}
	ksn := m.setting(codec.NextKSN)
	return neo2.OK, append([]byte{neo2.KeyValid, byte(len(ksn))}, ksn...), false
}
