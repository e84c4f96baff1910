package payload

import (
	"strings"

	"github.com/tillproof/tillproof/pos"
)

// Initiation says whether a code is meant for one payment (object 01).
type Initiation string

// The points of initiation. Many codes do not say.
const (
	Fixed   Initiation = "static"  // 11: one code for many payments
	Dynamic Initiation = "dynamic" // 12: a new code for each
)

// Tip says what object 55 wants of the payer's app. With a tip, or an amount that the payer may edit, the paid amount may
// differ from the code's: what the bank reports is booked.
type Tip string

// The tip modes.
const (
	AskTip     Tip = "ask"     // 01
	FixedTip   Tip = "fixed"   // 02: object 56
	PercentTip Tip = "percent" // 03: object 57
)

// EMVCo is the scheme name of a payload that follows the standard and whose accounts nobody here knows.
const EMVCo = "emvco"

// Summary is what a code asks for, in the same words for every container. What the code does not say is "" or nil.
type Summary struct {
	Scheme     string    // of the account that a payer's app will most likely use; [EMVCo] if none is known
	Schemes    []string  // all that were recognised, in the order of the text
	Accounts   []Account // of an EMVCo code
	Merchant   string
	City       string
	Country    string // ISO 3166 alpha-2
	MCC        string // ISO 18245
	Currency   pos.Currency
	Amount     *pos.Minor // nil: the payer types it, or only the platform knows it
	Reference  string     // "" also where the code asks the payer for one ("***")
	Initiation Initiation
	Tip        Tip
	TipFixed   *pos.Minor
	TipPercent string
	Terminal   string            // terminal label, 62-07
	Count      int               // objects of the root, or lines and parameters that are not empty
	Parts      map[string]string // every object by path with _ ("62_05"), or every line or parameter by name, as written
}

// asksPayer stands in a field of object 62 that the payer's app fills in (§4.8.1.1).
const asksPayer = "***"

// Read says what a code of any known container asks for. Blanks and line ends around the text are dropped. A text that is no
// payment code is [ErrUnknown]; one that is damaged is an [*Error].
func Read(text string) (*Summary, error) {
	text = strings.Trim(text, " \t\r\n")
	schemes := List()
	for _, s := range schemes {
		if s.claims == nil || !s.claims(text) {
			continue
		}
		sum := &Summary{Scheme: s.Name, Schemes: []string{s.Name}, Parts: map[string]string{}}
		if err := s.read(text, sum); err != nil {
			return nil, err
		}
		sum.Count = len(sum.Parts)
		return sum, nil
	}
	if len(text) < 2 || !isDigits(text[:2]) {
		return nil, &Error{0, "", "the text begins like none of the payment codes", ErrUnknown}
	}
	t, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return t.summarise(schemes), nil
}

// Identify names the scheme of a sound payment code.
func Identify(text string) (scheme string, ok bool) {
	s, err := Read(text)
	if err != nil {
		return "", false
	}
	return s.Scheme, true
}

// Summary says what the payload asks for.
func (t *Tree) Summary() *Summary { return t.summarise(List()) }

func (t *Tree) summarise(schemes []Scheme) *Summary {
	s := &Summary{Scheme: EMVCo, Accounts: t.accounts(schemes), Merchant: t.Text("59"), City: t.Text("60"), Country: t.Text("58"),
		MCC: t.Text("52"), Currency: t.Currency(), Terminal: t.Text("62-07"), Count: len(t.Objects),
		Parts: map[string]string{}}
	s.name()
	s.Reference = t.reference(s.Scheme)
	s.Amount, s.TipFixed = t.amount("54"), t.amount("56")
	s.Initiation = map[string]Initiation{"11": Fixed, "12": Dynamic}[t.Text("01")]
	s.Tip = map[string]Tip{"01": AskTip, "02": FixedTip, "03": PercentTip}[t.Text("55")]
	s.TipPercent = t.Text("57")
	s.collect(t.Objects)
	return s
}

// name chooses the scheme: templates are national schemes and stand before the card networks in every payer's app of their
// country.
func (s *Summary) name() {
	primitive := ""
	for _, a := range s.Accounts {
		switch {
		case a.Scheme == "":
			continue
		case a.GUID != "" && s.Scheme == EMVCo:
			s.Scheme = a.Scheme
		case a.GUID == "" && primitive == "":
			primitive = a.Scheme
		}
		s.Schemes = append(s.Schemes, a.Scheme)
	}
	if s.Scheme == EMVCo && primitive != "" {
		s.Scheme = primitive
	}
}

// reference looks where the scheme holds it, else where the standard suggests: 62-05, then the bill number 62-01.
func (t *Tree) reference(scheme string) string {
	s, _ := Find(scheme)
	found := ""
	for _, path := range s.referenceAt {
		if text := t.Text(path); text != "" && text != asksPayer {
			found = text
		}
	}
	for _, path := range []string{"62-05", "62-01"} {
		if text := t.Text(path); found == "" && text != asksPayer {
			found = text
		}
	}
	return found
}

// amount reads a field that Parse has checked; without a currency its minor units are not known.
func (t *Tree) amount(id string) *pos.Minor {
	c := t.Currency()
	n, err := parseAmount(t.Text(id), c.Exponent(), maxAmountText)
	if err != nil || c == "" {
		return nil
	}
	return &n
}

func (s *Summary) setAmount(text string, exponent, longest int) error {
	n, err := parseAmount(text, exponent, longest)
	if err == nil {
		s.Amount = &n
	}
	return err
}

// collect keeps every object by its path.
func (s *Summary) collect(objects []Object) {
	for _, o := range objects {
		s.part(strings.ReplaceAll(o.Path, "-", "_"), o.Value)
		if inner, ok := o.Children(); ok {
			s.collect(inner)
		}
	}
}

func (s *Summary) part(name, value string) {
	if name != "" && value != "" {
		s.Parts[name] = value
	}
}
