// Package publish sends the tills what they find at the broker whenever they come: the list of the platform's keys, their offline policies and their
// configurations. The broker keeps the last one of each. What is published anew after each connection and each change may come twice; every message bears
// a version, and a till takes none that is older than what it has.
package publish

import (
	"context"
	"log/slog"
	"time"

	"github.com/tillproof/tillproof/sync/mqtt"
)

const (
	every = 2 * time.Second  // the pause between two looks at what is to be sent
	again = 10 * time.Minute // all are sent again: a broker may lose what it keeps
)

// repeat sends until the context ends. What fails is tried again, and told under a text.
func repeat(ctx context.Context, log *slog.Logger, text string, send func(context.Context) error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := send(ctx); err != nil && ctx.Err() == nil {
			log.Warn(text, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// round is since when, and through which connection, the broker was told what it keeps. The zero value is a round that is over.
type round struct {
	conn  *mqtt.Conn
	since time.Time
}

// over says whether all must be sent again: the broker behind another connection may be another one.
func (r *round) over(conn *mqtt.Conn) bool { return conn != r.conn || time.Since(r.since) > again }
