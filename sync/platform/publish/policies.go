package publish

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/platform/registry"
	"github.com/tillproof/tillproof/sync/policy"
	"github.com/tillproof/tillproof/sync/provision"
	"github.com/tillproof/tillproof/sync/wire"
)

// Policies sends the tills their policies, each bound to the life of the journal that the ledger knows, and their configurations: again after each
// connection, for each new life and for each change in the registry. It is for one call of [Policies.Run].
type Policies struct {
	Conn     func() *mqtt.Conn // to the broker; nil while that is away
	Registry *registry.Registry
	Epochs   func(context.Context) (map[pos.TillID]pos.Epoch, error) // the latest one that the ledger holds of each till; none is no policy yet
	Signer   *cose.Signer                                            // the platform's own key
	Log      *slog.Logger

	round round
	sent  map[pos.TillID]published // by till, in this round

	version  uint64 // of the registry, that policies and settings are of
	policies []registry.Policy
	settings []registry.Configuration
}

// published is what a till was sent last.
type published struct {
	epoch           pos.Epoch // that its policy names
	policy, configs uint64    // versions
}

// Run sends until the context ends. What fails is tried again.
func (p *Policies) Run(ctx context.Context) {
	repeat(ctx, p.Log, "policies or configurations were not sent; they are tried again", p.sendAll)
}

func (p *Policies) sendAll(ctx context.Context) error {
	conn := p.Conn()
	if conn == nil {
		return nil
	}
	if p.round.over(conn) {
		p.round, p.sent = round{conn, time.Now()}, map[pos.TillID]published{}
	}
	if err := p.read(ctx); err != nil {
		return err
	}
	errs := []error{p.restrict(ctx, conn)}
	for i := range p.settings {
		errs = append(errs, p.configure(ctx, conn, &p.settings[i]))
	}
	return errors.Join(errs...)
}

// read reads the registry anew where it has changed.
func (p *Policies) read(ctx context.Context) error {
	version, err := p.Registry.Version(ctx)
	if err != nil || version == p.version {
		return err
	}
	policies, err := p.Registry.Policies(ctx)
	if err != nil {
		return err
	}
	settings, err := p.Registry.Configurations(ctx)
	if err != nil {
		return err
	}
	p.version, p.policies, p.settings = version, policies, settings
	return nil
}

// restrict sends the policies that have changed, and those of tills that have begun a new life.
func (p *Policies) restrict(ctx context.Context, conn *mqtt.Conn) error {
	if len(p.policies) == 0 {
		return nil
	}
	epochs, err := p.Epochs(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for i := range p.policies {
		one := &p.policies[i]
		epoch, known := epochs[one.Till]
		if last := p.sent[one.Till]; known && (last.epoch != epoch || last.policy != one.Document.Version) {
			errs = append(errs, p.limit(ctx, conn, one, epoch))
		}
	}
	return errors.Join(errs...)
}

// limit sends a till its policy, for one life of its journal.
func (p *Policies) limit(ctx context.Context, conn *mqtt.Conn, one *registry.Policy, epoch pos.Epoch) error {
	d := *one.Document
	d.Till, d.Epoch, d.IssuedAt = one.Till, epoch, time.Now().UnixMilli()
	message, err := policy.Seal(&d, p.Signer)
	if err != nil {
		return err
	}
	if err := conn.PublishRetained(ctx, wire.Topic{Merchant: one.Merchant, Till: one.Till}.On(wire.DownPolicy), message); err != nil {
		return err
	}
	last := p.sent[one.Till]
	last.epoch, last.policy = epoch, d.Version
	p.sent[one.Till] = last
	return nil
}

// configure sends a till its configuration, unless it was sent that version.
func (p *Policies) configure(ctx context.Context, conn *mqtt.Conn, one *registry.Configuration) error {
	last := p.sent[one.Till]
	if last.configs == one.Document.Version {
		return nil
	}
	d := *one.Document
	d.Till, d.At = one.Till, time.Now().UnixMilli()
	message, err := provision.Seal(&d, p.Signer)
	if err != nil {
		return err
	}
	if err := conn.PublishRetained(ctx, wire.Topic{Merchant: one.Merchant, Till: one.Till}.On(wire.DownConfig), message); err != nil {
		return err
	}
	last.configs = d.Version
	p.sent[one.Till] = last
	return nil
}
