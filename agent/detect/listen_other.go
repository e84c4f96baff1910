//go:build !linux

package detect

import "os"

// quietLine is not there on this system.
type quietLine struct{ *os.File }

func openQuiet(string) (*quietLine, error) { return nil, ErrNoListening }

func (q *quietLine) rate(int) error { return ErrNoListening }
