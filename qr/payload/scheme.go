package payload

import (
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/pos"
)

// Source says who can make a code of a scheme.
type Source string

// The sources. A shown local or template code cannot be taken back and is confirmed by the bank's report only.
const (
	Local    Source = "local"    // the till, out of ids in the shop's configuration; works offline
	Static   Source = "template" // the till, out of the shop's own static code, which the acquirer issued; works offline
	Platform Source = "platform" // the scheme's platform only, by an order call; a till that is offline refuses
)

// Scheme is one payment scheme. It is a description: copy and share it freely.
type Scheme struct {
	Name        string         // for machines: lower case with underscores
	Title       string         // for people
	Source      Source         // who makes its codes
	Currencies  []pos.Currency // that a code may ask for, the usual one first; empty where the code itself says it
	NoReference bool           // the scheme has no field for one: payments are matched by amount and time only
	Values      []Value        // that Encode needs

	encode      func(o *order) (string, error)      // nil: codes of this scheme are only read here
	owns        func(a *Account, t *Tree) bool      // says whether an account of an EMVCo code is of this scheme
	referenceAt []string                            // where an EMVCo code of this scheme holds the reference; the last one present counts
	claims      func(text string) bool              // says whether a text that is no EMVCo code is of this scheme
	read        func(text string, s *Summary) error // reads such a text
}

// Value describes one value of the shop's configuration that a scheme needs.
type Value struct {
	Name     string
	Doc      string
	Required bool
	Default  string
	OneOf    []string // the only values allowed, if any
	Min, Max int      // characters; Max 0 means that the scheme checks by itself

	allowed func(byte) bool // nil: any printable ASCII
}

// CanEncode says whether Encode can succeed at all.
func (s *Scheme) CanEncode() bool { return s.encode != nil }

// order is what a code is made for.
type order struct {
	scheme    *Scheme
	values    map[string]string // defaults filled in
	amount    pos.Money
	reference string
}

// Encode makes the text of a code that asks for amount (more than zero, of a currency of the scheme) under reference (1 to 25
// of A-Z, a-z and 0-9, unique for each attempt; "" where NoReference is set). A missing, wrong or unknown value is a
// [*ValueError] that names it; [ErrReadOnly] means that only the platform can issue such a code. No error moves money. The text
// is read back before it is returned: amount and currency are then those of the arguments.
func (s Scheme) Encode(values map[string]string, amount pos.Money, reference string) (string, error) {
	if s.encode == nil {
		return "", fmt.Errorf("%s: %w: ask the platform or the acquirer for one", s.Name, ErrReadOnly)
	}
	o := &order{scheme: &s, amount: amount, reference: reference}
	for _, check := range []func(map[string]string) error{o.fill, o.checkAmount, o.checkReference} {
		if err := check(values); err != nil {
			return "", err
		}
	}
	text, err := s.encode(o)
	if err != nil {
		return "", err
	}
	return text, o.proofread(text)
}

// fill takes the values over and checks each against its description.
func (o *order) fill(values map[string]string) error {
	o.values = map[string]string{}
	for _, v := range o.scheme.Values {
		given := values[v.Name]
		if given == "" {
			given = v.Default
		}
		if err := v.check(given); err != nil {
			return o.bad(v.Name, "%v", err)
		}
		o.values[v.Name] = given
	}
	for name := range values {
		if !slices.ContainsFunc(o.scheme.Values, func(v Value) bool { return v.Name == name }) {
			return o.bad(name, "is no value of this scheme")
		}
	}
	return nil
}

func (v *Value) check(given string) error {
	allowed := v.allowed
	if allowed == nil {
		allowed = isPrintable
	}
	switch {
	case given == "" && v.Required:
		return fmt.Errorf("is missing (%s)", v.Doc)
	case given == "":
		return nil
	case len(v.OneOf) > 0 && !slices.Contains(v.OneOf, given):
		return fmt.Errorf("%q is none of %q", given, v.OneOf)
	case v.Max > 0 && (Characters.count(given) < v.Min || Characters.count(given) > v.Max):
		return fmt.Errorf("has %d characters; allowed are %d to %d (%s)", Characters.count(given), v.Min, v.Max, v.Doc)
	case !only(given, allowed):
		return fmt.Errorf("%q has a character that is not allowed (%s)", given, v.Doc)
	}
	return nil
}

func (o *order) checkAmount(map[string]string) error {
	if err := o.amount.CheckPayable(); err != nil {
		return err
	}
	if o.amount.Amount == 0 {
		return o.bad("amount", "is zero: such an order needs no code")
	}
	if allowed := o.scheme.Currencies; len(allowed) > 0 && !slices.Contains(allowed, o.amount.Currency) {
		return o.bad("currency", "is %s; the scheme pays in %v", o.amount.Currency, allowed)
	}
	return nil
}

func (o *order) checkReference(map[string]string) error {
	switch {
	case o.scheme.Source == Static:
		return nil // the template's own scheme decides
	case o.scheme.NoReference && o.reference != "":
		return o.bad("reference", "has no place in this scheme: leave it out")
	case o.scheme.NoReference:
		return nil
	}
	return o.needReference(25, isAlnum)
}

// needReference checks the reference against the field that it goes into.
func (o *order) needReference(most int, allowed func(byte) bool) error {
	if o.reference == "" {
		return o.bad("reference", "is missing: the payment could not be found in the bank's report")
	}
	if n := len(o.reference); n > most || !only(o.reference, allowed) {
		return o.bad("reference", "%q does not fit: 1 to %d letters or digits that the scheme allows", o.reference, most)
	}
	return nil
}

// proofread makes sure that the text asks for the money that was meant. A code that was shown cannot be taken back.
func (o *order) proofread(text string) error {
	s, err := Read(text)
	if err != nil {
		return fmt.Errorf("%s: the values make a code that cannot be read: %w", o.scheme.Name, err)
	}
	if s.Amount == nil || *s.Amount != o.amount.Amount || s.Currency != o.amount.Currency {
		return o.bad("amount", "of %s would be read as another one", o.amount)
	}
	return nil
}

func (o *order) value(name string) string { return o.values[name] }

// bad is an error that names a value.
func (o *order) bad(value, format string, args ...any) error {
	return &ValueError{o.scheme.Name, value, fmt.Sprintf(format, args...)}
}

// exactlyOne finds which of several values that exclude each other is given.
func (o *order) exactlyOne(names ...string) (string, error) {
	found := ""
	for _, name := range names {
		switch {
		case o.value(name) == "":
		case found != "":
			return "", o.bad(name, "excludes %s: give one of %q", found, names)
		default:
			found = name
		}
	}
	if found == "" {
		return "", o.bad(names[0], "is missing: give one of %q", names)
	}
	return found, nil
}
