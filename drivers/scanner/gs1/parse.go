package gs1

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/drivers"
)

// Separator is FNC1 as scanners send it in the data: before an element string, and behind a value of variable length.
const Separator = "\x1d"

// What is wrong with an element string as a whole.
var (
	ErrEmpty = errors.New("GS1 data is empty")
	// ErrNotGS1 says that a text is no GS1 data in any form that a text alone can show.
	ErrNotGS1         = errors.New("this is not GS1 data")
	errNoIdentifier   = errors.New("GS1 data: an application identifier is missing or unknown")
	errBrackets       = errors.New("GS1 data: brackets do not hold an application identifier")
	errPositionInLink = errors.New("GS1 Digital Link: an identifier stands where it does not belong")
)

// Result is what GS1 data says.
type Result struct {
	Elements  []drivers.Element // in their order; data about patients is left out
	Ambiguous bool              // separators seem to be lost: Elements end before the first doubt
}

// Value returns the value of an application identifier, "" when there is none.
func (r Result) Value(ai string) string {
	for _, e := range r.Elements {
		if e.AI == ai {
			return e.Value
		}
	}
	return ""
}

// CarriesGS1 says whether an AIM identifier (ISO/IEC 15424) promises GS1 data.
func CarriesGS1(aim string) bool {
	switch aim {
	case "]C1", "]e0", "]d2", "]d5", "]Q3", "]Q4", "]J1", "]z1":
		return true
	}
	return false
}

// Read understands a text that shows by itself that it is GS1 data: an element string behind FNC1, the bracketed form, or a
// Digital Link. It fails with [ErrNotGS1] for any other text.
func Read(text string) (Result, error) {
	switch {
	case strings.HasPrefix(text, Separator):
		return Parse(text)
	case strings.HasPrefix(text, "("):
		return ParseBracketed(text)
	case IsURL(text):
		return ParseLink(text)
	}
	return Result{}, ErrNotGS1
}

// Parse reads an element string (GS1 General Specifications §7.8). One FNC1 before it is skipped.
//
// A scanner that drops FNC1 makes values run together. Where there is no FNC1 at all, and a variable value is too long or what stands
// in it could be further elements, the result is ambiguous and ends before that value. Nothing is guessed.
func Parse(data string) (Result, error) {
	p := parser{rest: strings.TrimPrefix(data, Separator), separated: strings.Contains(data, Separator)}
	if p.rest == "" {
		return Result{}, ErrEmpty
	}
	for p.rest != "" && !p.result.Ambiguous {
		if err := p.next(); err != nil {
			return Result{}, err
		}
	}
	return p.result, nil
}

// parser takes an element string apart.
type parser struct {
	rest      string
	separated bool // the scanner passes separators on
	chain     bool // this is a trial whether the rest of a value could be elements
	result    Result
}

// next takes one element.
func (p *parser) next() error {
	ai, fixed := cutIdentifier(p.rest)
	if ai == "" {
		return errNoIdentifier
	}
	value, rest := p.cutValue(len(ai), fixed)
	err := check(format(ai), value)
	switch {
	case fixed == 0 && !p.separated && !p.chain && (errors.Is(err, errLong) || err == nil && hidesElements(ai, value)):
		p.result.Ambiguous = true
		return nil
	case err != nil:
		return fmt.Errorf("GS1 data, identifier %s: %w", ai, err)
	}
	p.rest = strings.TrimPrefix(rest, Separator)
	if !personal(ai) {
		p.result.Elements = append(p.result.Elements, drivers.Element{AI: ai, Value: value})
	}
	return nil
}

// cutValue returns the value behind the identifier, and what follows it.
func (p *parser) cutValue(identifier, fixed int) (value, rest string) {
	end := strings.Index(p.rest, Separator)
	if end < 0 {
		end = len(p.rest)
	}
	if fixed > 0 {
		end = min(fixed, len(p.rest))
	}
	return p.rest[identifier:end], p.rest[end:]
}

// cutIdentifier returns the application identifier that data begins with, "" when there is none, and the length of the whole element
// when that is predefined.
func cutIdentifier(data string) (ai string, fixed int) {
	if len(data) < 2 {
		return "", 0
	}
	n := identifierLength(data[:2])
	if n == 0 || len(data) < n || format(data[:n]) == "" {
		return "", 0
	}
	return data[:n], predefined(data[:2])
}

// hidesElements says whether a value could be a shorter one with further elements behind it.
func hidesElements(ai, value string) bool {
	for i := 1; i < len(value); i++ {
		if check(format(ai), value[:i]) == nil && isChain(value[i:]) {
			return true
		}
	}
	return false
}

// isChain says whether all of s could be elements without separators.
func isChain(s string) bool {
	p := parser{rest: s, chain: true}
	for p.rest != "" {
		if p.next() != nil {
			return false
		}
	}
	return true
}
