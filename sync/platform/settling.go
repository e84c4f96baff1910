package platform

import (
	"context"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/settle"
)

// openSettle makes ready what reads acquirers' statements and computes settlements.
func (s *Service) openSettle(ctx context.Context) error {
	statements, err := settle.Open(ctx, s.db)
	if err != nil {
		return unusable("database_unusable", "The acquirers' statements cannot be kept.", err)
	}
	source := s.config.Source()
	source.DB, source.Registry, source.Statements, source.Work = s.db, s.registry, statements, s.work
	s.parts = append(s.parts, source)
	return nil
}

// Source is what the configuration knows of tills, merchants and acquirers, for whoever compares or settles. Database and tables are the caller's to add.
func (c *Config) Source() *settle.Source {
	s := &settle.Source{Keys: map[pos.TillID][]cose.PublicKey{}, Owners: map[pos.TillID]pos.MerchantID{}, Schemes: map[string]string{}, Limits: c.Late.limits()}
	for _, m := range c.Merchants {
		for _, t := range m.Tills {
			if key, err := cose.ParsePublicKey(t.PublicKey); err == nil { // LoadConfig has checked it
				s.Keys[t.Till] = append(s.Keys[t.Till], key)
			}
			s.Owners[t.Till] = m.Merchant
		}
	}
	for i := len(c.Acquirers) - 1; i >= 0; i-- { // the first one that takes a scheme counts
		for _, scheme := range c.Acquirers[i].Schemes {
			s.Schemes[scheme] = c.Acquirers[i].Name
		}
	}
	return s
}
