package bench

import (
	"encoding/binary"
	"os"
	"runtime"
	"sync"

	"github.com/tillproof/tillproof/store/cose"
)

const (
	pageSize = 4096
	slotSize = 512
	fileSize = 64 << 20
	most     = 64  // records of one commit, as in the journal
	entry    = 520 // bytes that a record takes in a leaf page
)

func bigEndian(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// plainFile writes into a file of zeros, many producers' records at once. It stores nothing that could be read again: it is what the
// disk allows.
type plainFile struct {
	file  *os.File
	write func(f *os.File, at int64, records int) (next int64, err error)
	at    int64 // touched by the leader only

	mu      sync.Mutex
	waiting []chan bool // true: lead; false: written
	leading bool
	err     error
}

func openPlain(path string, write func(*os.File, int64, int) (int64, error)) (engine, error) {
	f, err := zeroFile(path, fileSize)
	return &plainFile{file: f, write: write}, err
}

// Append shares commits as the journal does: the first that comes leads, lets those who were just answered come in, and writes for all.
func (p *plainFile) Append() error {
	turn := make(chan bool, 1)
	p.mu.Lock()
	p.waiting = append(p.waiting, turn)
	lead := !p.leading
	p.leading = true
	p.mu.Unlock()
	if lead || <-turn {
		p.commit()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

func (p *plainFile) commit() {
	for seen := -1; ; runtime.Gosched() {
		n := p.queued()
		if n == seen || n >= most {
			break
		}
		seen = n
	}
	p.mu.Lock()
	n := min(most, len(p.waiting))
	batch := p.waiting[:n:n]
	p.waiting = p.waiting[n:]
	p.mu.Unlock()
	next, err := p.write(p.file, p.at, n)
	if p.at = next; p.at > fileSize-most*2*slotSize-8*pageSize {
		p.at = 0
	}
	for _, turn := range batch[1:] {
		turn <- false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.err = err
	}
	if p.leading = len(p.waiting) > 0; p.leading {
		p.waiting[0] <- true
	}
}

func (p *plainFile) queued() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting)
}

func (p *plainFile) Close() error { return p.file.Close() }

// writeSlots is the limit of any durable append: one write, one flush.
func writeSlots(f *os.File, at int64, records int) (int64, error) {
	n := records * slotSize
	if _, err := f.WriteAt(make([]byte, n), at); err != nil {
		return at, err
	}
	return at + int64(n), datasync(f)
}

// writePages is the limit of a tree that is copied on writing, as bbolt is: leaf pages, one branch, the list of free pages, each with a
// write of its own; a flush; the meta page; a flush.
func writePages(f *os.File, at int64, records int) (int64, error) {
	page := make([]byte, pageSize)
	at = max(at, 2*pageSize)
	leaves := (records*entry + pageSize - 1) / pageSize
	for range leaves + 2 {
		if _, err := f.WriteAt(page, at); err != nil {
			return at, err
		}
		at += pageSize
	}
	if err := datasync(f); err != nil {
		return at, err
	}
	if _, err := f.WriteAt(page, 0); err != nil {
		return at, err
	}
	return at, datasync(f)
}

// openSigned is the floor with one signature more for each commit: what a signed journal on bbolt could reach if all else cost nothing.
func openSigned(path string, payload []byte) (engine, error) {
	signer, err := cose.LoadOrCreate(path + ".pem")
	if err != nil {
		return nil, err
	}
	return openPlain(path, func(f *os.File, at int64, records int) (int64, error) {
		if _, err := signer.Detached(payload, cose.ForRecord); err != nil {
			return at, err
		}
		return writePages(f, at, records)
	})
}
