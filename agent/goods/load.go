package goods

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tillproof/tillproof/drivers/scanner/gs1"
	"github.com/tillproof/tillproof/pos"
)

// MaxLines bounds the lines of a list, its first one included.
const MaxLines = 100_000

// header is the first line of a list; the group may be left out.
const header = "code,name,price,group"

// Load reads a list of articles: UTF-8, a byte order mark allowed, comma separated (RFC 4180), with the first line
// code,name,price or code,name,price,group. A price is written with exactly the decimals of the currency, as in 2.50 for EUR and 300
// for JPY, so that nobody has to guess whether 250 is 2.50. Patterns are those of the shop's scales.
//
// Every error names the file, and the line where there is one, and says what to write. Then nothing is loaded: half a list would sell
// the other half as unknown.
func Load(path string, currency pos.Currency, patterns ...gs1.Pattern) (*Goods, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the list of goods cannot be read: %w", err)
	}
	l := loader{path: path, lines: map[string]int{},
		goods: &Goods{currency: currency, patterns: slices.Clone(patterns), places: map[string]int{}}}
	if err := l.load(bytes.TrimPrefix(text, []byte("\uFEFF"))); err != nil {
		return nil, err
	}
	return l.goods, nil
}

// loader reads one list.
type loader struct {
	path  string
	goods *Goods
	lines map[string]int // line of each key
}

// fail names file and line.
func (l *loader) fail(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", l.path, line, fmt.Sprintf(format, args...))
}

func (l *loader) load(text []byte) error {
	if i := invalidUTF8(text); i >= 0 {
		return l.fail(1+bytes.Count(text[:i], []byte{'\n'}), "this is not UTF-8: save the file as CSV UTF-8")
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = -1
	first, err := r.Read()
	if err != nil || strings.Join(first, ",") != header && strings.Join(first, ",") != "code,name,price" {
		return l.fail(1, "the first line must be code,name,price or %s, separated by commas", header)
	}
	for {
		record, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return l.explain(err)
		}
		line, _ := r.FieldPos(0)
		if line > MaxLines {
			return l.fail(line, "a list has at most %d lines: leave out what is not sold", MaxLines)
		}
		if err := l.add(line, record, len(first)); err != nil {
			return err
		}
	}
}

// explain puts an error of the CSV reader into words.
func (l *loader) explain(err error) error {
	var e *csv.ParseError
	if errors.As(err, &e) {
		return l.fail(e.Line, `a quotation mark is not closed or stands inside a field: write the field as "..." and " in it as ""`)
	}
	return l.fail(1, "the line cannot be read: %v", err)
}

// add takes one line.
func (l *loader) add(line int, record []string, fields int) error {
	if len(record) != fields {
		return l.fail(line, `there are %d fields where the first line has %d: write a field with a comma in it as "..."`, len(record), fields)
	}
	for i := range record {
		record[i] = strings.TrimSpace(record[i])
		if strings.ContainsFunc(record[i], unicode.IsControl) {
			return l.fail(line, "field %d holds a line break or another control character: take it out", i+1)
		}
	}
	price, err := parsePrice(record[2], l.goods.currency)
	k := key(record[0])
	switch {
	case record[0] == "":
		return l.fail(line, "the code is empty: write the barcode or a number of your own")
	case record[1] == "":
		return l.fail(line, "the name is empty: write what the receipt shall show")
	case err != nil:
		return l.fail(line, "%v", err)
	case l.lines[k] > 0:
		return l.fail(line, "code %s stands in line %d already: take one of them out", record[0], l.lines[k])
	}
	item := Item{Code: record[0], Name: record[1], Price: price}
	if fields > 3 {
		item.Group = record[3]
	}
	l.lines[k], l.goods.places[k] = line, len(l.goods.items)
	l.goods.items = append(l.goods.items, item)
	return nil
}

// invalidUTF8 finds the first byte that is no UTF-8, -1 when there is none.
func invalidUTF8(text []byte) int {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}
