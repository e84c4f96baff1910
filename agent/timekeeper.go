package agent

import (
	"sync"

	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

// maxAsked bounds the batches whose way is timed.
const maxAsked = 64

// timekeeper proves the till's clock by what the platform signs: an acknowledgement tells the platform's time, and lies between the moment in which
// its batch was read and the one in which it came. The zero value is ready for use.
type timekeeper struct {
	mu   sync.Mutex
	when map[record.Head]record.Times // when the batch that ends on a record was read first
	last []record.Head                // of when, the oldest first
}

// asked notes when a batch was read. A batch that is read again keeps its first time: the proof has the larger error then, never one too small.
func (k *timekeeper) asked(j *journal.Journal, end record.Head) {
	if end.Seq == 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, known := k.when[end]; known {
		return
	}
	if k.when == nil {
		k.when = map[record.Head]record.Times{}
	}
	if len(k.last) == maxAsked {
		delete(k.when, k.last[0])
		k.last = k.last[1:]
	}
	k.when[end] = j.Now()
	k.last = append(k.last, end)
}

// answered takes the time out of an acknowledgement that was verified before.
func (k *timekeeper) answered(s *source, proof []byte) {
	if s.codec == nil {
		return
	}
	ack, err := s.codec.OpenAck(proof, s.platform)
	if err != nil || ack.Last == nil || ack.At == 0 {
		return
	}
	k.mu.Lock()
	asked, ok := k.when[*ack.Last]
	k.mu.Unlock()
	if ok {
		s.journal.Prove(ack.At, asked, s.journal.Now())
	}
}
