package zvt

import (
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// talk is the peer's side of one wire.
type talk struct {
	*peer
	conn     drivers.Conn
	decoder  codec.Decoder
	splitter codec.Splitter
	inbox    []codec.APDU
	mute     bool

	counts bool      // message ids are agreed
	id     uint64    // of the last command of either side
	till   uint64    // of the till's last command, which our answer repeats
	last   [2][]byte // of the till's commands and of its answers, as they came
}

var errGone = errors.New("the wire is gone")

func (p *peer) serve(conn drivers.Conn, done chan struct{}) {
	defer close(done)
	defer conn.Close()
	t := &talk{peer: p, conn: conn}
	defer func() {
		if wrong := locked(p, func() string { return t.wrong }); wrong != "" {
			p.t.Errorf("the till's message id is wrong: %s", wrong)
		}
	}()
	for {
		m, err := t.receive(time.Hour)
		if err != nil {
			return
		}
		if err := t.command(m); err != nil {
			return
		}
	}
}

// receive waits for an APDU. On a mute wire everything is swallowed until the wire ends.
func (t *talk) receive(limit time.Duration) (codec.APDU, error) {
	until := time.Now().Add(limit)
	for len(t.inbox) == 0 {
		if _, err := t.event(until); err != nil {
			return codec.APDU{}, err
		}
	}
	m := t.inbox[0]
	t.inbox = t.inbox[1:]
	return m, nil
}

func (t *talk) event(until time.Time) (codec.EventKind, error) {
	var b [1]byte
	if err := t.conn.SetReadDeadline(until); err != nil {
		return 0, err
	}
	if _, err := t.conn.Read(b[:]); err != nil {
		return 0, err
	}
	if t.muted() {
		return 0, nil
	}
	if t.stream {
		if ev, ok := t.splitter.Feed(b[0]); ok {
			t.take(ev.Message)
		}
		return 0, nil
	}
	events := t.decoder.Feed(b[0])
	if len(events) == 0 {
		return 0, nil
	}
	if events[0].Kind == codec.GotFrame {
		t.take(events[0].Message)
		t.write([]byte{codec.ACK})
	}
	return events[0].Kind, nil
}

func (t *talk) muted() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mute || t.script.Fault == drivertest.Mute && t.script.At == drivertest.BeforeCommand
}

func (t *talk) write(b []byte) {
	if !t.muted() {
		_, _ = t.conn.Write(b)
	}
}

// send numbers one APDU and hands it over, with repeats on the serial line.
func (t *talk) send(a codec.APDU) error { return t.put(t.numbered(a)) }

func (t *talk) put(a codec.APDU) error {
	plain, err := a.Marshal()
	if err != nil {
		return err
	}
	if t.stream {
		t.write(plain)
		return nil
	}
	for range 3 {
		t.write(codec.Frame(plain))
		if t.acknowledgedLink() {
			return nil
		}
	}
	return errGone
}

func (t *talk) acknowledgedLink() bool {
	until := time.Now().Add(5 * time.Second)
	for {
		kind, err := t.event(until)
		if err != nil || kind == codec.GotNAK {
			return false
		}
		if kind == codec.GotACK {
			return true
		}
	}
}

// ask sends a command of the terminal and waits for its answer; commands of the till in between are kept.
func (t *talk) ask(a codec.APDU, limit time.Duration) (codec.APDU, error) {
	return t.wait(t.numbered(a), limit)
}

// wait is ask for a command that has its number.
func (t *talk) wait(a codec.APDU, limit time.Duration) (codec.APDU, error) {
	if err := t.put(a); err != nil {
		return codec.APDU{}, err
	}
	var kept []codec.APDU
	defer func() { t.inbox = append(kept, t.inbox...) }()
	for {
		m, err := t.receive(limit)
		if err != nil || m.Reply() {
			return m, err
		}
		kept = append(kept, m)
	}
}
