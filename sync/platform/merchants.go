package platform

import (
	"context"
	"sync/atomic"

	"github.com/tillproof/tillproof/pos"
)

// merchants says whose a till is. It is safe for concurrent use and never waits; the zero value knows nobody.
type merchants struct {
	by atomic.Pointer[map[pos.TillID]pos.MerchantID]
}

// of is the merchant of a till, "" when nobody knows it.
func (m *merchants) of(till pos.TillID) pos.MerchantID {
	if by := m.by.Load(); by != nil {
		return (*by)[till]
	}
	return ""
}

// know takes over whose the tills are.
func (m *merchants) know(by map[pos.TillID]pos.MerchantID) { m.by.Store(&by) }

// learnMerchants reads whose the tills are.
func (s *Service) learnMerchants(ctx context.Context) error {
	by, err := s.owners(ctx)
	if err == nil {
		s.merchants.know(by)
	}
	return err
}

// owners lists all tills and whose they are.
func (s *Service) owners(ctx context.Context) (map[pos.TillID]pos.MerchantID, error) {
	enrolled, err := s.enrolled()
	if err != nil {
		return nil, err
	}
	return enrolled.Owners(ctx)
}
