package engine_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// amounts are what a reader was told of sales.
type amounts struct {
	mu   sync.Mutex
	list []pos.Minor
}

var _ drivers.Armer = (*swiper)(nil)

// Arm notes what the next card pays.
func (r *swiper) Arm(amount pos.Money) {
	r.told.mu.Lock()
	defer r.told.mu.Unlock()
	if n := len(r.told.list); n == 0 || r.told.list[n-1] != amount.Amount {
		r.told.list = append(r.told.list, amount.Amount)
	}
}

func (r *swiper) wantTold(want ...pos.Minor) {
	r.t.Helper()
	synctest.Wait()
	r.told.mu.Lock()
	defer r.told.mu.Unlock()
	if !slices.Equal(r.told.list, want) {
		r.t.Errorf("the reader was told of %v, not of %v", r.told.list, want)
	}
}

// A reader that asks for cards by itself is told of each sale, and of its end, however that comes.
func TestAReaderIsToldOfEachSale(t *testing.T) {
	readerShop(t, func(s *shop, r *swiper, c *centre) {
		r.wantTold(0)
		c.authorise = paysAfter(t, time.Second)
		p := s.begin(s.card(1250))
		r.wantTold(0, 1250)
		r.swipe("1111")
		s.status(s.outcome(p.Intent.Payment), pos.Approved)
		r.wantTold(0, 1250, 0)

		p = s.begin(s.card(700))
		if _, err := s.engine.Cancel(p.Intent.Payment); err != nil {
			t.Fatal(err)
		}
		r.wantTold(0, 1250, 0, 700, 0)

		s.begin(s.card(800))
		<-time.After(3 * time.Minute) // forgotten
		r.wantTold(0, 1250, 0, 700, 0, 800, 0)

		s.begin(s.card(900))
		r.pull()
		r.wantTold(0, 1250, 0, 700, 0, 800, 0, 900, 0)
	})
}
