package platform

import (
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/registry"
	"github.com/tillproof/tillproof/sync/policy"
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
