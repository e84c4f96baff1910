package gs1

import (
	"errors"
	"strconv"
	"strings"
)

// What is wrong with a value.
var (
	errShort  = errors.New("the value is too short")
	errLong   = errors.New("the value is too long")
	errSet    = errors.New("the value has characters that do not belong there")
	errDigit  = errors.New("the check digit is wrong")
	errDate   = errors.New("the date does not exist")
	errNoZero = errors.New("the value does not begin with 0")
)

// part is one part of a format.
type part struct {
	set        byte
	least, big int
	rule       byte // of format, 0 for none
	optional   bool
}

// parsePart reads one part of a format of this package's own table.
func parsePart(s string) part {
	var p part
	if p.optional = s[0] == '['; p.optional {
		s = s[1 : len(s)-1]
	}
	p.set, s = s[0], s[1:]
	if last := s[len(s)-1]; last < '0' || last > '9' {
		p.rule, s = last, s[:len(s)-1]
	}
	digits, variable := strings.CutPrefix(s, "..")
	p.big, _ = strconv.Atoi(digits)
	if p.least = p.big; variable {
		p.least = 1
	}
	return p
}

// check says whether a value fits a format.
func check(format, value string) error {
	for name := range strings.FieldsSeq(format) {
		p := parsePart(name)
		if p.optional && value == "" {
			return nil
		}
		own := value[:min(len(value), p.big)]
		if err := p.check(own); err != nil {
			return err
		}
		value = value[len(own):]
	}
	if value != "" {
		return errLong
	}
	return nil
}

func (p part) check(s string) error {
	switch {
	case len(s) < p.least:
		return errShort
	case strings.ContainsFunc(s, func(r rune) bool { return !inSet(p.set, r) }):
		return errSet
	case p.rule == 'c' && !Checked(s):
		return errDigit
	case p.rule == 'd' && !isDate(s, true), p.rule == 'D' && !isDate(s, false):
		return errDate
	case p.rule == 'z' && s != "0":
		return errNoZero
	}
	return nil
}

// inSet says whether a character set of the GS1 General Specifications (§7.11) holds a character: N digits, X 82 characters, Y 39
// characters, Z base64url.
func inSet(set byte, r rune) bool {
	digit, upper, lower := r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z'
	switch set {
	case 'N':
		return digit
	case 'X':
		return digit || upper || lower || strings.ContainsRune(`!"%&'()*+,-./:;<=>?_`, r)
	case 'Y':
		return digit || upper || strings.ContainsRune("#-/", r)
	}
	return digit || upper || lower || strings.ContainsRune("-_=", r)
}

// isDate checks YYMMDD. Day 00 means the last of the month, where that is allowed. Every fourth year of the two digits is a leap
// year: 00 is 2000.
func isDate(s string, dayMayBeZero bool) bool {
	year, month, day := number(s[:2]), number(s[2:4]), number(s[4:6])
	days := 31
	switch month {
	case 4, 6, 9, 11:
		days = 30
	case 2:
		if days = 28; year%4 == 0 {
			days = 29
		}
	}
	return month >= 1 && month <= 12 && day <= days && (day > 0 || dayMayBeZero)
}

// number reads two digits.
func number(two string) int { return int(two[0]-'0')*10 + int(two[1]-'0') }
