package payload

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tillproof/tillproof/pos"
)

// Tree is a payload of QRCPS-MPM, object by object in the order of the text. Do not change its objects; encode new ones instead.
type Tree struct {
	Objects []Object // of the root, 00 first and 63 last
	Unit    Unit     // what this payload's lengths count
}

// Parse reads a payload. Blanks and line ends around it are dropped, since scanners add them; every other byte is kept. It
// insists on what protects the money (CRC, exact lengths, no ID twice in a level, amounts that are amounts) and on nothing
// else, since real codes miss mandatory objects and order them freely. What is wrong is an [*Error].
func Parse(text string) (*Tree, error) {
	text = strings.Trim(text, " \t\r\n")
	t, err := parseIn(text, Characters)
	if err == nil || isASCII(text) {
		return t, err
	}
	if bytewise, again := parseIn(text, Bytes); again == nil {
		return bytewise, nil
	}
	return nil, err
}

func parseIn(text string, unit Unit) (*Tree, error) {
	objects, err := walk(text, 0, unit, "")
	if err != nil {
		return nil, err
	}
	t := &Tree{Objects: objects, Unit: unit}
	for _, check := range []func(string) error{t.checkEnds, t.checkCRC, t.checkAmounts} {
		if err := check(text); err != nil {
			return nil, err
		}
	}
	return t, checkInside(objects)
}

// checkEnds wants 00 first and 63 last (§4.6.1).
func (t *Tree) checkEnds(text string) error {
	if len(t.Objects) == 0 {
		return &Error{0, "", "there is nothing", ErrTruncated}
	}
	first, last := t.Objects[0], t.Objects[len(t.Objects)-1]
	if crc, ok := t.Object("63"); ok && last.ID != "63" {
		return &Error{crc.Offset, "63", "stands before the end", ErrSyntax}
	} else if !ok && last.ID == "91" && len(last.Value) == 4 {
		return &Error{last.Offset, "91", "this is a Thai transfer slip, not a request for a payment", ErrSyntax}
	} else if !ok {
		return &Error{len(text), "63", "is missing", ErrTruncated}
	}
	if first.ID != "00" || len(first.Value) != 2 || !isDigits(first.Value) {
		return &Error{first.Offset, first.ID, "a payload begins with object 00 of two digits", ErrSyntax}
	}
	return nil
}

// checkCRC takes lower-case digits too, which a whole country's generators write.
func (t *Tree) checkCRC(text string) error {
	crc := t.Objects[len(t.Objects)-1]
	if len(crc.Value) != 4 {
		return &Error{crc.Offset, "63", "a CRC has four digits", ErrSyntax}
	}
	if want := fmt.Sprintf("%04X", crcOf(text[:len(text)-4])); !strings.EqualFold(want, crc.Value) {
		return &Error{crc.Offset, "63", fmt.Sprintf("it says %q, the text gives %s", crc.Value, want), ErrCRC}
	}
	return nil
}

func (t *Tree) checkAmounts(string) error {
	exponent := anyExponent
	if c := t.Currency(); c != "" {
		exponent = c.Exponent()
	}
	for _, id := range []string{"54", "56"} {
		if o, ok := t.Object(id); ok {
			if _, err := parseAmount(o.Value, exponent, maxAmountText); err != nil {
				return &Error{o.Offset, id, err.Error(), ErrAmount}
			}
		}
	}
	if o, ok := t.Object("57"); ok {
		if hundredths, err := parseAmount(o.Value, 2, 5); err != nil || hundredths > 9999 {
			return &Error{o.Offset, "57", "a percentage is 00.01 to 99.99", ErrAmount}
		}
	}
	return nil
}

// Encode writes the tree again: the very text that was parsed, without blanks around it.
func (t *Tree) Encode() string {
	text, err := join(t.Objects, t.Unit)
	if err != nil {
		panic("payload: a tree that was not parsed: " + err.Error())
	}
	return text
}

// Encode writes objects with lengths in characters and adds object 63; those without a value are left out. What [Parse] would
// refuse, and a value of more than 99 characters, is an error.
func Encode(objects ...Object) (string, error) {
	text, err := join(present(objects), Characters)
	if err != nil {
		return "", err
	}
	text = sealed(text)
	_, err = Parse(text)
	return text, err
}

// Object finds an object of the root.
func (t *Tree) Object(id string) (Object, bool) { return find(t.Objects, id) }

// At finds an object by its path, such as "62-05".
func (t *Tree) At(path string) (Object, bool) {
	ids := strings.Split(path, "-")
	o, ok := t.Object(ids[0])
	for _, id := range ids[1:] {
		if !ok {
			break
		}
		o, ok = o.Child(id)
	}
	return o, ok
}

// Text is the value at a path, "" when there is none.
func (t *Tree) Text(path string) string {
	o, _ := t.At(path)
	return o.Value
}

// Currency is that of object 53, "" when it is missing or not one of ISO 4217.
func (t *Tree) Currency() pos.Currency {
	o, ok := t.Object("53")
	if !ok || len(o.Value) != 3 || !isDigits(o.Value) {
		return ""
	}
	c, _ := pos.CurrencyByNumber(int(o.Value[0]-'0')*100 + number(o.Value[1:]))
	return c
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
