package wallet_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/wallet"
)

// memory is what stays when a platform dies: tasks as JSON, as a real store would keep them, and the results of each till in
// order.
type memory struct {
	mu      sync.Mutex
	tasks   map[pos.PaymentID][]byte
	next    map[pos.PaymentID]int64
	results map[pos.PaymentID][]wallet.Result
	numbers map[pos.TillID]int
}

func newMemory() *memory {
	return &memory{tasks: map[pos.PaymentID][]byte{}, next: map[pos.PaymentID]int64{}, results: map[pos.PaymentID][]wallet.Result{},
		numbers: map[pos.TillID]int{}}
}

func (m *memory) Commit(_ context.Context, task wallet.Task, results []wallet.Result) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	raw, err := json.Marshal(task)
	if err != nil {
		return err
	}
	m.tasks[task.Payment] = raw
	delete(m.next, task.Payment)
	if task.Next > 0 {
		m.next[task.Payment] = task.Next
	}
	m.results[task.Payment] = append(m.results[task.Payment], results...)
	m.numbers[task.Till] += len(results)
	return nil
}

func (m *memory) Task(_ context.Context, payment pos.PaymentID) (wallet.Task, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	raw, found := m.tasks[payment]
	if !found {
		return wallet.Task{}, false, nil
	}
	var task wallet.Task
	return task, true, json.Unmarshal(raw, &task)
}

func (m *memory) Results(_ context.Context, payment pos.PaymentID) ([]wallet.Result, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.results[payment]), nil
}

func (m *memory) Due(_ context.Context, limit int) ([]wallet.Due, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	due := make([]wallet.Due, 0, len(m.next))
	for payment, next := range m.next {
		due = append(due, wallet.Due{Payment: payment, Next: next})
	}
	slices.SortFunc(due, func(a, b wallet.Due) int { return cmp.Compare(a.Next, b.Next) })
	return due[:min(limit, len(due))], nil
}

var errStore = errors.New("store: gone")

// handle is one process's way to the memory. Its commits may fail before or after they were carried out, and a dead one does
// nothing.
type handle struct {
	*memory
	mu     sync.Mutex
	dead   bool
	before func(wallet.Task) bool // whether the commit fails without being carried out; may kill
	after  func(wallet.Task) bool // whether it fails although it was carried out; may kill
}

func (h *handle) kill() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dead = true
}

func (h *handle) gone() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.dead
}

func (h *handle) Commit(ctx context.Context, task wallet.Task, results []wallet.Result) error {
	if h.gone() || h.before != nil && h.before(task) {
		return errStore
	}
	if err := h.memory.Commit(ctx, task, results); err != nil {
		return err
	}
	if h.after != nil && h.after(task) {
		return errStore
	}
	return nil
}

func (h *handle) Task(ctx context.Context, payment pos.PaymentID) (wallet.Task, bool, error) {
	if h.gone() {
		return wallet.Task{}, false, errStore
	}
	return h.memory.Task(ctx, payment)
}

func (h *handle) Due(ctx context.Context, limit int) ([]wallet.Due, error) {
	if h.gone() {
		return nil, errStore
	}
	return h.memory.Due(ctx, limit)
}
