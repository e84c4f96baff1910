package zvtsim

import (
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// Timers and limits (PA00P016, transport and application rules).
const (
	interByte    = 200 * time.Millisecond // T1
	ackTime      = 5 * time.Second        // T2
	sends        = 3
	maxInbox     = 16
	answerTime   = 30 * time.Second // for 04 0F, unless BMP 01 says otherwise
	commandTime  = 30 * time.Second // for the till's answer to our other commands
	repeatResult = 2 * time.Second  // after 84 9C to 04 0F
)

// send delivers a message: over a serial line with up to three tries, each waiting for an ACK.
func (s *session) send(m codec.APDU) error {
	m, err := s.number(m)
	if err != nil {
		return err
	}
	raw, err := m.Marshal()
	if err != nil {
		return err
	}
	return s.deliver(name(m), raw)
}

// deliver sends the bytes of a message.
func (s *session) deliver(command string, raw []byte) error {
	if s.t.options.Stream {
		s.t.tell(Event{Moment: Sending, Command: command})
		s.write(raw)
		if s.broken {
			return s.why()
		}
		s.t.tell(Event{Moment: Delivered, Command: command})
		return nil
	}
	s.sending = true
	defer func() { s.sending = false }()
	for range sends {
		s.t.tell(Event{Moment: Sending, Command: command})
		s.control = 0
		s.write(codec.Frame(raw))
		err := s.acknowledged()
		if err == nil {
			s.t.tell(Event{Moment: Delivered, Command: command})
		}
		if !errors.Is(err, errTransfer) {
			return err
		}
	}
	return errTransfer
}

// acknowledged waits for the ACK of the frame just sent. A new reply of the till proves as well that it has the frame.
// errTransfer means that the frame may be sent again.
func (s *session) acknowledged() error {
	until, before := time.Now().Add(ackTime), len(s.inbox)
	for {
		switch {
		case s.control == codec.ACK, len(s.inbox) > before && s.inbox[len(s.inbox)-1].Reply():
			return nil
		case s.control == codec.NAK:
			return errTransfer
		}
		if err := s.pump(until); errors.Is(err, errQuiet) {
			return errTransfer
		} else if err != nil {
			return err
		}
	}
}

// call sends a command of ours and waits for the till's reply. Commands of the till meanwhile are answered as the state allows.
func (s *session) call(m codec.APDU, wait time.Duration) error {
	until := time.Now().Add(wait)
	if err := s.send(m); err != nil {
		return err
	}
	_, err := s.reply(until)
	return err
}

// reply waits for a reply.
func (s *session) reply(until time.Time) (codec.APDU, error) {
	for {
		m, err := s.receive(until)
		if err != nil || m.Reply() {
			return m, err
		}
		if err := s.interject(m); err != nil {
			return codec.APDU{}, err
		}
	}
}

// pause lets time pass while the till's commands are answered. It ends early when the till aborts.
func (s *session) pause(d time.Duration) error {
	for until := time.Now().Add(d); !s.aborted; {
		m, err := s.receive(until)
		switch {
		case errors.Is(err, errQuiet):
			return nil
		case err != nil:
			return err
		case m.Reply():
			continue
		}
		if err := s.interject(m); err != nil {
			return err
		}
	}
	return nil
}

// interject answers a command that comes while another one runs: the status is "busy", an abort is taken while it is not too late,
// and everything else has to wait (PA00P015, 05 01 and 06 B0).
func (s *session) interject(m codec.APDU) error {
	switch {
	case m.Is(0x05, 0x01):
		if err := s.send(accepted()); err != nil {
			return err
		}
		err := s.call(codec.APDU{Class: 0x06, Instr: 0x0F, Data: []byte{codeBusy}}, commandTime)
		return ignoreQuiet(err)
	case m.Is(0x06, 0xB0) && s.abortable:
		s.aborted = true
		return ignoreQuiet(s.send(accepted()))
	case m.Is(0x06, 0xB0):
		return ignoreQuiet(s.send(refused(codeImpossible)))
	}
	return ignoreQuiet(s.send(refused(codeBusy)))
}

// ignoreQuiet drops the errors that only mean that the till does not answer.
func ignoreQuiet(err error) error {
	if errors.Is(err, errQuiet) || errors.Is(err, errTransfer) {
		return nil
	}
	return err
}
