package serialport

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// writeChunk is how much is given to the library at once: little, so that a write that gets stuck tells how far it got.
const writeChunk = 512

// job is one Write on its way through the writer goroutine. The bytes are a copy: after a deadline the caller has its buffer back
// while the line may still be taking them.
type job struct {
	data []byte
	gone atomic.Int64 // bytes that have gone out, or may have: counted before the library gets them
	done chan error
}

// Write sends all of b, or returns an error with the number of bytes that may have gone out. Only 0 says that the device has seen nothing: with any
// other number a command of money may have been received and must be asked for.
//
// With 0 and os.ErrDeadlineExceeded nothing was tried, because the deadline had passed before; the port stays usable. Every other
// error sticks, [ErrStuck] (which is os.ErrDeadlineExceeded here too) among them.
func (p *Port) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	j := &job{data: append([]byte(nil), b...), done: make(chan error, 1)}
	if err := p.hand(j); err != nil {
		return 0, err
	}
	return p.await(j)
}

// hand gives the job to the writer, which is idle unless another Write runs.
func (p *Port) hand(j *job) error {
	_, by, err := p.state.writing()
	switch {
	case err != nil:
		return err
	case passed(by):
		return os.ErrDeadlineExceeded
	}
	select {
	case p.jobs <- j:
		return nil
	case <-p.down:
		_, _, err = p.state.writing()
		return err
	}
}

// await waits for the end of the job, the write deadline or a fault.
func (p *Port) await(j *job) (int, error) {
	for {
		changed, by, failed := p.state.writing()
		select {
		case err := <-j.done:
			return int(j.gone.Load()), err
		default:
		}
		switch {
		case failed != nil:
			return int(j.gone.Load()), failed
		case passed(by):
			p.counters.stuck()
			p.fail(ErrStuck)
			return int(j.gone.Load()), fmt.Errorf("%w: %w", ErrStuck, os.ErrDeadlineExceeded)
		}
		j.wait(changed, by)
	}
}

// writeAll is the writer goroutine. Once the port is down it takes no job more.
func (p *Port) writeAll() error {
	for {
		select {
		case <-p.down:
			return nil
		case j := <-p.jobs:
			err := p.transmit(j)
			j.done <- err
			if err != nil {
				return err
			}
		}
	}
}

// transmit writes a job's bytes, in as many calls as the library needs. It stops between two calls when the port goes down.
func (p *Port) transmit(j *job) error {
	for rest := j.data; len(rest) > 0; {
		n, err := p.give(j, rest[:min(len(rest), writeChunk)])
		p.counters.sent(n)
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// give hands one chunk to the library. The bytes count as gone before the state of the port is looked at: whoever then sees the port fail, while this
// call is on its way, sees the bytes too.
func (p *Port) give(j *job, chunk []byte) (n int, err error) {
	j.gone.Add(int64(len(chunk)))
	defer func() { j.gone.Add(int64(n - len(chunk))) }()
	if _, _, err := p.state.writing(); err != nil {
		return 0, err
	}
	n, err = p.raw.Write(chunk)
	n = max(n, 0)
	if err == nil && n == 0 {
		err = io.ErrShortWrite
	}
	if err != nil {
		return n, errors.Join(ErrUnplugged, err)
	}
	return n, nil
}

// wait waits for the job's end, a change of the port's state or the deadline.
func (j *job) wait(changed <-chan struct{}, by time.Time) {
	var over <-chan time.Time
	if !by.IsZero() {
		timer := time.NewTimer(time.Until(by))
		defer timer.Stop()
		over = timer.C
	}
	select {
	case err := <-j.done:
		j.done <- err
	case <-changed:
	case <-over:
	}
}
