package payload

import (
	"fmt"
	"unicode/utf8"
)

// Unit is what the lengths of a payload count.
type Unit int

// The standard counts characters (§4.4.1.1); some generators count the bytes of UTF-8.
const (
	Characters Unit = iota
	Bytes
)

// maxLength is the longest value that two digits of length can announce.
const maxLength = 99

// Object is one data object: ID, length and value (§3.2). It is a plain value; the text is shared with the payload.
type Object struct {
	ID     string // two digits
	Length string // the two digits as they were read; "" in an object that was not read. Encoding counts anew and never believes it
	Value  string // the bytes as they were read
	Offset int    // of the ID, in bytes from the begin of the payload
	Path   string // from the root: "26", "26-01"

	unit   Unit
	parent string   // the GUID of the template around it
	inner  []Object // of a template that is being built; Value is not used then
}

// Of makes a primitive object to encode.
func Of(id, value string) Object { return Object{ID: id, Value: value} }

// Template makes an object to encode that holds others. Those without a value are left out, and so is a template that holds none.
func Template(id string, inner ...Object) Object {
	return Object{ID: id, inner: present(inner)}
}

// present leaves out what has no value.
func present(objects []Object) []Object {
	kept := make([]Object, 0, len(objects))
	for _, o := range objects {
		if o.Value != "" || len(o.inner) > 0 {
			kept = append(kept, o)
		}
	}
	return kept
}

// count is the length of s as lengths are counted in this payload.
func (u Unit) count(s string) int {
	if u == Bytes {
		return len(s)
	}
	return utf8.RuneCountInString(s)
}

// cut finds the end of n units in s. A byte that is no UTF-8 counts as a character of its own, so nothing is ever lost.
func (u Unit) cut(s string, n int) (end int, ok bool) {
	if u == Bytes {
		return n, n <= len(s)
	}
	for range n {
		if end == len(s) {
			return 0, false
		}
		_, size := utf8.DecodeRuneInString(s[end:])
		end += size
	}
	return end, true
}

// join encodes objects one behind the other.
func join(objects []Object, unit Unit) (string, error) {
	text := make([]byte, 0, 128)
	for _, o := range objects {
		if !isDigits(o.ID) || len(o.ID) != 2 {
			return "", fmt.Errorf("object %q: an ID is two digits", o.ID)
		}
		value := o.Value
		if o.inner != nil {
			var err error
			if value, err = join(o.inner, unit); err != nil {
				return "", fmt.Errorf("in object %s: %w", o.ID, err)
			}
		}
		n := unit.count(value)
		if n < 1 || n > maxLength {
			return "", fmt.Errorf("object %s has %d characters; 1 to %d can be written", o.ID, n, maxLength)
		}
		text = fmt.Appendf(text, "%s%02d%s", o.ID, n, value)
	}
	return string(text), nil
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
