package platform

import (
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/wire"
)

// keysCall answers with the list of the platform's keys and, where the till asks for one, a new certificate.
func (d *desk) keysCall(ctx context.Context, a asker, call *wire.Call) error {
	message, _, err := d.pki.KeyList(ctx)
	if err != nil {
		return err
	}
	r := wire.Reply{Stage: wire.Final, Keys: message}
	if len(call.CSR) > 0 {
		if r.Certs, err = d.pki.Renew(ctx, call.Till, call.CSR); err != nil {
			d.opts.Log.Warn("a till was given no new certificate", "till", call.Till, "error", err)
		}
	}
	d.sent(a, d.send(ctx, a, r))
	return nil
}

const (
	keysEvery   = 2 * time.Second  // the pause between two looks at the list
	keysAgain   = 10 * time.Minute // all are sent again: a broker may lose what it keeps
	keysAtATime = 1000             // lists in one look: what is under way to a broker is bounded
)

// keysender sends every till the list of the platform's keys, again after each connection and each change. The broker keeps the last one, so that a till
// finds it whenever it comes.
type keysender struct {
	*intake
	conn    *mqtt.Conn          // that the lists of sent went through
	sent    map[pos.TillID]bool // tills that were sent version
	version uint64
	since   time.Time // of sent

	merchants          map[pos.TillID]pos.MerchantID
	registered, issued uint64 // versions that merchants, message and list were read at
	message            []byte
	list               *wire.KeyList // nil before there is one
}

// run works until the context ends. What fails is tried again.
func (k *keysender) run(ctx context.Context) {
	tick := time.NewTicker(keysEvery)
	defer tick.Stop()
	for {
		if err := k.sendAll(ctx); err != nil && ctx.Err() == nil {
			k.opts.Log.Warn("the list of the platform's keys was not sent; it is tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (k *keysender) sendAll(ctx context.Context) error {
	conn := k.intake.conn.Load()
	if conn == nil {
		return nil
	}
	if err := k.read(ctx); err != nil || k.list == nil {
		return err
	}
	if conn != k.conn || k.list.Version != k.version || time.Since(k.since) > keysAgain {
		k.conn, k.version, k.sent, k.since = conn, k.list.Version, map[pos.TillID]bool{}, time.Now()
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
func (k *keysender) read(ctx context.Context) error {
	issued, err := k.pki.Version(ctx)
	if err != nil {
		return err
	}
	registered, err := k.registry.Version(ctx)
	if err != nil {
		return err
	}
	if k.list == nil || issued != k.issued {
		if k.message, k.list, err = k.pki.KeyList(ctx); err != nil {
			return err
		}
	}
	if k.merchants == nil || registered != k.registered {
		if k.merchants, err = k.owners(ctx); err != nil {
			return err
		}
	}
	k.registered, k.issued = registered, issued
	return nil
}

// owners lists all tills and whose they are.
func (s *Service) owners(ctx context.Context) (map[pos.TillID]pos.MerchantID, error) {
	owners := map[pos.TillID]pos.MerchantID{}
	for _, m := range s.config.Merchants {
		for _, t := range m.Tills {
			owners[t.Till] = m.Merchant
		}
	}
	list, err := s.registry.Tills(ctx)
	for i := range list {
		owners[list[i].Till] = list[i].Merchant
	}
	return owners, err
}
