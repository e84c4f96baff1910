package settle

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// Reader reads the rows of a statement one after another.
type Reader struct {
	mapping *Mapping
	lines   *lines
	columns map[string]int // name of a column: its place
	ended   bool
}

// NewReader begins to read a statement. It fails with a *pos.Error statement_unreadable when the columns that the mapping names are not there.
func NewReader(file io.Reader, m *Mapping) (*Reader, error) {
	r := &Reader{mapping: m, lines: newLines(file, m.Encoding), columns: map[string]int{}}
	if err := r.head(); err != nil {
		return nil, pos.NewError("statement_unreadable", pos.Permanent, pos.NoneMoved, "The statement is not what the mapping says; nothing was imported.",
			"Compare the file's first lines with the mapping: encoding, delimiter, header and the names of the columns.").Because(err)
	}
	return r, nil
}

// head finds the columns.
func (r *Reader) head() error {
	if r.mapping.Header == 0 {
		return r.number()
	}
	for {
		line, err := r.lines.next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("the file ends before line %d", r.mapping.Header)
		}
		if err != nil && !errors.Is(err, errLong) {
			return err
		}
		if r.lines.n < r.mapping.Header {
			continue
		}
		names, failed := cells(line, r.mapping.Delimiter, r.mapping.Quote)
		if err := cmp.Or(err, failed); err != nil {
			return fmt.Errorf("line %d: %w", r.lines.n, err)
		}
		for i, name := range names {
			r.columns[r.trim(name)] = i
		}
		return r.missing()
	}
}

// missing names a column that the mapping wants and the header has not.
func (r *Reader) missing() error {
	for _, name := range r.mapping.wanted() {
		if _, there := r.columns[name]; !there {
			return fmt.Errorf("line %d has no column %q; it has: %s", r.lines.n, name, strings.Join(slices.Sorted(maps.Keys(r.columns)), ", "))
		}
	}
	return nil
}

// number gives columns without names their places.
func (r *Reader) number() error {
	for _, name := range r.mapping.wanted() {
		n, err := strconv.Atoi(name)
		if err != nil || n < 1 || n > 1000 {
			return fmt.Errorf("column %q: without a header columns are numbers from 1", name)
		}
		r.columns[name] = n - 1
	}
	return nil
}

// wanted are the columns that a mapping names.
func (m *Mapping) wanted() []string {
	var names []string
	for _, set := range append(slices.Collect(maps.Values(m.Kinds)), m.Columns) {
		names = append(names, slices.Collect(maps.Values(set))...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Line is what one line of a statement gave: a row, nothing that counts, or a reason why it cannot be read.
type Line struct {
	N   int
	Row *reconcile.Row // nil for a line that is no row
	Bad string         // why it cannot be read, "" when it can
}

// Next reads the next line. io.EOF ends the statement; any other error is one of the file.
func (r *Reader) Next() (Line, error) {
	text, err := r.lines.next()
	l := Line{N: r.lines.n}
	switch {
	case errors.Is(err, errLong):
		l.Bad = err.Error()
		return l, nil
	case err != nil:
		return l, err
	case r.ended || r.skips(text):
		return l, nil
	}
	values, err := cells(text, r.mapping.Delimiter, r.mapping.Quote)
	if err == nil {
		l.Row, err = r.row(values)
	}
	if err != nil {
		l.Row, l.Bad = nil, err.Error()
	} else if l.Row != nil {
		l.Row.Line = l.N
	}
	return l, nil
}

// skips says whether a line is no row.
func (r *Reader) skips(text string) bool {
	text = strings.TrimSpace(text)
	if r.mapping.End != "" && strings.HasPrefix(text, r.mapping.End) {
		r.ended = true
	}
	return r.ended || text == "" || slices.ContainsFunc(r.mapping.Skip, func(s string) bool { return strings.HasPrefix(text, s) })
}

func (r *Reader) trim(s string) string { return strings.Trim(s, " \t"+r.mapping.Trim) }

// value is what a row has for a field: by the columns of its kind, by the columns of all, or what all rows have.
func (r *Reader) value(values []string, kind, field string) (string, error) {
	m := r.mapping
	column, named := m.Kinds[kind][field]
	if !named {
		column, named = m.Columns[field]
	}
	text := m.Constants[field]
	if named {
		at := r.columns[column]
		if at >= len(values) {
			return "", fmt.Errorf("it has %d values, and column %q is number %d", len(values), column, at+1)
		}
		text = cmp.Or(r.trim(values[at]), text)
	}
	if meaning, known := m.Values[field][text]; known {
		return meaning, nil
	}
	if other, all := m.Values[field]["*"]; all {
		return other, nil
	}
	return text, nil
}
