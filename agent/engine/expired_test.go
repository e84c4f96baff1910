package engine_test

import (
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// The payment of an order has left the journal after its retention: the order is not charged again, by no attempt.
func TestAnOrderThatHasLeftTheJournalIsNotChargedAgain(t *testing.T) {
	inShop(t, func(s *shop) {
		hash := record.HashOrder(pos.OrderKey{Order: "old", Attempt: 1})
		if _, err := s.journal.Append(&record.Carry{Part: 1, Orders: []record.CarriedOrder{{Day: 20_000, Hashes: hash[:]}}}); err != nil {
			t.Fatal(err)
		}
		for _, attempt := range []pos.Attempt{1, 2} {
			r := s.cash(500)
			r.Order, r.Attempt = "old", attempt
			s.refuses(r, "order_expired")
		}
		s.status(s.begin(s.cash(500)), pos.Approved)
	})
}
