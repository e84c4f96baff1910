package journal

import (
	"runtime"
	"sync"
	"time"

	"github.com/tillproof/tillproof/store/record"
)

// CommitRecords is the most records of one commit, and so of one signature.
const CommitRecords = 64

// entry is one Append that waits for its commit.
type entry struct {
	bodies  []record.Body
	records []record.Record
	err     error
	turn    chan bool // true: lead the next commit; false: yours is done
}

// queue makes appends that come together share a commit: the first one leads and writes for all that wait, then hands on.
type queue struct {
	mu      sync.Mutex
	waiting []*entry
	leading bool
	last    int           // producers of the last commit, and of those who had come by its end
	took    time.Duration // by the last commit
	begun   time.Time     // the present commit
	pace    Pace
}

// join enters the queue and returns when e is either committed or has to lead.
func (q *queue) join(e *entry) (lead bool) {
	q.mu.Lock()
	q.waiting = append(q.waiting, e)
	first := !q.leading
	q.leading = true
	q.mu.Unlock()
	return first || <-e.turn
}

// take removes the entries of one commit. The leader's own is the first of them.
func (q *queue) take() []*entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.last > 1 || len(q.waiting) > 1 {
		q.settle()
	}
	q.begun = time.Now()
	n, count := 0, 0
	for ; n < len(q.waiting); n++ {
		if count += len(q.waiting[n].bodies); count > CommitRecords && n > 0 {
			break
		}
	}
	batch := q.waiting[:n:n]
	q.waiting = q.waiting[n:]
	return batch
}

// patience is the part of a commit's time that its leader waits for producers that were answered a moment ago: who comes too late waits for a whole
// commit more.
const patience = 16

// settle lets producers that were answered a moment ago come into this commit: without it two halves of them would take turns. It yields the
// processor while the queue still grows, and as long as somebody of the last commit is missing, within bounds. A lone producer does without: to yield
// wakes other threads, some 10 µs. Called with mu held, which it lets go meanwhile.
func (q *queue) settle() {
	until := time.Now().Add(q.took / patience)
	for seen := -1; len(q.waiting) < CommitRecords; {
		if len(q.waiting) == seen && (len(q.waiting) >= q.last || !time.Now().Before(until)) {
			return
		}
		seen = len(q.waiting)
		q.mu.Unlock()
		runtime.Gosched()
		q.mu.Lock()
	}
}

// finish answers the followers of a commit and hands the lead on.
func (q *queue) finish(batch []*entry) {
	for _, e := range batch[1:] {
		e.turn <- false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.last, q.took = len(batch)+len(q.waiting), time.Since(q.begun)
	q.pace.note(q.took)
	if len(q.waiting) == 0 {
		q.leading = false
		return
	}
	q.waiting[0].turn <- true
}
