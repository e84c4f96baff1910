package zvt

import (
	"time"

	"github.com/tillproof/tillproof/drivers"
)

const (
	firstWords  = 64          // bytes by which a stranger is recognised
	strangeTime = time.Second // of silence behind them: a terminal that speaks ZVT has gone on by then
)

// stranger listens to a wire until what is on it has proven to speak ZVT, by a whole frame or message. The zero value is ready.
type stranger struct {
	said   []byte
	heard  time.Time // the last of them
	proven bool
}

func (s *stranger) hear(b byte) {
	if s.proven {
		return
	}
	if s.said == nil {
		s.said = make([]byte, 0, firstWords) // at once: a slice that grows leaves copies behind
	}
	if s.heard = time.Now(); len(s.said) < firstWords {
		s.said = append(s.said, b)
	}
}

// prove ends the doubt. What was said before may be anybody's data.
func (s *stranger) prove() {
	clear(s.said)
	s.said, s.proven = nil, true
}

// judge is what a pause says: nil, or an error where what came is surely of another family.
func (s *stranger) judge() error {
	if s.proven || len(s.said) == 0 || time.Since(s.heard) < strangeTime {
		return nil
	}
	if name := drivers.Guess(s.said); name != "" && name != drivers.GuessZVT {
		return &wrongProtocol{name}
	}
	return nil
}

// doubt adds to the failure of a first command what the wire said instead of ZVT.
func (s *stranger) doubt(err error) error {
	if s.proven || len(s.said) == 0 {
		return err
	}
	defer clear(s.said)
	switch name := drivers.Guess(s.said); name {
	case "":
		return &garbled{err}
	case drivers.GuessZVT:
		return err
	default:
		return &wrongProtocol{name}
	}
}

// wrongProtocol says that something else than a ZVT terminal answers. Name is that of [drivers.Guess], "" for nobody that is known.
type wrongProtocol struct{ name string }

func (e *wrongProtocol) Error() string { return "what answers speaks another protocol: " + e.name }

// garbled says that what came makes no sense in any protocol.
type garbled struct{ err error }

func (e *garbled) Error() string { return "what came makes no sense: " + e.err.Error() }
func (e *garbled) Unwrap() error { return e.err }
