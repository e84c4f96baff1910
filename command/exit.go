package command

import (
	"errors"
	"fmt"
	"io"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
)

// The exit codes of every command.
const (
	exitDone  = 0
	exitNot   = 1 // the thing checked is not so
	exitUsage = 2 // usage or configuration
	exitAway  = 3 // device, disk, lock or network not available
)

// exitError carries an exit code. err may be nil: everything was said already.
type exitError struct {
	code int
	err  error
}

func exit(code int, err error) error { return &exitError{code, err} }

// Error implements error.
func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

// Unwrap gives the cause.
func (e *exitError) Unwrap() error { return e.err }

// codeOf is the one map from errors to exit codes. What cobra refuses is usage.
func codeOf(err error) int {
	var known *exitError
	if errors.As(err, &known) {
		return known.code
	}
	var e *pos.Error
	if !errors.As(err, &e) {
		if errors.Is(err, journal.ErrEmpty) {
			return exitAway
		}
		return exitUsage
	}
	switch e.Code {
	case "config_invalid", "pin_invalid", "person_invalid", "request_invalid":
		return exitUsage
	case "journal_unreadable", "people_unreadable", "person_exists", "person_unknown",
		"not_found", "exists", "revision_conflict", "last_admin": // of the platform's registry
		return exitNot
	}
	return exitAway
}

// report tells a person what happened, what it means for the money and what to do.
func report(w io.Writer, err error) {
	var silent *exitError
	if errors.As(err, &silent) && silent.err == nil {
		return
	}
	var e *pos.Error
	if !errors.As(err, &e) {
		fmt.Fprintf(w, "tillproof: %v\n", err)
		return
	}
	fmt.Fprintf(w, "tillproof: %s\n", e.Text)
	if e.Err != nil {
		fmt.Fprintf(w, "  cause: %v\n", e.Err)
	}
	fmt.Fprintf(w, "  money: %s\n  next:  %s\n", moneyWords(e.Money), e.Next)
}

func moneyWords(m pos.MoneyState) string {
	switch m {
	case pos.NoneMoved:
		return "none moved through this"
	case pos.Moved:
		return "has moved"
	}
	return "open: it may have moved"
}
