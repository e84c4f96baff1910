package chassis

import "io"

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

// Close closes the wire and waits for the goroutine to end. It is called once.
func (i *Intake) Close() {
	close(i.stop)
	_ = i.wire.Close()
	for range i.Chunks {
	}
}
