package work_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/platform/work"
)

// list is the work of one test.
type list struct {
	*work.Work
	t  *testing.T
	db *database.DB
}

func open(t *testing.T, address string) *list {
	db, err := database.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w, err := work.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return &list{w, t, db}
}

// item is a refused offline approval with so many tries left.
func item(n int, left int) work.Item {
	return work.Item{Kind: work.ForwardDeclined, Merchant: "shop", Till: "till-1", Payment: pos.PaymentID{5: byte(n), 6: 0x70, 8: 0x80}, Order: pos.OrderRef(fmt.Sprint("O-", n)),
		Money: pos.Money{Amount: pos.Minor(100 + n), Currency: "EUR"}, Reason: "51", Text: "Not enough money.", Deadline: time.Now().Add(time.Hour).UnixMilli(),
		Tries: 1, TriesAllowed: 1 + left}
}

func (l *list) add(i work.Item) (added bool) {
	l.t.Helper()
	l.tx(func(tx *database.Tx) (err error) {
		added, err = l.Add(l.t.Context(), tx, i)
		return err
	})
	return added
}

func (l *list) tx(f func(*database.Tx) error) {
	l.t.Helper()
	if err := l.db.Transact(l.t.Context(), f); err != nil {
		l.t.Fatal(err)
	}
}

// only is the one item of a payment.
func (l *list) only(payment pos.PaymentID) work.Item {
	l.t.Helper()
	items, _, err := l.List(l.t.Context(), work.Filter{Payment: payment})
	if err != nil || len(items) != 1 {
		l.t.Fatalf("%+v %v", items, err)
	}
	return items[0]
}

func TestOnBothDatabases(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		l := open(t, address)
		t.Run("life of an item", l.life)
		t.Run("one retry at a time", l.oneRetryAtATime)
	})
}

func (l *list) life(t *testing.T) {
	woken := 0
	l.OnWish(func() { woken++ })
	want := item(1, 1)
	if !l.add(want) || l.add(want) {
		t.Error("a subject has one item")
	}
	got := l.only(want.Payment)
	want.ID, want.State, want.Created, want.Updated = got.ID, work.Todo, got.Created, got.Updated
	if got != want || got.Created == 0 {
		t.Errorf("%+v, want %+v", got, want)
	}
	if i, err := l.Retry(t.Context(), got.ID, "ann"); err != nil || i.State != work.Retrying || i.By != "ann" {
		t.Errorf("%+v %v", i, err)
	}
	if _, err := l.Retry(t.Context(), got.ID, "bob"); !errors.Is(err, work.ErrRetrying) {
		t.Error(err)
	}
	if _, err := l.Resolve(t.Context(), got.ID, work.WrittenOff, "no use", "bob"); !errors.Is(err, work.ErrRetrying) {
		t.Errorf("the money may come: %v", err)
	}
	if wished, err := l.Wished(t.Context()); err != nil || len(wished) != 1 || wished[0].ID != got.ID || woken != 1 {
		t.Errorf("%+v %v", wished, err)
	}
	if err := l.Granted(t.Context(), got.ID, ""); err != nil {
		t.Error(err)
	}
	want.Tries, want.Reason = 2, "54"
	l.tx(func(tx *database.Tx) error { return l.Tried(t.Context(), tx, want) })
	if i := l.only(want.Payment); i.State != work.Todo || i.Tries != 2 || i.Reason != "54" {
		t.Errorf("%+v", i)
	}
	if _, err := l.Retry(t.Context(), got.ID, "ann"); !errors.Is(err, work.ErrNoTries) {
		t.Error(err)
	}
	for outcome, note := range map[work.Outcome]string{work.Collected: "I say so", work.WrittenOff: "  ", "nonsense": "x", work.PaidOtherwise: strings.Repeat("x", 501)} {
		if _, err := l.Resolve(t.Context(), got.ID, outcome, note, "bob"); !errors.Is(err, work.ErrOutcome) {
			t.Errorf("%s: %v", outcome, err)
		}
	}
	if i, err := l.Resolve(t.Context(), got.ID, work.WrittenOff, " the customer is gone ", "bob"); err != nil || i.State != work.GivenUp || i.Note != "the customer is gone" {
		t.Errorf("%+v %v", i, err)
	}
	if wished, err := l.Wished(t.Context()); err != nil || len(wished) != 1 || wished[0].Outcome != work.WrittenOff {
		t.Errorf("%+v %v", wished, err)
	}
	l.tx(func(tx *database.Tx) error { return l.Settle(t.Context(), tx, want, work.PaidOtherwise, "platform") })
	if i := l.only(want.Payment); i.Outcome != work.WrittenOff {
		t.Errorf("closed twice: %+v", i)
	}
	l.tx(func(tx *database.Tx) error { return l.Settle(t.Context(), tx, want, work.Collected, "platform") })
	if i := l.only(want.Payment); i.Outcome != work.Collected || i.State != work.Done {
		t.Errorf("the money came after all: %+v", i)
	}
	for _, err := range []error{err2(l.Retry(t.Context(), got.ID, "ann")), err2(l.Resolve(t.Context(), got.ID, work.WrittenOff, "x", "ann"))} {
		if !errors.Is(err, work.ErrClosed) {
			t.Error(err)
		}
	}
	if _, err := l.One(t.Context(), pos.NewUUID(time.Now())); !errors.Is(err, work.ErrNoItem) {
		t.Error(err)
	}
}

