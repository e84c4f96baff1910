package platform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/platform/registry"
	"github.com/tillproof/tillproof/sync/policy"
	"github.com/tillproof/tillproof/sync/provision"
	"github.com/tillproof/tillproof/sync/wire"
)

// PolicyConfig is an offline policy for some tills. Amounts are minor units of its currency.
type PolicyConfig struct {
	Merchant pos.MerchantID  `yaml:"merchant"`
	Tills    []pos.TillID    `yaml:"tills,omitempty"` // of the merchant; none named: all of them
	Version  uint64          `yaml:"version"`         // from 1; a change needs a higher one
	EndsAt   time.Time       `yaml:"ends_at,omitempty"`
	Currency pos.Currency    `yaml:"currency"`
	Default  policy.Choice   `yaml:"default"` // require_online, ask or allow
	Limits   []policy.Limit  `yaml:"limits"`
	Hotlist  *policy.Hotlist `yaml:"hotlist,omitempty"`
}

// limit is the policy as the registry keeps it.
func (c *PolicyConfig) limit(id string) *registry.Limit {
	return &registry.Limit{ID: id, Merchant: c.Merchant, Tills: c.Tills, Version: c.Version, EndsAt: c.EndsAt, Currency: c.Currency, Default: c.Default,
		Limits: c.Limits, Hotlist: c.Hotlist}
}

// checkPolicies returns the YAML path of the first policy that cannot be used, and why.
func (c *Config) checkPolicies() (at string, err error) {
	seen := map[pos.TillID]bool{}
	for i := range c.Policies {
		p, at := &c.Policies[i], fmt.Sprintf("$.policies[%d]", i)
		if err := p.limit("").Document().Check(); err != nil {
			return at, err
		}
		tills := c.tillsOf(p)
		if len(tills) == 0 {
			return at, fmt.Errorf("merchant %q has no such tills", p.Merchant)
		}
		for _, t := range tills {
			if seen[t] {
				return at, fmt.Errorf("till %s has two policies", t)
			}
			seen[t] = true
		}
	}
	return "", nil
}

// tillsOf lists the tills that a policy is for; none when it names one that the merchant has not.
func (c *Config) tillsOf(p *PolicyConfig) (list []pos.TillID) {
	for _, m := range c.Merchants {
		if m.Merchant != p.Merchant {
			continue
		}
		for _, t := range m.Tills {
			if len(p.Tills) == 0 || slices.Contains(p.Tills, t.Till) {
				list = append(list, t.Till)
			}
		}
	}
	if len(p.Tills) > 0 && len(list) != len(p.Tills) {
		return nil
	}
	return list
}

const (
	policyEvery = 2 * time.Second  // the pause between two looks at the registry and the tills' epochs
	policyAgain = 10 * time.Minute // all are sent again: a broker may lose what it keeps
)

// published is what a till was sent last.
type published struct {
	epoch           pos.Epoch // that its policy names
	policy, configs uint64    // versions
}

// publisher sends the tills their policies, each bound to the life of the journal that the ledger knows, and their configurations: again after each
// connection, for each new life and for each change in the registry. The broker keeps the last one, so that a till finds it whenever it comes.
type publisher struct {
	*intake
	ledger *Ledger
	conn   *mqtt.Conn               // that what stands in sent went through
	sent   map[pos.TillID]published // by till
	since  time.Time                // of sent

	version  uint64 // of the registry, that policies and settings are of
	policies []registry.Policy
	settings []registry.Configuration
}

// run works until the context ends. What fails is tried again.
func (p *publisher) run(ctx context.Context) {
	tick := time.NewTicker(policyEvery)
	defer tick.Stop()
	for {
		if err := p.publishAll(ctx); err != nil && ctx.Err() == nil {
			p.opts.Log.Warn("policies or configurations were not sent; they are tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (p *publisher) publishAll(ctx context.Context) error {
	conn := p.intake.conn.Load()
	if conn == nil {
		return nil
	}
	if conn != p.conn || time.Since(p.since) > policyAgain {
		p.conn, p.sent, p.since = conn, map[pos.TillID]published{}, time.Now()
	}
	if err := p.refresh(ctx); err != nil {
		return err
	}
	errs := []error{p.publishPolicies(ctx, conn)}
	for i := range p.settings {
		errs = append(errs, p.configure(ctx, conn, &p.settings[i]))
	}
	return errors.Join(errs...)
}

// refresh reads the registry anew where it has changed.
func (p *publisher) refresh(ctx context.Context) error {
	version, err := p.registry.Version(ctx)
	if err != nil || version == p.version {
		return err
	}
	policies, err := p.registry.Policies(ctx)
	if err != nil {
		return err
	}
	settings, err := p.registry.Configurations(ctx)
	if err != nil {
		return err
	}
	p.version, p.policies, p.settings = version, policies, settings
	return nil
}

func (p *publisher) publishPolicies(ctx context.Context, conn *mqtt.Conn) error {
	if len(p.policies) == 0 {
		return nil
	}
	epochs := map[pos.TillID]pos.Epoch{}
	for m, err := range p.ledger.Marks(ctx) {
		if err != nil {
			return err
		}
		epochs[m.Till] = m.Head.Epoch // the latest: epochs come in their order
	}
	var errs []error
	for i := range p.policies {
		one := &p.policies[i]
		epoch, known := epochs[one.Till]
		if last := p.sent[one.Till]; known && (last.epoch != epoch || last.policy != one.Document.Version) {
			errs = append(errs, p.publish(ctx, conn, one, epoch))
		}
	}
	return errors.Join(errs...)
}

func (p *publisher) publish(ctx context.Context, conn *mqtt.Conn, one *registry.Policy, epoch pos.Epoch) error {
	d := *one.Document
	d.Till, d.Epoch, d.IssuedAt = one.Till, epoch, clock()
	message, err := policy.Seal(&d, p.signer)
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
func (p *publisher) configure(ctx context.Context, conn *mqtt.Conn, one *registry.Configuration) error {
	last := p.sent[one.Till]
	if last.configs == one.Document.Version {
		return nil
	}
	d := *one.Document
	d.Till, d.At = one.Till, clock()
	message, err := provision.Seal(&d, p.signer)
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
