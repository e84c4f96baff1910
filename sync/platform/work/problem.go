package work

import (
	"errors"

	"github.com/tillproof/tillproof/pos"
)

// Problem is an error of this package in the words that all others get: a *pos.Error, or the error itself when it is one of the database.
func Problem(err error) error {
	var code pos.ErrorCode
	var next string
	switch {
	case errors.Is(err, ErrNoItem):
		code, next = "work_unknown", "List the items and take an id from there."
	case errors.Is(err, ErrClosed):
		code, next = "work_closed", "Look at its outcome; nothing is left to do."
	case errors.Is(err, ErrRetrying):
		code, next = "work_retrying", "Wait for the outcome, then look again."
	case errors.Is(err, ErrNoTries):
		code, next = "work_no_tries", "Collect the money otherwise, or write it off."
	case errors.Is(err, ErrLate):
		code, next = "work_late", "Collect the money otherwise, or write it off."
	case errors.Is(err, ErrOutcome):
		code, next = "work_outcome_invalid", "Give an outcome that fits, and a reason of at most 500 bytes. Of a forward_declined: written_off or paid_otherwise."
	default:
		return err
	}
	return pos.NewError(code, pos.Permanent, pos.NoneMoved, "Nothing was changed: "+err.Error()+".", next)
}
