package overtake

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type parcel struct {
	till    string
	n       int // of the till
	records int
}

func line() *Queue[parcel] {
	return New(Limits{Waiting: 8, Items: 4, Records: 1000, Small: 10, Beside: 500}, func(p parcel) string { return p.till }, func(p parcel) int { return p.records })
}

func (p parcel) String() string { return fmt.Sprintf("%s%d", p.till, p.n) }

func put(t *testing.T, q *Queue[parcel], list ...parcel) {
	t.Helper()
	for _, p := range list {
		if err := q.Put(context.Background(), p); err != nil {
			t.Fatal(err)
		}
	}
}

func takes(t *testing.T, q *Queue[parcel], want string) {
	t.Helper()
	got, err := q.Take(context.Background())
	if err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v, %v; want %s", got, err, want)
	}
}

// TestASaleOvertakesAnEvening: small ones come first, in turns with large ones, which are handed out in smaller groups then.
func TestASaleOvertakesAnEvening(t *testing.T) {
	q := line()
	put(t, q, parcel{"a", 1, 500}, parcel{"a", 2, 500}, parcel{"a", 3, 500}, parcel{"b", 1, 3})
	takes(t, q, "[b1]")
	put(t, q, parcel{"b", 2, 3})
	takes(t, q, "[a1]")
	takes(t, q, "[b2]")
	takes(t, q, "[a2]")
	takes(t, q, "[a3]")
}

func TestAnEveningAloneGoesInLargeGroups(t *testing.T) {
	q := line()
	put(t, q, parcel{"a", 1, 500}, parcel{"c", 1, 500}, parcel{"a", 2, 500})
	takes(t, q, "[a1 c1]")
	takes(t, q, "[a2]")
	put(t, q, parcel{"a", 3, 11}, parcel{"b", 1, 11}, parcel{"c", 2, 11}, parcel{"d", 1, 11}, parcel{"e", 1, 11})
	takes(t, q, "[a3 b1 c2 d1]")
	takes(t, q, "[e1]")
}

// TestATillOvertakesNotItself: the platform would find a gap.
func TestATillOvertakesNotItself(t *testing.T) {
	q := line()
	put(t, q, parcel{"a", 1, 500}, parcel{"a", 2, 500}, parcel{"a", 3, 500}, parcel{"a", 4, 3}, parcel{"b", 1, 1}, parcel{"a", 5, 3})
	takes(t, q, "[b1]")
	takes(t, q, "[a1]")
	takes(t, q, "[a2 a3]")
	takes(t, q, "[a4 a5]")
	put(t, q, parcel{"c", 1, 500}, parcel{"a", 6, 3}) // it has nothing large before it any more
	takes(t, q, "[a6]")
	takes(t, q, "[c1]")
	if q.Len() != 0 {
		t.Error(q.Len())
	}
}

// TestAnEveningOvertakesNotItsOwnSale: after a group of small ones it is the large ones' turn, and what the same till has sent before comes before it.
func TestAnEveningOvertakesNotItsOwnSale(t *testing.T) {
	q := line()
	put(t, q, parcel{"b", 1, 1})
	takes(t, q, "[b1]")
	put(t, q, parcel{"a", 1, 3}, parcel{"b", 2, 1}, parcel{"a", 2, 500})
	takes(t, q, "[a1 a2]")
	takes(t, q, "[b2]")
	put(t, q, parcel{"a", 3, 3})
	takes(t, q, "[a3]")
}

func TestWhoBringsTooMuchWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := line()
		for n := range 8 {
			put(t, q, parcel{"a", n, 500})
		}
		ctx, cancel := context.WithCancel(context.Background())
		brought, dropped := make(chan error, 1), make(chan error, 1)
		go func() { dropped <- q.Put(ctx, parcel{"x", 1, 1}) }()
		synctest.Wait()
		cancel()
		if err := <-dropped; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		go func() { brought <- q.Put(context.Background(), parcel{"b", 1, 1}) }()
		synctest.Wait()
		takes(t, q, "[a0 a1]")
		if err := <-brought; err != nil {
			t.Error(err)
		}
		takes(t, q, "[b1]")
	})
}

func TestTheEndOfTheContextEndsTheWaitForItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		go func() { synctest.Wait(); cancel() }()
		if _, err := line().Take(ctx); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
