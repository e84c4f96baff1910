package platform

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"

	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/platform/health"
	"github.com/tillproof/tillproof/sync/platform/presence"
	"github.com/tillproof/tillproof/sync/wire"
)

// openOperate opens what tells people how the platform is.
func (s *Service) openOperate(ctx context.Context) (err error) {
	if s.health, err = health.Open(ctx, s.db, broker.PlatformPrefix+strings.ToLower(rand.Text()[:12])); err != nil {
		return err
	}
	s.presence, err = presence.Open(ctx, s.db, s.codec, s.tills.book.Knows, &s.meter.gaps)
	return err
}

// heard takes a message of up/birth. One that cannot be believed is logged for people and changes nothing.
func (s *Service) heard(topic wire.Topic, message []byte) {
	if err := s.presence.Receive(topic, message); err != nil {
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
