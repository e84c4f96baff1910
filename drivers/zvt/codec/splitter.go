package codec

// Splitter cuts a TCP stream of bare APDUs by their lengths, in whatever pieces the bytes come. The zero value is
// ready. There is no check and no way to find the next APDU after a wrong length: when bytes are missing for longer
// than T3 the owner closes the socket (PA00P016, TCP).
type Splitter struct{ buf []byte }

// Feed takes one byte; ok is true when it completed an APDU. The event is always of kind GotFrame and owns its bytes.
func (s *Splitter) Feed(b byte) (ev Event, ok bool) {
	s.buf = push(s.buf, b)
	head, data, known := header(s.buf)
	if !known || len(s.buf) < head+data {
		return Event{}, false
	}
	whole := s.buf
	s.buf = nil
	return Event{Kind: GotFrame, Message: APDU{Class: whole[0], Instr: whole[1], Data: whole[head:]}, APDU: whole, Raw: whole}, true
}

// Partial says whether an APDU has begun and not ended.
func (s *Splitter) Partial() bool { return len(s.buf) > 0 }

// Flush gives up an unfinished APDU and returns its bytes, nil when there are none.
func (s *Splitter) Flush() []byte {
	left := s.buf
	s.buf = nil
	return left
}
