package idtechsim

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/tillproof/tillproof/drivers/idtech/codec"
)

// A request that grows longer, in bytes, or whose next byte comes later, is none. How long a reader waits is not told; a till says its requests in one go.
const (
	longestRequest = 300
	requestPause   = 500 * time.Millisecond
)

// Serve plays the reader on a wire until the wire or ctx ends or Close is called, and closes the wire. It returns why it ended, never nil; it may be
// called again with a new wire.
func (r *Reader) Serve(ctx context.Context, wire io.ReadWriteCloser) error {
	r.serving.Lock()
	defer r.serving.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	r.plug(wire)
	defer r.plug(nil)
	defer context.AfterFunc(ctx, func() { _ = wire.Close() })()
	err := r.converse(wire)
	_ = wire.Close()
	if r.ctx.Err() != nil {
		return ErrClosed
	}
	return errors.Join(ctx.Err(), err)
}

func (r *Reader) plug(wire io.ReadWriteCloser) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wire = wire
}

// converse answers in the protocol of the reader.
func (r *Reader) converse(wire io.Reader) error {
	if r.options.NEO2 {
		defer r.dark()
		return r.answerNEO2(wire)
	}
	return r.answerAll(wire)
}

// Unplug takes the reader off its wire.
func (r *Reader) Unplug() {
	if wire := r.plugged(); wire != nil {
		_ = wire.Close()
	}
}

// Run serves one wire after the other, as next plugs them in, until ctx ends, the reader is closed or next fails. A lost wire is followed by the
// time that the reader stays away.
func (r *Reader) Run(ctx context.Context, next func(context.Context) (io.ReadWriteCloser, error)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	for {
		wire, err := next(ctx)
		if err != nil {
			return errors.Join(r.why(), err)
		}
		err = r.Serve(ctx, wire)
		if ctx.Err() != nil {
			return errors.Join(r.why(), err)
		}
		select {
		case <-ctx.Done():
			return errors.Join(r.why(), ctx.Err())
		case <-time.After(r.options.Away):
		}
	}
}

func (r *Reader) why() error {
	if r.ctx.Err() != nil {
		return ErrClosed
	}
	return nil
}

// Close switches the reader off and waits for Serve to end.
func (r *Reader) Close() error {
	r.cancel()
	r.serving.Lock()
	defer r.serving.Unlock()
	return nil
}

// answerAll takes requests until the wire is lost.
func (r *Reader) answerAll(wire io.Reader) error {
	var request []byte
	buf := make([]byte, 64)
	for heard := time.Now(); ; heard = time.Now() {
		n, err := wire.Read(buf)
		if time.Since(heard) > requestPause {
			request = nil
		}
		for _, b := range buf[:n] {
			if request = append(request, b); request[0] != 0x02 || len(request) > longestRequest {
				request = nil
			}
			if f, whole := codec.WholeRequest(request); whole {
				if err := r.answer(f); err != nil {
					return err
				}
				request = nil
			}
		}
		if err != nil {
			return err
		}
	}
}

// answer does what a request wants, and stores it before it says so.
func (r *Reader) answer(f codec.Frame) error {
	if r.muted() {
		return nil
	}
	var out []byte
	if err := r.change(func(m *Memory) { out = m.reply(f) }); err != nil {
		return err
	}
	err := r.Send(out)
	e := Event{Moment: Answered, Command: f.Code, Bytes: len(out)}
	if len(f.Data) > 0 {
		e.Function = f.Data[0]
	}
	r.tell(e)
	return err
}
