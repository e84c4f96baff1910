package journal_test

import (
	"fmt"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

// orders names the orders and attempts of a page.
func orders(t *testing.T, j *journal.Journal, q journal.Query) (names []string, last pos.PaymentID) {
	t.Helper()
	list, err := j.Views().List(q)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		names = append(names, fmt.Sprintf("%s/%d", p.Intent.Order, p.Intent.Attempt))
		last = p.Intent.Payment
	}
	return names, last
}

func TestListPagesNewestFirst(t *testing.T) {
	j := open(t, t.TempDir())
	for n := range 7 {
		_, bodies := cashSale(fmt.Sprintf("order-%d", n), 100)
		if n == 3 {
			bodies = bodies[:1]
		}
		if _, err := j.Append(bodies...); err != nil {
			t.Fatal(err)
		}
	}
	_, again := cashSale("order-1", 100)
	again[0].(*record.Intent).Attempt = 2
	if _, err := j.Append(again...); err != nil {
		t.Fatal(err)
	}
	first, last := orders(t, j, journal.Query{Limit: 5})
	second, end := orders(t, j, journal.Query{Limit: 5, Before: last})
	if got := fmt.Sprint(first, second); got != "[order-1/2 order-6/1 order-5/1 order-4/1 order-3/1] [order-2/1 order-1/1 order-0/1]" {
		t.Errorf("pages %s", got)
	}
	for want, q := range map[string]journal.Query{
		"[]":                    {Limit: 5, Before: end},
		"[order-1/2 order-1/1]": {Limit: 5, Order: "order-1"},
		"[order-1/2]":           {Limit: 1, Order: "order-1"},
		"[order-3/1]":           {Limit: 5, Status: pos.Pending},
		"[order-6/1]":           {Limit: 5, Order: "order-6", Status: pos.Approved},
		"[order-1/2 order-6/1]": {Limit: 2, Status: pos.Approved},
	} {
		if got, _ := orders(t, j, q); fmt.Sprint(got) != want {
			t.Errorf("%+v: %v, want %s", q, got, want)
		}
	}
	if got, _ := orders(t, j, journal.Query{Limit: 5, From: 1 << 60}); len(got) != 0 {
		t.Errorf("from the far future: %v", got)
	}
}

func TestAttemptsOfAnOrderFromFileAndMemory(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	sell := func(order pos.OrderRef, attempt pos.Attempt) {
		_, bodies := cashSale(string(order), 100)
		bodies[0].(*record.Intent).Attempt = attempt
		if _, err := j.Append(bodies...); err != nil {
			t.Fatal(err)
		}
	}
	sell("order-1", 1)
	sell("order-1", 300)
	sell("order-10", 1)
	closeAndVerify(t, j, dir) // writes the views to their file
	j = open(t, dir)
	sell("order-1", 2)
	list, err := j.Views().Attempts("order-1")
	if err != nil {
		t.Fatal(err)
	}
	var attempts []pos.Attempt
	for _, p := range list {
		attempts = append(attempts, p.Intent.Attempt)
	}
	if fmt.Sprint(attempts) != "[1 2 300]" {
		t.Errorf("attempts %v", attempts)
	}
	if list, err := j.Views().Attempts("nobody"); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}
