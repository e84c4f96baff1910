package payload

import (
	"errors"
	"fmt"
)

// The reasons why a text is refused. None of them moves money: the code is not to be shown, or cannot be read.
var (
	ErrTruncated = errors.New("truncated")               // the text ends before an object does, or before object 63
	ErrSyntax    = errors.New("malformed")               // an ID or length that is none, length 00, an object in the wrong place
	ErrDuplicate = errors.New("object twice")            // an ID twice in one level (§4.3.1.2), even under a right CRC
	ErrCRC       = errors.New("wrong CRC")               // the text was changed or misread (§4.7.3)
	ErrAmount    = errors.New("bad amount")              // object 54, 56 or 57 is no amount (§4.7.4), or has too many decimals
	ErrUnknown   = errors.New("no payment code")         // no container that this package knows
	ErrReadOnly  = errors.New("cannot be made here")     // only its platform or acquirer can issue such a code
	ErrTemplate  = errors.New("template not rewritable") // a static code that must not get an amount from us
)

// Error says where a text is wrong. It matches one of the sentinels above with errors.Is.
type Error struct {
	Offset int    // byte at which the object begins, in the text without blanks at its ends
	Object string // path such as "59" or "62-05", or the name of a line or parameter; "" when the fault belongs to none
	Reason string
	Kind   error // one of the sentinels
}

// Error begins with the kind, so that a truncated input is seen to be one.
func (e *Error) Error() string {
	where := fmt.Sprintf("offset %d", e.Offset)
	if e.Object != "" {
		where += ", object " + e.Object
	}
	return fmt.Sprintf("%v: %s: %s", e.Kind, where, e.Reason)
}

// Unwrap gives the kind.
func (e *Error) Unwrap() error { return e.Kind }

// ValueError names the value that a scheme misses or cannot use. Nothing was shown and no money moved.
type ValueError struct {
	Scheme string
	Value  string // name of the value, or "amount", "currency", "reference"
	Reason string
}

// Error names scheme and value.
func (e *ValueError) Error() string { return fmt.Sprintf("%s: %s %s", e.Scheme, e.Value, e.Reason) }
