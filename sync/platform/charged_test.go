package platform

import (
	"sync"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/platform/work"
	"github.com/tillproof/tillproof/sync/wire"
)

// orderOf is a card sale of n cents for an order that costs so much.
func orderOf(j *outboxtest.Journal, n int, order pos.OrderRef, costs pos.Minor) {
	first := intent(n).(*record.Intent)
	first.Order, first.OrderAmount = order, &costs
	j.Commit(first, result(n, pos.Approved), confirmed(n))
}

// TestAnOrderThatTwoTillsHaveCharged, at the same time too: both payments stay, and one item says so.
func TestAnOrderThatTwoTillsHaveCharged(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		one, two := outboxtest.New("till-1"), outboxtest.New("till-2")
		orderOf(one, 100, "shared", 200) // 105 and 95 are taken: no more than it costs
		orderOf(two, 90, "shared", 200)
		orderOf(one, 300, "twice", 305)
		orderOf(two, 301, "twice", 305)
		orderOf(one, 400, "other", 405)
		b := newBenchAt(t, address, one, two)
		var err error
		if b.custody.work, err = work.Open(t.Context(), b.custody.db); err != nil {
			t.Fatal(err)
		}
		b.custody.merchant = func(pos.TillID) pos.MerchantID { return "shop" }
		var group sync.WaitGroup
		for j, last := range map[*outboxtest.Journal]int{one: 9, two: 6} {
			d, err := b.tills.Verify(j.Till, encode(t, cut(t, j, j.Head().Epoch, 1, last)))
			if err != nil {
				t.Fatal(err)
			}
			group.Go(func() {
				if acks, err := b.custody.Take(t.Context(), d); err != nil || acks[0].State != wire.AckOK {
					t.Errorf("%v %v", acks, err)
				}
			})
		}
		group.Wait()
		list, _, err := b.custody.work.List(t.Context(), work.Filter{})
		if err != nil || len(list) != 1 || list[0].Kind != work.OrderChargedTwice || list[0].Order != "twice" || list[0].Money.Amount != 306 {
			t.Errorf("%+v %v", list, err)
		}
		b.shows(one, two)
	})
}

// TestAPersonIsToldOfForksAndOfWhatIsHeld once, in the transaction that takes them.
func TestAPersonIsToldOfForksAndOfWhatIsHeld(t *testing.T) {
	j := threeSales("till-1")
	clone := j.Clone()
	sale(j, 4)
	sale(clone, 5)
	j.Commit(&strange{Text: "from the future"})
	b := newBench(t, j)
	var err error
	if b.custody.work, err = work.Open(t.Context(), b.custody.db); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		expect(t, "held", b.send(j, 1, 13), wire.AckHeld, 13, 13)
		expect(t, "fork", b.send(clone, 10, 12), wire.AckFork, 13)
	}
	list, _, err := b.custody.work.List(t.Context(), work.Filter{})
	if err != nil || len(list) != 2 || list[0].Kind == list[1].Kind {
		t.Errorf("%+v %v", list, err)
	}
}
