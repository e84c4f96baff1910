package wire

import (
	"io"
	"sort"
	"sync"
	"time"
)

// path is one direction of a faulty wire: the faults to come, and how far the bytes are.
type path struct {
	mu     sync.Mutex
	faults []Fault // by offset
	offset int64
	close  func() error

	// what the faults so far do to the bytes to come
	drop, repeat int
	repeated     []byte
	silent       bool
	silentUntil  time.Time // zero while silent is for good
}

func (p *path) add(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, f)
	sort.SliceStable(p.faults, func(i, j int) bool { return p.faults[i].At < p.faults[j].At })
}

func (p *path) passed() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.offset
}

// step lets the faults strike that are due at the first byte of b, and hands to pass what they leave of b up to the next fault.
// It returns how many bytes of b it has dealt with.
func (p *path) step(b []byte, pass func([]byte) error) (int, error) {
	var flip byte
	for f, due := p.strike(); due; f, due = p.strike() {
		if err := p.apply(f, &flip, pass); err != nil {
			return 0, err
		}
	}
	n := p.until(len(b))
	piece := append([]byte(nil), b[:n]...)
	piece[0] ^= flip
	return n, pass(p.filter(piece))
}

// strike takes the next fault that is due at the present offset.
func (p *path) strike() (Fault, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.faults) == 0 || p.faults[0].At > p.offset {
		return Fault{}, false
	}
	f := p.faults[0]
	p.faults = p.faults[1:]
	return f, true
}

// until is how many of n bytes come before the next fault; at least one, since those that are due have struck.
func (p *path) until(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.faults) > 0 {
		n = int(min(int64(n), max(p.faults[0].At-p.offset, 1)))
	}
	p.offset += int64(n)
	return n
}

// apply carries out one fault. Only the goroutine of the direction calls it, so what lasts needs no lock.
func (p *path) apply(f Fault, flip *byte, pass func([]byte) error) error {
	switch f.Kind {
	case Drop:
		p.drop = f.count()
	case Repeat:
		p.repeat, p.repeated = f.count(), nil
	case Flip:
		*flip ^= f.mask()
	case Junk:
		return pass(f.Bytes)
	case Delay:
		time.Sleep(f.Wait)
	case Silence:
		p.silent, p.silentUntil = true, time.Time{}
		if f.Wait > 0 {
			p.silentUntil = time.Now().Add(f.Wait)
		}
	case Unplug:
		_ = p.close()
		return io.ErrClosedPipe
	case Call:
		f.Hook()
	}
	return nil
}

// filter applies what lasts over several bytes: silence, dropping, repeating.
func (p *path) filter(b []byte) []byte {
	if p.silent && !p.silentUntil.IsZero() && !time.Now().Before(p.silentUntil) {
		p.silent = false
	}
	if p.silent {
		return nil
	}
	dropped := min(p.drop, len(b))
	p.drop -= dropped
	b = b[dropped:]
	if p.repeat == 0 || len(b) == 0 {
		return b
	}
	return p.again(b)
}

// again sends the bytes to repeat a second time, once all of them have come.
func (p *path) again(b []byte) []byte {
	n := min(p.repeat, len(b))
	p.repeated = append(p.repeated, b[:n]...)
	p.repeat -= n
	if p.repeat > 0 {
		return b
	}
	out := append(append([]byte(nil), b[:n]...), p.repeated...)
	return append(out, b[n:]...)
}
