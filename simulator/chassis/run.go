package chassis

import (
	"context"
	"errors"
	"io"
	"time"
)

// Next plugs the next wire in, and waits for it.
type Next func(context.Context) (io.ReadWriteCloser, error)

// Life is a device that is switched on.
type Life struct {
	On     context.Context // ends when it is switched off
	Closed error           // what its Serve returns then
	Rest   time.Duration   // behind a lost wire
	Serve  func(context.Context, io.ReadWriteCloser) error
}

// Run serves one wire after the other until ctx ends, the device is switched off or next fails. It returns why, never nil.
func (l Life) Run(ctx context.Context, next Next) error {
	for {
		wire, err := next(ctx)
		if err != nil {
			return err
		}
		err = l.Serve(ctx, wire)
		if ctx.Err() != nil || errors.Is(err, l.Closed) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.On.Done():
			return l.Closed
		case <-time.After(l.Rest):
		}
	}
}
