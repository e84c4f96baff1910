package agent

import (
	"sync"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// epochs is a set that several goroutines use. The zero value is empty.
type epochs struct {
	mu  sync.Mutex
	set map[pos.Epoch]bool
}

func (e *epochs) has(epoch pos.Epoch) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.set[epoch]
}

func (e *epochs) add(epoch pos.Epoch) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.set == nil {
		e.set = map[pos.Epoch]bool{}
	}
	e.set[epoch] = true
}

// bridge leaves an epoch of which the platform lacks what was removed here. After a restart the platform's next gap says so again.
func (s *source) bridge(mark record.Head) error {
	if err := s.journal.Bridge(mark); err != nil {
		return err
	}
	s.bridged.add(mark.Epoch)
	return nil
}
