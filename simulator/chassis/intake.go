package chassis

import (
	"context"
	"errors"
	"io"
	"time"
)

// ErrQuiet says that nothing came until the limit. The wire stays usable.
var ErrQuiet = errors.New("nothing came in time")

// Intake turns the blocking reads of a wire into something that can be waited for with a time limit. Its goroutine ends with Close.
type Intake struct {
	Chunks <-chan []byte // as they come; closed when the wire is lost

	wire io.ReadWriteCloser
	stop chan struct{}
}

// NewIntake begins to read from a wire. Nobody else may.
func NewIntake(wire io.ReadWriteCloser) *Intake {
	chunks := make(chan []byte)
	i := &Intake{Chunks: chunks, wire: wire, stop: make(chan struct{})}
	go i.read(chunks)
	return i
}

func (i *Intake) read(chunks chan<- []byte) {
	defer close(chunks)
	for {
		buf := make([]byte, 512)
		n, err := i.wire.Read(buf)
		if err != nil {
			return
		}
		select {
		case chunks <- buf[:n]:
		case <-i.stop:
			return
		}
	}
}

// Next waits for a chunk until the limit, the zero time for ever: [ErrQuiet] when none came, ctx's error at its end, io.EOF when the wire is lost.
func (i *Intake) Next(ctx context.Context, limit time.Time) ([]byte, error) {
	var over <-chan time.Time
	if !limit.IsZero() {
		timer := time.NewTimer(time.Until(limit))
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case b, ok := <-i.Chunks:
		if !ok {
			return nil, io.EOF
		}
		return b, nil
	case <-over:
		return nil, ErrQuiet
	}
}

// Close closes the wire and waits for the goroutine to end. It is called once.
func (i *Intake) Close() {
	close(i.stop)
	_ = i.wire.Close()
	for range i.Chunks {
	}
}
