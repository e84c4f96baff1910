package pos

import "errors"

// ErrorCode is a word for machines; the HTTP API and the command line pass it on unchanged.
type ErrorCode string

// Retry says what may be done about an error.
type Retry int

// The three classes. OutcomeUnknown is the one that other software lacks: the command may have been carried out, so it must be
// asked for and never repeated.
const (
	Permanent Retry = iota
	Transient
	OutcomeUnknown
)

// MoneyState says what an error means for the customer's money.
type MoneyState string

// The states that an error can leave the money in.
const (
	NoneMoved    MoneyState = "none_moved"
	Moved        MoneyState = "moved"
	MoneyUnknown MoneyState = "unknown"
)

// Error is the one error type at the edges of the product: a code for machines, a sentence for the cashier, what it means for the
// money and what to do next. Err is for the log only.
type Error struct {
	Code    ErrorCode
	Retry   Retry
	Money   MoneyState
	Text    string         // one sentence: what happened
	Next    string         // one sentence: what to do now
	Details map[string]any // further members of the HTTP problem, such as the payment that blocks a device
	Err     error          // the cause, may be nil
}

// NewError makes an error without a cause.
func NewError(code ErrorCode, retry Retry, money MoneyState, text, next string) *Error {
	return &Error{Code: code, Retry: retry, Money: money, Text: text, Next: next}
}

// Because returns a copy of e with a cause.
func (e *Error) Because(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// With returns a copy of e with one more detail.
func (e *Error) With(key string, value any) *Error {
	c := *e
	c.Details = map[string]any{key: value}
	for k, v := range e.Details {
		c.Details[k] = v
	}
	return &c
}

// Error joins code, sentence and cause.
func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Text
	if e.Err != nil {
		s += " (" + e.Err.Error() + ")"
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// MoneyOf reads what an error means for the money. An error that does not say so leaves it unknown: nobody may guess "none moved".
func MoneyOf(err error) MoneyState {
	var e *Error
	if errors.As(err, &e) {
		return e.Money
	}
	return MoneyUnknown
}
