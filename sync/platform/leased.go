package platform

import "github.com/tillproof/tillproof/pos"

// leased says whether this replica answers for a till. With one replica that is always so. A call of another replica's till is left alone: it has come there
// too, and an answer from here could be the second one.
func (s *Service) leased(till pos.TillID) bool { return s.holds == nil || s.holds(till) }
