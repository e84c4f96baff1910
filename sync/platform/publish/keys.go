package publish

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/platform/pki"
	"github.com/tillproof/tillproof/sync/platform/registry"
	"github.com/tillproof/tillproof/sync/wire"
)

// keysAtATime is how many lists are sent in one look: what is under way to a broker is bounded.
const keysAtATime = 1000

// Keys sends every till the list of the platform's keys, again after each connection and each change. It is for one call of [Keys.Run].
type Keys struct {
	Conn     func() *mqtt.Conn // to the broker; nil while that is away
	PKI      *pki.PKI          // whose list it is
	Registry *registry.Registry
	Owners   func(context.Context) (map[pos.TillID]pos.MerchantID, error) // all tills and whose they are; asked again when the registry has changed
	Log      *slog.Logger

	round   round
	sent    map[pos.TillID]bool // tills that were sent version in this round
	version uint64

	merchants          map[pos.TillID]pos.MerchantID
	registered, issued uint64 // versions that merchants, message and list were read at
	message            []byte
	list               *wire.KeyList // nil before there is one
}

// Run sends until the context ends. What fails is tried again.
func (k *Keys) Run(ctx context.Context) {
	repeat(ctx, k.Log, "the list of the platform's keys was not sent; it is tried again", k.sendAll)
}

func (k *Keys) sendAll(ctx context.Context) error {
	conn := k.Conn()
	if conn == nil {
		return nil
	}
	if err := k.read(ctx); err != nil || k.list == nil {
		return err
	}
	if k.round.over(conn) || k.list.Version != k.version {
		k.round, k.version, k.sent = round{conn, time.Now()}, k.list.Version, map[pos.TillID]bool{}
	}
	var errs []error
	n := 0
	for till, merchant := range k.merchants {
		if k.sent[till] || n == keysAtATime {
			continue
		}
		n++
		err := conn.PublishRetained(ctx, wire.Topic{Merchant: merchant, Till: till}.On(wire.DownKeys), k.message)
		k.sent[till] = err == nil
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// read reads list and tills again when something has changed.
func (k *Keys) read(ctx context.Context) error {
	issued, err := k.PKI.Version(ctx)
	if err != nil {
		return err
	}
	registered, err := k.Registry.Version(ctx)
	if err != nil {
		return err
	}
	if k.list == nil || issued != k.issued {
		if k.message, k.list, err = k.PKI.KeyList(ctx); err != nil {
			return err
		}
	}
	if k.merchants == nil || registered != k.registered {
		if k.merchants, err = k.Owners(ctx); err != nil {
			return err
		}
	}
	k.registered, k.issued = registered, issued
	return nil
}
