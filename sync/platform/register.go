package platform

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/office"
	"github.com/tillproof/tillproof/sync/platform/registry"
	"github.com/tillproof/tillproof/web"
)

// openOffice opens the registry, puts in what the configuration names, and makes the back office.
func (s *Service) openOffice(ctx context.Context) (err error) {
	if s.registry, err = registry.Open(ctx, s.db); err != nil {
		return unusable("database_unusable", "The registry of merchants and tills cannot be used.", err)
	}
	if err := s.config.Seed(ctx, s.registry); err != nil {
		return err
	}
	s.office, err = office.New(office.Options{DB: s.db, Registry: s.registry, Loopback: s.onlyHere(), Version: s.opts.Version, Log: s.opts.Log})
	return err
}

// onlyHere says whether the HTTP address is reached from this machine only.
func (s *Service) onlyHere() bool {
	host, _, err := net.SplitHostPort(s.config.Listen)
	return err == nil && web.Loopback(host)
}

// Seed puts the configuration's merchants, tills and policies into the registry; see [registry.Registry.Seed].
func (c *Config) Seed(ctx context.Context, r *registry.Registry) error {
	things, err := c.things()
	if err != nil {
		return err
	}
	if err := r.Seed(ctx, things); err != nil {
		if e := (*pos.Error)(nil); errors.As(err, &e) {
			return invalid("merchants or policies", err)
		}
		return unusable("database_unusable", "The registry of merchants and tills cannot be written.", err)
	}
	return nil
}

// things are what the configuration names, merchants before their tills and those before their policies.
func (c *Config) things() (list []registry.Thing, err error) {
	for _, m := range c.Merchants {
		list = append(list, &registry.Merchant{Merchant: m.Merchant})
		tills, err := m.tills()
		if err != nil {
			return nil, err
		}
		for i := range tills {
			list = append(list, &tills[i])
		}
	}
	for i := range c.Policies {
		list = append(list, c.Policies[i].limit(fmt.Sprintf("configuration-%d", i+1)))
	}
	return list, nil
}
