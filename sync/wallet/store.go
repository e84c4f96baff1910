package wallet

import (
	"context"

	"github.com/tillproof/tillproof/pos"
)

// Store keeps tasks and results durably. Many goroutines use it at once, but the loop never commits one task from two of them.
type Store interface {
	// Commit stores a task, new or changed, and appends its new results (often none) in their order to those of task.Till: all of
	// it or nothing, and on disk when it returns nil. After an error either may be the case; the loop reads the task again before
	// it acts.
	Commit(ctx context.Context, task Task, results []Result) error

	// Task reads one task; false says that there is none.
	Task(ctx context.Context, payment pos.PaymentID) (Task, bool, error)

	// Results lists the results of one payment in their order.
	Results(ctx context.Context, payment pos.PaymentID) ([]Result, error)

	// Due lists the limit tasks with the smallest Next above 0, smallest first, whether or not their time has come.
	Due(ctx context.Context, limit int) ([]Due, error)
}

// Due says when a task wants to be acted upon.
type Due struct {
	Payment pos.PaymentID
	Next    int64 // milliseconds since 1970-01-01 UTC, never 0
}
