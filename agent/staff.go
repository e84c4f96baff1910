package agent

import (
	"errors"
	"log/slog"

	"github.com/tillproof/tillproof/agent/people"
	"github.com/tillproof/tillproof/pos"
)

// openPeople opens the list of people. One that is damaged is told and does not keep the till from selling: nobody is verified until it is mended.
func openPeople(path string, log *slog.Logger) (*people.People, error) {
	p, err := people.Open(path)
	if err != nil {
		return nil, err
	}
	var e *pos.Error
	if errors.As(p.Check(), &e) {
		log.Error(e.Text, "cause", e.Err, "next", e.Next)
	}
	return p, nil
}
