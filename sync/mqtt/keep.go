package mqtt

import (
	"context"
	"math/rand/v2"
	"time"
)

// The pauses between connections, before [Options].Scale. Full jitter: thousands of tills come back at the same moment.
const (
	leastPause = 200 * time.Millisecond
	mostPause  = 30 * time.Second
	settled    = 10 * time.Second // a connection that lived so long ends a row of failures
)

// Keep connects, runs run, and connects again when the connection or run ends, until ctx is done; then it returns ctx's error. The
// context that run gets is cancelled when the connection ends. A broker that is away is no error: it is waited for.
func Keep(ctx context.Context, o Options, run func(ctx context.Context, c *Conn) error) error {
	if _, err := o.check(); err != nil {
		return err
	}
	log := o.logger().With("broker", o.Broker)
	for failures := 0; ; failures++ {
		lived, err := once(ctx, o, run)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if lived >= settled {
			failures = 0
		}
		pause := o.pause(failures, lived)
		log.Info("no connection to the broker; nothing is lost, trying again", "error", err, "pause", pause)
		if !o.rest(ctx, pause) {
			return ctx.Err()
		}
	}
}

// once is the life of one connection. It lived from the moment when it was ready for use; one that was never ready did not live.
func once(ctx context.Context, o Options, run func(ctx context.Context, c *Conn) error) (lived time.Duration, err error) {
	c, err := Dial(ctx, o)
	if err != nil {
		return 0, err
	}
	ready := time.Now()
	defer c.Close()
	o.logger().Info("connected to the broker", "broker", o.Broker)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-c.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	err = run(ctx, c)
	return time.Since(ready), err
}

// pause is a random part of a limit that doubles with every failure. The end of a connection that had lived for long may be the end of thousands: the
// first pause behind it is spread over [Options].Spread.
func (o *Options) pause(failures int, lived time.Duration) time.Duration {
	limit := min(mostPause, leastPause<<min(failures, 16))
	if lived >= settled {
		limit = max(limit, o.Spread)
	}
	if o.Scale > 0 {
		limit = time.Duration(float64(limit) * o.Scale)
	}
	return rand.N(max(limit, 1))
}

// rest waits between two connections, unless somebody asks for one now. It returns false when the context ended first.
func (o *Options) rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-o.Again:
		return true
	case <-ctx.Done():
		return false
	}
}
