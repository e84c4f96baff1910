package disk

import (
	"slices"
	"sync"
	"syscall"
	"time"
)

// SlowSync is how long a sync takes on a slow disk, a usual time of cheap flash.
const SlowSync = 5 * time.Millisecond

// recorder notes operations and decides which fail. Its methods are safe for concurrent use; an operation is carried out while it is locked, so
// that the log's order is the order of the effects.
type recorder struct {
	mu      sync.Mutex
	on      bool
	ops     []Op
	count   int // operations, marks left out
	fault   *Fault
	broken  int            // the file whose write was cut short; its next write fails
	numbers map[uint64]int // of files by inode
	last    int
}

// begin forgets the log and arms a fault.
func (r *recorder) begin(f *Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on, r.ops, r.count, r.fault, r.broken = true, nil, 0, f, 0
}

// log copies the operations so far.
func (r *recorder) log() []Op {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ops)
}

func (r *recorder) mark(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = append(r.ops, Op{Kind: Mark, Path: text})
}

// number is the number of the file behind an inode; a created file gets a new one, since inodes are used again.
func (r *recorder) number(inode uint64, created bool) int {
	if n, known := r.numbers[inode]; known && !created {
		return n
	}
	r.last++
	r.numbers[inode] = r.last
	return r.last
}

// do carries an operation out, or lets it fail, and notes it.
func (r *recorder) do(op Op, inode uint64, act func(op *Op) syscall.Errno) syscall.Errno {
	r.mu.Lock()
	defer r.mu.Unlock()
	failure := r.due(op.Kind)
	if failure == Slow {
		r.mu.Unlock()
		time.Sleep(SlowSync)
		r.mu.Lock()
		failure = 0
	}
	if inode != 0 {
		op.File = r.number(inode, false)
	}
	errno := r.carryOut(&op, failure, act)
	op.Failed = errno != 0
	if op.Kind == Create && !op.Failed {
		op.File = r.number(uint64(op.File), true) // act has left the inode there
	}
	if r.on && (!op.Failed || op.Kind == Sync || op.Kind == SyncDir || len(op.Data) > 0) {
		r.ops = append(r.ops, op)
	}
	return errno
}

// due counts the operation and says what is planned for it.
func (r *recorder) due(k Kind) Failure {
	at := r.count
	r.count++
	if r.fault == nil || at != r.fault.At && (at < r.fault.At || !r.fault.Stays) {
		return 0
	}
	if r.fault.Do == Slow && k != Sync && k != SyncDir {
		return 0
	}
	return r.fault.Do
}

func (r *recorder) carryOut(op *Op, failure Failure, act func(op *Op) syscall.Errno) syscall.Errno {
	broken := op.Kind == Write && op.File == r.broken && op.File != 0
	switch {
	case broken:
		r.broken = 0
		failure = ENOSPC
	case failure == Short && op.Kind == Write && len(op.Data) > 1:
		r.broken, op.Data = op.File, op.Data[:len(op.Data)/2]
		return act(op)
	}
	switch failure {
	case EIO:
		op.Data = nil
		return syscall.EIO
	case ENOSPC, Short:
		op.Data = nil
		return syscall.ENOSPC
	}
	return act(op)
}
