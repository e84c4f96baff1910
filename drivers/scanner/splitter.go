package scanner

import "bytes"

// Control characters on the line.
const (
	nul     = 0x00
	stxByte = 0x02
	etx     = 0x03
	tab     = 0x09
	lf      = 0x0A
	cr      = 0x0D
	xon     = 0x11
	xoff    = 0x13
)

// maxCode is the longest code that is taken. A QR code holds up to 7,089 characters.
const maxCode = 8192

// splitter cuts the bytes of a plain scanner into codes. It is fed byte by byte and knows no clock: its user tells it of silence.
type splitter struct {
	terminator terminator
	flow       bool
	code       []byte
	overlong   bool // the code has passed maxCode: all is dropped up to its end
	afterEnd   bool // the last byte was the CR that ended a code
	before     byte // the byte before
	ended      bool // a terminator was seen on this wire
	dropped    uint64
}

// feed takes a byte and returns the code that it ends, nil when it ends none. The caller owns the code.
func (s *splitter) feed(b byte) []byte {
	before, afterEnd := s.before, s.afterEnd
	s.before, s.afterEnd = b, false
	switch {
	case afterEnd && b == lf:
		return nil
	case s.ends(before, b):
		s.ended, s.afterEnd = true, b == cr
		return s.take()
	case b == nul, b == stxByte && len(s.code) == 0, s.flow && (b == xon || b == xoff):
		return nil
	}
	if len(s.code) == maxCode {
		s.overlong = true
	}
	if !s.overlong {
		s.code = append(s.code, b)
	}
	return nil
}

// ends says whether a byte is the terminator, or its last one.
func (s *splitter) ends(before, b byte) bool {
	switch s.terminator {
	case anyTerminator:
		return b == cr || b == lf || b == tab || b == etx
	case "cr":
		return b == cr
	case "lf":
		return b == lf
	case endCRLF:
		return before == cr && b == lf
	case "tab":
		return b == tab
	}
	return s.terminator == "etx" && b == etx
}

// take ends the code that has come; an empty or overlong one is none.
func (s *splitter) take() []byte {
	code := s.code
	s.code = nil
	if s.overlong {
		s.overlong = false
		s.dropped++
		return nil
	}
	if s.terminator == endCRLF {
		code = bytes.TrimSuffix(code, []byte{cr})
	}
	return code
}

// partial says whether something of a code has come.
func (s *splitter) partial() bool { return len(s.code) > 0 }

// bySilence says whether silence ends a code.
func (s *splitter) bySilence() bool {
	return s.terminator == noTerminator || s.terminator == anyTerminator && !s.ended
}

// discard drops an unfinished code. The scanner may have been set to send no terminators any more, so silence counts again.
func (s *splitter) discard() {
	s.code, s.overlong, s.ended = nil, false, false
}
