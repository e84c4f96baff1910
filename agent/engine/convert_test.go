package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// TestADateWithoutAYearIsCompletedAndSaysSo: ZVT tells month and day; the journal holds the year that is nearest to the till's clock, and that it was guessed.
func TestADateWithoutAYearIsCompletedAndSaysSo(t *testing.T) {
	inShop(t, func(s *shop) {
		p := s.pay(s.card(100))
		s.status(p, pos.Approved)
		if d := p.Decision; !d.DateGuessed || !strings.HasPrefix(d.Date, time.Now().UTC().Format("2006-")) {
			t.Errorf("%+v", p.Decision)
		}
	}, zvtsim.Options{})
}
