package detect

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// Survey lists the ports and listens at those that nobody uses, all at once, for a while at each of [Rates]; 0 listens nowhere. It writes to no port. The end
// of ctx ends the listening.
func (m Machine) Survey(ctx context.Context, each time.Duration) ([]Port, error) {
	ports, err := m.Ports()
	if err != nil || each <= 0 {
		return ports, err
	}
	var workers sync.WaitGroup
	for i := range ports {
		if !ports[i].Free() {
			ports[i].Note = "in use: nobody listened"
			continue
		}
		workers.Go(func() { m.listenAt(ctx, &ports[i], each) })
	}
	workers.Wait()
	return ports, ctx.Err()
}

func (m Machine) listenAt(ctx context.Context, p *Port, each time.Duration) {
	heard, err := Listen(ctx, m.File(p.Path), Rates(), each)
	p.Heard = heard
	var known *pos.Error
	switch {
	case err == nil:
	case errors.As(err, &known):
		p.Note = known.Text
	default:
		p.Note = err.Error()
	}
}
