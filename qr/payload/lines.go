package payload

import (
	"fmt"
	"strings"
)

// lines are the lines of a code that is made of such, with where each begins. Both LF and CRLF end a line.
type lines struct {
	text    []string
	offsets []int
}

func splitLines(text string) lines {
	var l lines
	at := 0
	for line := range strings.SplitSeq(text, "\n") {
		l.text = append(l.text, strings.TrimSuffix(line, "\r"))
		l.offsets = append(l.offsets, at)
		at += len(line) + 1
	}
	return l
}

// decode turns every line into UTF-8; the offsets stay those of the bytes that were read.
func (l lines) decode(charset string) (err error) {
	for i := range l.text {
		if l.text[i], err = fromCharset(charset, l.text[i]); err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return nil
}

// at is a line by its number, from 1; "" behind the last one.
func (l lines) at(n int) string {
	if n > len(l.text) {
		return ""
	}
	return l.text[n-1]
}

// bad says what is wrong with a line.
func (l lines) bad(n int, kind error, format string, args ...any) error {
	offset := 0
	if n <= len(l.offsets) {
		offset = l.offsets[n-1]
	}
	return &Error{offset, fmt.Sprintf("line %d", n), fmt.Sprintf(format, args...), kind}
}
