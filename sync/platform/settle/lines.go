package settle

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// maxLine bounds one line of a statement, in bytes.
const maxLine = 64 << 10

// errLong says that a line is longer than [maxLine]. The reader stands behind it.
var errLong = fmt.Errorf("the line is longer than %d bytes", maxLine)

// lines reads a text line by line, in UTF-8, with a bounded part of it in memory.
type lines struct {
	r    *bufio.Reader
	n    int // of the line read last
	line []byte
}

func newLines(r io.Reader, charset string) *lines {
	e := unicode.UTF8BOM
	switch charset {
	case "latin-1":
		e = charmap.ISO8859_1
	case "gb18030":
		e = simplifiedchinese.GB18030
	}
	return &lines{r: bufio.NewReaderSize(e.NewDecoder().Reader(r), 256<<10)}
}

// next reads a line without its end. After errLong the reading goes on with the next line; io.EOF ends it.
func (l *lines) next() (string, error) {
	l.line = l.line[:0]
	long := false
	for {
		part, err := l.r.ReadSlice('\n')
		if long = long || len(l.line)+len(part) > maxLine; !long {
			l.line = append(l.line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && (!errors.Is(err, io.EOF) || len(l.line) == 0 && !long):
			return "", err
		}
		l.n++
		if long {
			return "", errLong
		}
		return string(bytes.TrimRight(l.line, "\r\n")), nil
	}
}

// cells cuts a line into values. A quoted value may hold delimiters, and two quotes for one; it ends on its line.
func cells(line, delimiter, quote string) ([]string, error) {
	var list []string
	for {
		rest := strings.TrimLeft(line, " ")
		if quote == "" || !strings.HasPrefix(rest, quote) {
			value, after, more := strings.Cut(line, delimiter)
			list = append(list, value)
			if !more {
				return list, nil
			}
			line = after
			continue
		}
		value, after, err := quoted(rest[len(quote):], quote)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
		after = strings.TrimLeft(after, " ")
		if after == "" {
			return list, nil
		}
		if !strings.HasPrefix(after, delimiter) {
			return nil, errors.New("something stands behind a quoted value")
		}
		line = after[len(delimiter):]
	}
}

// quoted reads a value to its closing quote.
func quoted(s, quote string) (value, after string, err error) {
	var b strings.Builder
	for {
		part, rest, ends := strings.Cut(s, quote)
		if !ends {
			return "", "", errors.New("a quoted value does not end on its line")
		}
		b.WriteString(part)
		if !strings.HasPrefix(rest, quote) {
			return b.String(), rest, nil
		}
		b.WriteString(quote)
		s = rest[len(quote):]
	}
}
