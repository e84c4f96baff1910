package settle

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/pos"
)

// withoutCards reads a statement to its end and refuses it when a value looks like a whole card number: its bytes would be kept. Columns that the mapping
// takes numbers of another kind from, and those that it lists under numbers, are not looked at.
func withoutCards(file io.Reader, m *Mapping) error {
	lines := newLines(file, m.Encoding)
	var names []string
	for {
		text, err := lines.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errLong):
			continue // it is named when the lines are taken in
		case err != nil:
			return err
		}
		values, err := cells(text, m.Delimiter, m.Quote)
		if err != nil {
			values = []string{text}
		}
		if lines.n == m.Header {
			names = values
		}
		for i, value := range values {
			if cardNumber(value) && !m.holdsNumbers(names, i) {
				return errCards(lines.n, i+1)
			}
		}
	}
}

// errCards refuses a statement with whole card numbers (PCI DSS 3.4.1).
func errCards(line, column int) error {
	return pos.NewError("statement_card_data", pos.Permanent, pos.NoneMoved,
		fmt.Sprintf("Line %d has in column %d what looks like a whole card number. Such data may not be kept; nothing was imported.", line, column),
		"Ask the acquirer for a statement with masked numbers. If the column holds something else, name it under numbers in the mapping.").
		With("line", line).With("column", column)
}

// holdsNumbers says whether a column is known to hold numbers that are no cards'. Without a header columns are named by their place, from 1.
func (m *Mapping) holdsNumbers(names []string, at int) bool {
	name := fmt.Sprint(at + 1)
	if m.Header > 0 && at < len(names) {
		name = strings.Trim(names[at], " \t"+m.Trim)
	}
	if slices.Contains(m.Numbers, name) {
		return true
	}
	for _, field := range []string{"transaction", "original", "reference", "terminal_id", "trace", "receipt_no", "merchant_id", "batch", "date", "time", "day"} {
		if m.Columns[field] == name {
			return true
		}
		for _, set := range m.Kinds {
			if set[field] == name {
				return true
			}
		}
	}
	return false
}

// cardNumber says whether a value has 13 to 19 digits in it that could be a payment card's: without anything between them, or in groups of four.
func cardNumber(value string) bool {
	for _, part := range strings.FieldsFunc(value, func(r rune) bool { return r != ' ' && r != '-' && (r < '0' || r > '9') }) {
		groups := strings.FieldsFunc(part, func(r rune) bool { return r == ' ' || r == '-' })
		if slices.ContainsFunc(groups, func(digits string) bool { return issued(digits) && checked(digits) }) {
			return true
		}
		fours := len(groups) > 1 && !slices.ContainsFunc(groups[:len(groups)-1], func(g string) bool { return len(g) != 4 })
		if all := strings.Join(groups, ""); fours && issued(all) && checked(all) {
			return true
		}
	}
	return false
}

// issued says whether digits have a length and a beginning that cards have: 3 to 6, or 2221 to 2720 with 16 digits. Times such as 20261122183000 have not.
func issued(digits string) bool {
	if len(digits) < 13 || len(digits) > 19 {
		return false
	}
	return digits[0] >= '3' && digits[0] <= '6' || len(digits) == 16 && digits[:4] >= "2221" && digits[:4] <= "2720"
}

// checked says whether the last digit is the check digit.
func checked(digits string) bool {
	return pos.CheckDigit(len(digits), func(i int) byte { return digits[i] - '0' })
}
