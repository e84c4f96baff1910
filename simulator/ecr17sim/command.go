package ecr17sim

import (
	"strings"
	"time"

	"github.com/tillproof/tillproof/drivers/ecr17/codec"
	"github.com/tillproof/tillproof/drivers/stx"
)

// command answers one message of the till. What the terminal does not understand, and what is meant for another, is answered with NAK.
func (s *session) command(m codec.Message) error {
	if !m.Whole() || !s.mine(m) || !fits(m) {
		s.nak()
		return nil
	}
	switch m.Code() {
	case 's', 'G', 'T':
		return s.question(m)
	case 'P', 'X':
		return s.payment(m)
	case 'S':
		return s.reversal(m)
	case 'C':
		return s.closing(m)
	case 'E':
		s.t.mu.Lock()
		s.t.toECR = m.At(11, 11) == "1"
		s.t.mu.Unlock()
		s.ack(m)
		return nil
	case 'R':
		return s.reprint(m)
	}
	s.nak()
	return nil
}

// fits says whether a message has its length.
func fits(m codec.Message) bool {
	lengths := map[byte]int{'s': 10, 'P': 167, 'X': 167, 'S': 26, 'C': 26, 'T': 26, 'G': 22, 'E': 11, 'R': 22}
	n, known := lengths[m.Code()]
	return known && len(m) == n
}

// mine says whether a message is meant for this terminal.
func (s *session) mine(m codec.Message) bool {
	id := m.At(1, 8)
	return id == codec.AnyTerminal || id == s.t.Memory().TerminalID
}

func (s *session) nak() { s.write(s.rules.Control(stx.NAK)) }

// ack acknowledges a message of the till's.
func (s *session) ack(m codec.Message) {
	s.t.tell(Event{Moment: Received, Command: string(rune(m.Code()))})
	s.write(s.rules.Control(stx.ACK))
}

// question answers what moves no money.
func (s *session) question(m codec.Message) error {
	if !s.mine(m) || !fits(m) {
		s.nak()
		return nil
	}
	memory := s.t.Memory()
	var answer codec.Message
	switch m.Code() {
	case 's':
		answer = s.status()
	case 'T':
		answer = s.reply('T', 34)
		answer.Number(13, 28, uint64(memory.batch().Amount))
		answer = s.short(answer, 28)
	case 'G':
		if memory.LastResult == "" {
			s.nak()
			return nil
		}
		answer = codec.Message(memory.LastResult)
	default:
		return nil
	}
	s.ack(m)
	return s.deliver(answer, Event{})
}

// reply is an answer full of zeros, which stand for success.
func (s *session) reply(code byte, length int) codec.Message {
	return codec.New(code, s.t.Memory().TerminalID, length)
}

// short leaves the reserved end out where the terminal does that.
func (s *session) short(m codec.Message, length int) codec.Message {
	if s.t.options.Short {
		return m[:length]
	}
	return m
}

func (s *session) status() codec.Message {
	m := s.reply('s', 41)
	copy(m[20:30], time.Now().Format("0201061504"))
	m[30] = s.t.options.State
	m.Text(32, 41, "ECR17SIM01")
	return m
}

// masked is a card's number as replies have it: 19 characters, zeros before.
func (s *session) masked(number string) string {
	if !s.t.options.Unmasked {
		number = strings.Repeat("*", len(number)-4) + number[len(number)-4:]
	}
	return strings.Repeat("0", 19-len(number)) + number
}
