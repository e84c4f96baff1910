package platform

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/wire"
)

// openOperate opens what tells people how the platform is.
func (s *Service) openOperate(ctx context.Context) (err error) {
	if s.health, err = openHealth(ctx, s.db, broker.PlatformPrefix+strings.ToLower(rand.Text()[:12])); err != nil {
		return err
	}
	if s.presence, err = openPresence(ctx, s.db, s.codec, s.tills.knows); err == nil {
		s.presence.gaps = &s.meter.gaps
	}
	return err
}

// knows says whether a till is enrolled.
func (t *Tills) knows(till pos.TillID) bool {
	_, known := t.keysOf(till)
	return known
}

// count is the number of tills that are enrolled.
func (t *Tills) count() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.keys)
}

// heard takes a message of up/birth. One that cannot be believed is logged for people and changes nothing.
func (s *Service) heard(topic wire.Topic, message []byte) {
	if err := s.presence.receive(topic, message); err != nil {
		s.opts.Log.Debug("a till's word of its presence is ignored", "till", topic.Till, "error", err)
	}
}

func (s *Service) unkept(err error) {
	s.opts.Log.Warn("which tills are there was not written down; it is tried again", "error", err)
}

func (s *Service) unwritten(err error) {
	s.opts.Log.Error("the database takes no writes; the tills keep their records until it does", "error", err)
}

// fault is the word for what keeps a message from being answered.
func fault(err error) string {
	switch {
	case errors.Is(err, ErrForged):
		return "forged"
	case errors.Is(err, ErrBroken):
		return "broken"
	}
	return "failed"
}