func err2[T any](_ T, err error) error { return err }

func TestTooLate(t *testing.T) {
	l := open(t, databasetest.SQLite(t))
	late := item(1, 3)
	late.Deadline = time.Now().Add(-time.Second).UnixMilli()
	l.add(late)
	if _, err := l.Retry(t.Context(), l.only(late.Payment).ID, "ann"); !errors.Is(err, work.ErrLate) {
		t.Error(err)
	}
}

// oneRetryAtATime: whoever asks at the same time, one retry is granted.
func (l *list) oneRetryAtATime(t *testing.T) {
	one := item(2, 9)
	l.add(one)
	id := l.only(one.Payment).ID
	var group sync.WaitGroup
	var mu sync.Mutex
	granted := 0
	for n := range 8 {
		group.Go(func() {
			_, err := l.Retry(context.Background(), id, fmt.Sprint("person-", n))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				granted++
			} else if !errors.Is(err, work.ErrRetrying) {
				t.Error(err)
			}
		})
	}
	if group.Wait(); granted != 1 {
		t.Errorf("%d granted", granted)
	}
	if err := l.Granted(t.Context(), id, "It cannot be tried."); err != nil {
		t.Error(err)
	}
	if i := l.only(one.Payment); i.State != work.Todo || i.Text != "It cannot be tried." {
		t.Errorf("%+v", i)
	}
}

func TestListIsPagedAndFiltered(t *testing.T) {
	l := open(t, databasetest.SQLite(t))
	for n := range 7 {
		i := item(n, 1)
		if n == 3 {
			i.Kind, i.Till, i.Ref = work.RefundFailed, "till-2", "r/1"
		}
		l.add(i)
	}
	l.tx(func(tx *database.Tx) error { return l.Settle(t.Context(), tx, item(6, 1), work.Collected, "platform") })
	var seen []string
	for f := (work.Filter{Limit: 3}); ; {
		items, next, err := l.List(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range items {
			seen = append(seen, string(i.Order))
		}
		if f.After = next; next == (pos.UUID{}) {
			break
		}
	}
	if len(seen) != 7 {
		t.Errorf("%v", seen)
	}
	for want, f := range map[int]work.Filter{1: {Till: "till-2"}, 6: {Waiting: true}, 5: {Waiting: true, Kind: work.ForwardDeclined}, 0: {Merchant: "other"}} {
		if items, _, err := l.List(t.Context(), f); err != nil || len(items) != want {
			t.Errorf("%+v: %d %v", f, len(items), err)
		}
	}
	if counts, err := l.Waiting(t.Context()); err != nil || counts[work.ForwardDeclined] != 5 || counts[work.RefundFailed] != 1 {
		t.Errorf("%v %v", counts, err)
	}
}

// guard lets everybody in and notes the role that was asked for.
type guard struct{ needs []access.Role }

func (g *guard) Let(need access.Role, answer access.Answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.needs = append(g.needs, need)
		answer(w, r, access.Person{Name: "ann", Role: access.Admin})
	})
}

func TestOverHTTP(t *testing.T) {
	l, g, mux := open(t, databasetest.SQLite(t)), &guard{}, http.NewServeMux()
	l.Routes(mux, g)
	i := item(1, 2)
	l.add(i)
	id := l.only(i.Payment).ID.String()
	for _, step := range []struct {
		method, path, body string
		status             int
		has                string
	}{
		{"GET", "/v1/items?waiting=true&payment=" + i.Payment.String(), "", 200, `"tries_allowed":3,"state":"open"`},
		{"GET", "/v1/items?cursor=x", "", 400, "request_invalid"},
		{"GET", "/v1/items?merchant=other", "", 200, `"items":[]`},
		{"GET", "/v1/items/" + id, "", 200, `"deadline_at":"`},
		{"GET", "/v1/items/none", "", 404, "work_unknown"},
		{"POST", "/v1/items/" + id + "/retry", "", 200, `"state":"retrying"`},
		{"POST", "/v1/items/" + id + "/retry", "", 409, "work_retrying"},
		{"POST", "/v1/items/" + id + "/resolve", "{", 400, "request_invalid"},
		{"POST", "/v1/items/" + id + "/resolve", `{"outcome":"written_off"}`, 422, "work_outcome_invalid"},
	} {
		out := httptest.NewRecorder()
		mux.ServeHTTP(out, httptest.NewRequest(step.method, step.path, strings.NewReader(step.body)))
		if out.Code != step.status || !strings.Contains(out.Body.String(), step.has) || !json.Valid(out.Body.Bytes()) {
			t.Errorf("%s %s: %d %s", step.method, step.path, out.Code, out.Body)
		}
	}
	if got := fmt.Sprint(g.needs); strings.Count(got, "operator") != 4 || strings.Count(got, "viewer") != 5 {
		t.Error(got)
	}
}
