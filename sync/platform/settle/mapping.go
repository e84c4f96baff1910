package settle

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// Mapping says how to read an acquirer's statement: what stands in which column, and how it is written. It is a YAML file; docs/reconcile.md shows two.
type Mapping struct {
	Acquirer  string   `yaml:"acquirer"`  // whose statement it is: [a-z0-9-], 3 to 32
	Encoding  string   `yaml:"encoding"`  // utf-8 (default), latin-1, gb18030
	Delimiter string   `yaml:"delimiter"` // one character, or the word tab; "," by default
	Quote     string   `yaml:"quote"`     // one character, or the word none; '"' by default. A quoted value ends on its line
	Header    int      `yaml:"header"`    // number of the line with the columns' names, 0 for none: columns are then numbers from 1
	Skip      []string `yaml:"skip"`      // lines that begin with one of these are no rows
	End       string   `yaml:"end"`       // a line that begins so, and all behind it, are no rows
	Trim      string   `yaml:"trim"`      // characters that are taken off both ends of every value, beside blanks
	Decimal   string   `yaml:"decimal"`   // "." (default), ",", or the word minor: amounts are whole minor units
	Thousands string   `yaml:"thousands"` // a character between digits that says nothing
	Date      string   `yaml:"date"`      // how dates are written, such as YYYY-MM-DD hh:mm:ss
	Time      string   `yaml:"time"`      // how a time is written that has a column of its own, such as hhmmss
	Timezone  string   `yaml:"timezone"`  // IANA name of the statement's zone; UTC by default
	Sign      string   `yaml:"sign"`      // none (default): amounts have no sign; negative_refund: those below 0 are refunds; any: the sign says nothing
	FeeSign   string   `yaml:"fee_sign"`  // positive (default): a fee above 0 is kept by the acquirer; negative: one below 0 is

	Numbers []string `yaml:"numbers"` // further columns with long numbers that are no cards'

	Columns   map[string]string            `yaml:"columns"`   // field: column
	Constants map[string]string            `yaml:"constants"` // field: value of all rows
	Values    map[string]map[string]string `yaml:"values"`    // field: what stands there: what it means; "*" for all else. Kind ignore leaves a row out
	Kinds     map[string]map[string]string `yaml:"kinds"`     // kind: field: column, where rows of a kind have columns of their own

	zone   *time.Location
	layout string
}

// fields are what a mapping can name.
func fields() []string {
	return []string{"kind", "transaction", "original", "reference", "terminal_id", "trace", "receipt_no", "merchant_id", "tender", "brand", "amount", "currency",
		"fee", "date", "time", "day", "batch"}
}

// ignore is the kind of rows that are left out.
const ignore = "ignore"

// ReadMapping reads a mapping. acquirer takes the place of the one that the file names, unless it is "". An error is a *pos.Error mapping_invalid.
func ReadMapping(text []byte, acquirer string) (*Mapping, error) {
	m := &Mapping{}
	err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(m)
	if acquirer != "" {
		m.Acquirer = acquirer
	}
	if err == nil {
		err = m.settle()
	}
	if err != nil {
		return nil, pos.NewError("mapping_invalid", pos.Permanent, pos.NoneMoved, "The mapping cannot be used; nothing was imported.",
			"Mend the mapping file and import the statement again.").Because(err)
	}
	return m, nil
}

func (m *Mapping) settle() (err error) {
	m.defaults()
	if _, err := pos.ParseTillID(m.Acquirer); err != nil {
		return fmt.Errorf("acquirer %q is not 3 to 32 characters of a-z, 0-9 and -", m.Acquirer)
	}
	if m.zone, err = time.LoadLocation(m.Timezone); err != nil {
		return err
	}
	if m.layout, err = layout(strings.TrimSpace(m.Date + " " + m.Time)); err != nil {
		return err
	}
	for _, check := range []func() error{m.checkWords, m.checkFields} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (m *Mapping) defaults() {
	for _, d := range []struct {
		to   *string
		word string
	}{{&m.Encoding, "utf-8"}, {&m.Delimiter, ","}, {&m.Quote, `"`}, {&m.Decimal, "."}, {&m.Timezone, "UTC"}, {&m.Sign, "none"}, {&m.FeeSign, "positive"}} {
		if *d.to == "" {
			*d.to = d.word
		}
	}
	switch m.Delimiter {
	case "tab":
		m.Delimiter = "\t"
	}
	if m.Quote == "none" {
		m.Quote = ""
	}
}

// checkWords wants words that are known.
func (m *Mapping) checkWords() error {
	for _, w := range []struct {
		key, word string
		known     []string
	}{{"encoding", m.Encoding, []string{"utf-8", "latin-1", "gb18030"}}, {"decimal", m.Decimal, []string{".", ",", "minor"}},
		{"sign", m.Sign, []string{"none", "negative_refund", "any"}}, {"fee_sign", m.FeeSign, []string{"positive", "negative"}}} {
		if !slices.Contains(w.known, w.word) {
			return fmt.Errorf("%s is %q and must be one of %s", w.key, w.word, strings.Join(w.known, ", "))
		}
	}
	switch {
	case len([]rune(m.Delimiter)) != 1 || len([]rune(m.Quote)) > 1 || len([]rune(m.Thousands)) > 1:
		return fmt.Errorf("delimiter, quote and thousands are one character each")
	case m.Header < 0:
		return fmt.Errorf("header is the number of a line")
	}
	return nil
}

// checkFields wants known fields, and those without which a row is none.
func (m *Mapping) checkFields() error {
	sets := []map[string]string{m.Columns, m.Constants}
	for kind, set := range m.Kinds {
		if !reconcile.RowKind(kind).Known() {
			return fmt.Errorf("kinds: %q is no kind of row", kind)
		}
		sets = append(sets, set)
	}
	known := map[string]bool{}
	for _, set := range sets {
		for field := range set {
			if !slices.Contains(fields(), field) {
				return fmt.Errorf("%q is no field; there are: %s", field, strings.Join(fields(), ", "))
			}
			known[field] = true
		}
	}
	for field := range m.Values {
		if !known[field] {
			return fmt.Errorf("values: %q has no column", field)
		}
	}
	for _, field := range []string{"amount", "currency", "date"} {
		if !known[field] {
			return fmt.Errorf("%s must be in columns or constants", field)
		}
	}
	if !known["transaction"] && !known["trace"] && !known["receipt_no"] && !known["reference"] {
		return fmt.Errorf("one of transaction, reference, trace, receipt_no must be in columns: nothing else tells rows apart")
	}
	return nil
}

// layout turns the letters of a mapping into those of package time.
func layout(pattern string) (string, error) {
	if pattern == "" {
		return "", fmt.Errorf("date is missing: how are dates written?")
	}
	out := strings.NewReplacer("YYYY", "2006", "YY", "06", "MM", "01", "DD", "02", "hh", "15", "mm", "04", "ss", "05", "TZ", "Z07:00").Replace(pattern)
	if rest := strings.Trim(out, "0123456789 -./:,TZ年月日"); rest != "" {
		return "", fmt.Errorf("date: %q is not understood; there are YYYY YY MM DD hh mm ss TZ", rest)
	}
	return out, nil
}
