package gs1

import (
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/drivers"
)

// ParseBracketed reads the form that people write: (01)09506000134352(10)AB\(1\). The bracket that opens is escaped in a value as \(.
func ParseBracketed(text string) (Result, error) {
	var r Result
	for text != "" {
		ai, rest, err := cutBrackets(text)
		if err != nil {
			return Result{}, err
		}
		var value string
		value, text = cutBracketedValue(rest)
		if err := check(format(ai), value); err != nil {
			return Result{}, fmt.Errorf("GS1 data, identifier %s: %w", ai, err)
		}
		if !personal(ai) {
			r.Elements = append(r.Elements, drivers.Element{AI: ai, Value: value})
		}
	}
	return r, nil
}

// cutBrackets takes an identifier in brackets.
func cutBrackets(text string) (ai, rest string, err error) {
	inside, opened := strings.CutPrefix(text, "(")
	ai, rest, closed := strings.Cut(inside, ")")
	if !opened || !closed || len(ai) < 2 || len(ai) > 4 || !Digits(ai) {
		return "", "", errBrackets
	}
	if len(ai) != identifierLength(ai[:2]) || format(ai) == "" {
		return "", "", errNoIdentifier
	}
	return ai, rest, nil
}

// cutBracketedValue takes a value up to the next bracket that is not escaped.
func cutBracketedValue(text string) (value, rest string) {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '(':
			return out.String(), text[i:]
		case strings.HasPrefix(text[i:], `\(`):
			i++
		}
		out.WriteByte(text[i])
	}
	return out.String(), ""
}
