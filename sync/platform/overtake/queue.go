// Package overtake is the queue before the ledger: a sale that was made just now does not wait for the evening that another till brings, and what one till
// sends stays in its order.
package overtake

import (
	"context"
	"sync"
)

// Limits of what is handed out at once.
type Limits struct {
	Waiting int // items that wait; more of them block who brings them
	Items   int // in one group
	Records int // in one group, once they are reached
	Small   int // records of an item that may overtake, at most
	Beside  int // records in a group of large items while small ones come, once they are reached
}

// Queue orders items of tills for one taker. Put may be called by many goroutines at once.
type Queue[T any] struct {
	limits  Limits
	till    func(T) string
	records func(T) int

	mu      sync.Mutex
	small   []T
	large   []T
	behind  map[string]int // items of a till in large: its small ones must not overtake those
	lately  bool           // the last group was of small ones
	changed chan struct{}  // closed and replaced at every change
}

// New makes an empty queue. till says whose an item is, records how large it is.
func New[T any](limits Limits, till func(T) string, records func(T) int) *Queue[T] {
	return &Queue[T]{limits: limits, till: till, records: records, behind: map[string]int{}, changed: make(chan struct{})}
}

// Len is how many items wait.
func (q *Queue[T]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.small) + len(q.large)
}

// Put brings an item, and waits while there is no room. It fails only at the end of ctx; the item is dropped then.
func (q *Queue[T]) Put(ctx context.Context, item T) error {
	return q.when(ctx, func() bool {
		if len(q.small)+len(q.large) >= q.limits.Waiting {
			return false
		}
		if till := q.till(item); q.records(item) <= q.limits.Small && q.behind[till] == 0 {
			q.small = append(q.small, item)
		} else {
			q.hold(till)
			q.large = append(q.large, item)
			q.behind[till]++
		}
		return true
	})
}

// hold takes the small items of a till out of the fast queue, in front of the large one that comes now: it must not overtake them either.
func (q *Queue[T]) hold(till string) {
	fast := make([]T, 0, len(q.small))
	for _, item := range q.small {
		if q.till(item) != till {
			fast = append(fast, item)
			continue
		}
		q.large = append(q.large, item)
		q.behind[till]++
	}
	q.small = fast
}

// Take waits for items and hands out those whose turn it is: small ones first, and behind each group of them one of large ones, so that nobody waits for
// ever. It fails only at the end of ctx.
func (q *Queue[T]) Take(ctx context.Context) (group []T, err error) {
	err = q.when(ctx, func() bool {
		switch {
		case len(q.small) > 0 && (!q.lately || len(q.large) == 0):
			group, q.small = q.cut(q.small, q.limits.Records)
			q.lately = true
		case len(q.large) > 0:
			most := q.limits.Records
			if q.lately || len(q.small) > 0 {
				most = q.limits.Beside
			}
			group, q.large = q.cut(q.large, most)
			q.lately = false
			for _, item := range group {
				if till := q.till(item); q.behind[till] > 1 {
					q.behind[till]--
				} else {
					delete(q.behind, till)
				}
			}
		}
		return len(group) > 0
	})
	return group, err
}

// cut takes items from the front until there are records enough.
func (q *Queue[T]) cut(from []T, records int) (group, rest []T) {
	n := 0
	for sum := 0; n < len(from) && n < q.limits.Items && sum < records; n++ {
		sum += q.records(from[n])
	}
	return from[:n:n], from[n:]
}

// when waits until f does something, and tells the others.
func (q *Queue[T]) when(ctx context.Context, f func() bool) error {
	for {
		q.mu.Lock()
		changed, done := q.changed, f()
		if done {
			close(q.changed)
			q.changed = make(chan struct{})
		}
		q.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}
