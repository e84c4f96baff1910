package codec

import "errors"

// maxStream is the longest message on a stream, in bytes: the tags of a V3 answer with two tickets stay far below it.
const maxStream = 4096

// ErrStream says that a stream carries no V3 message: there is no way to find the next one.
var ErrStream = errors.New("the stream carries no tags of Concert V3")

// Splitter cuts V3 messages out of a stream (TCP), which has neither frame nor check. A message ends where the next one begins, or where
// its holder finds that nothing followed a whole tag for a while.
type Splitter struct {
	buf   []byte
	next  int  // where the tag begins that is to come, or ends that has begun
	begun bool // a tag's value is being filled
	carry bool // the first tag's name of the next message was read already
}

// Partial says whether a message has begun and does not end with a whole tag.
func (s *Splitter) Partial() bool { return s.carry || len(s.buf) != s.next }

// Whole says whether a message is there that ends with a whole tag: another one may follow.
func (s *Splitter) Whole() bool { return !s.carry && s.next > 0 && len(s.buf) == s.next }

// Message is the message that is whole so far. Its bytes are good until the next Feed.
func (s *Splitter) Message() []byte { return s.buf[:s.next] }

// Take ends a message that is whole. Its bytes are good until the next Feed, which overwrites them.
func (s *Splitter) Take() []byte {
	message := s.buf[:s.next]
	s.buf, s.next, s.begun = s.buf[:0], 0, false
	return message
}

// Feed takes one byte. It returns a message when the byte begins the next one; its bytes are good until the next Feed. An error sticks to
// the stream.
func (s *Splitter) Feed(b byte) (message []byte, err error) {
	if s.carry {
		clear(s.buf[:cap(s.buf)])
		s.buf, s.carry = append(s.buf[:0], "CZ"...), false
	}
	if s.buf == nil {
		s.buf = make([]byte, 0, maxStream)
	}
	if len(s.buf) == maxStream {
		return nil, ErrStream
	}
	s.buf = append(s.buf, b)
	switch own := s.buf[s.from():]; {
	case len(own) == 1 && !s.begun && filler(b):
		s.buf = s.buf[:s.next]
		if s.next > 0 {
			message = s.Take()
		}
	case s.begun && len(s.buf) == s.next:
		s.begun = false
	case s.begun:
	case len(own) == 2 && s.next > 0 && string(own) == "CZ":
		message = s.buf[:s.next]
		s.next, s.carry = 0, true
	case len(own) <= 2 && !named(b), s.next == 0 && len(own) == 2 && string(own) != "CZ":
		return nil, ErrStream
	case len(own) == HeadLength:
		return nil, s.head(own)
	}
	return message, nil
}

// from is where the tag begins that is being read.
func (s *Splitter) from() int {
	if s.begun {
		return len(s.buf)
	}
	return s.next
}

// head takes the length of a tag.
func (s *Splitter) head(own []byte) error {
	length, ok := number(own[2:])
	if !ok || len(s.buf)+length > maxStream {
		return ErrStream
	}
	s.next = len(s.buf) + length
	s.begun = length > 0
	return nil
}

// Wipe overwrites what was read: card data may be in it.
func (s *Splitter) Wipe() {
	clear(s.buf[:cap(s.buf)])
	s.buf, s.next, s.begun, s.carry = s.buf[:0], 0, false, false
}

// filler says whether a byte between two messages is what some programs end a text with. It is no tag's.
func filler(b byte) bool { return b == 0 || b == '\r' || b == '\n' }

// named says whether a byte can stand in a tag's name: letters in every description, digits in case a maker has some.
func named(b byte) bool { return b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' || b >= '0' && b <= '9' }
