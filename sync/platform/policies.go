package platform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/policy"
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

// document is the policy for one till and one life of its journal.
func (c *PolicyConfig) document(till pos.TillID, epoch pos.Epoch) *policy.Document {
	d := &policy.Document{Till: till, Epoch: epoch, Version: c.Version, IssuedAt: clock(), Currency: c.Currency, Default: c.Default, Limits: c.Limits,
		Hotlist: c.Hotlist}
	if !c.EndsAt.IsZero() {
		d.EndsAt = c.EndsAt.UnixMilli()
	}
	return d
}

// checkPolicies returns the YAML path of the first policy that cannot be used, and why.
func (c *Config) checkPolicies() (at string, err error) {
	seen := map[pos.TillID]bool{}
	for i := range c.Policies {
		p, at := &c.Policies[i], fmt.Sprintf("$.policies[%d]", i)
		if err := p.document("", pos.Epoch{}).Check(); err != nil {
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
	policyEvery = 2 * time.Second  // the pause between two looks at the tills' epochs
	policyAgain = 10 * time.Minute // all are sent again: a broker may lose what it keeps
)

// publisher sends the tills their policies, each bound to the life of the journal that the ledger knows, again after each connection and for each new
// life. The broker keeps the last one, so that a till finds it whenever it comes.
type publisher struct {
	*intake
	ledger *Ledger
	conn   *mqtt.Conn               // that the policies of sent went through
	sent   map[pos.TillID]pos.Epoch // the epoch that a till's policy names
	since  time.Time                // of sent
}

// run works until the context ends. What fails is tried again.
func (p *publisher) run(ctx context.Context) {
	if len(p.config.Policies) == 0 {
		return
	}
	tick := time.NewTicker(policyEvery)
	defer tick.Stop()
	for {
		if err := p.publishAll(ctx); err != nil && ctx.Err() == nil {
			p.opts.Log.Warn("policies were not sent; they are tried again", "error", err)
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
		p.conn, p.sent, p.since = conn, map[pos.TillID]pos.Epoch{}, time.Now()
	}
	epochs := map[pos.TillID]pos.Epoch{}
	for m, err := range p.ledger.Marks(ctx) {
		if err != nil {
			return err
		}
		epochs[m.Till] = m.Head.Epoch // the latest: epochs come in their order
	}
	var errs []error
	for i := range p.config.Policies {
		for _, till := range p.config.tillsOf(&p.config.Policies[i]) {
			if epoch, known := epochs[till]; known && p.sent[till] != epoch {
				errs = append(errs, p.publish(ctx, conn, &p.config.Policies[i], till, epoch))
			}
		}
	}
	return errors.Join(errs...)
}

func (p *publisher) publish(ctx context.Context, conn *mqtt.Conn, c *PolicyConfig, till pos.TillID, epoch pos.Epoch) error {
	message, err := policy.Seal(c.document(till, epoch), p.signer)
	if err != nil {
		return err
	}
	topic := wire.Topic{Merchant: c.Merchant, Till: till}.On(wire.DownPolicy)
	if err := conn.PublishRetained(ctx, topic, message); err != nil {
		return err
	}
	p.sent[till] = epoch
	return nil
}
