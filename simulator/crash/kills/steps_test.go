//go:build linux

package kills

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"time"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
)

// plan chooses what is done next. A card terminal that is still being asked takes nothing new, so that others come first, for a while.
func (s *shop) plan(ctx context.Context) (what string, do func(context.Context) error) {
	if s.dice.IntN(3) == 0 {
		s.awaitOpen(ctx, 12*time.Second, pos.Card)
	}
	kinds := []string{"cash", "cash refund", "segment", "code", "qr"}
	if !s.isOpen(pos.Card) {
		kinds = []string{"cash", "cash refund", "segment", "code", "qr", "card", "card", "card", "card void", "card refund", "settlement"}
	}
	what = kinds[s.dice.IntN(len(kinds))]
	switch what {
	case "cash refund":
		if len(s.cash) > 0 {
			return what, s.giveBack(&s.cash, "refunds")
		}
	case "card refund", "card void":
		if len(s.cards) > 0 {
			return what, s.giveBack(&s.cards, map[string]string{"card refund": "refunds", "card void": "void"}[what])
		}
		what = "card"
	case "settlement":
		return what, func(ctx context.Context) error {
			return s.till.call(ctx, http.MethodPost, "/v1/settlements", map[string]any{}, nil)
		}
	case "segment":
		return what, s.sellMuch()
	}
	if what == "cash refund" {
		what = "cash"
	}
	return what, s.sell(pos.Tender(what))
}

// sell is one sale, asked for as often as the function is called.
func (s *shop) sell(tender pos.Tender) func(context.Context) error {
	x := s.newSale(tender)
	if tender != pos.Cash {
		s.open = append(s.open, x)
	} else {
		s.cash = append(s.cash, x)
	}
	return func(ctx context.Context) error { return s.till.pay(ctx, x, 2*time.Second) }
}

// sellMuch takes cash until a segment has changed, or the till is dead.
func (s *shop) sellMuch() func(context.Context) error {
	return func(ctx context.Context) error {
		until := time.Now().Add(struck)
		for n := 0; n < 500 && time.Now().Before(until); n++ {
			if err := s.till.pay(ctx, s.newSale(pos.Cash), 0); err != nil {
				return err
			}
		}
		return nil
	}
}

// giveBack is one operation on an earlier sale, asked for as often as the function is called.
func (s *shop) giveBack(from *[]*sale, how string) func(context.Context) error {
	n := s.dice.IntN(len(*from))
	x := (*from)[n]
	*from = append((*from)[:n:n], (*from)[n+1:]...)
	body := map[string]any{"operation": "back-" + x.order()}
	return func(ctx context.Context) error {
		if x.told == nil || !x.told.Status.Taken() {
			return s.till.pay(ctx, x, 2*time.Second)
		}
		var p api.Payment
		if err := s.till.call(ctx, http.MethodPost, "/v1/payments/"+x.told.ID.String()+"/"+how+"?wait=2s", body, &p); err != nil {
			return err
		}
		for _, o := range p.Operations {
			s.y.add(s.y.other, fmt.Sprintf("%s %s", o.Kind, o.Status))
		}
		return x.hear(p)
	}
}

// compareTerminal holds the card terminal's own memory against what the till says of each order: no two have the same amount, and what goes back
// goes back as a whole.
func (s *shop) compareTerminal() {
	held := map[pos.Minor]int{}
	for _, tx := range s.demo.Terminal().Memory().Transactions {
		switch {
		case tx.Counts():
			held[tx.Amount]++
		case tx.Returns():
			held[tx.Amount]--
		}
	}
	for _, x := range s.sales {
		if x.body["tender"] != pos.Card || x.told == nil {
			continue
		}
		want := 0
		if x.told.Status.Taken() && x.told.RefundedAmount == 0 {
			want = 1
		}
		if n := held[x.told.Amount]; n != want {
			s.t.Errorf("%v: order %s is %s at the till with %d given back, and the terminal holds its amount %d times", errBroken, x.order(), x.told.Status,
				x.told.RefundedAmount, n)
		}
	}
}

// report is what the program says of a journal, or of a reconciliation.
type report struct {
	OK          bool                     `json:"ok"`
	Differences []struct{ Check string } `json:"differences"`
	Problems    []any                    `json:"problems"`
}

// agrees says whether nothing is wrong. That the totals of a settlement were lost is none of the money's business: it was killed in the middle of one, and
// says so.
func (r *report) agrees() bool {
	other := slices.DeleteFunc(r.Differences, func(d struct{ Check string }) bool { return d.Check == "terminal_totals" })
	return (r.OK || len(r.Differences) > 0) && len(other)+len(r.Problems) == 0
}

// reconcile asks the program itself, and its journal.
func (s *shop) reconcile(ctx context.Context) {
	data := s.demo.Ready().Data
	for _, args := range [][]string{{"journal", "verify", "--json", "--data", data + "/till"}, {"reconcile", "--json", "--data", data}} {
		out, err := exec.CommandContext(ctx, exe, args...).Output()
		var r report
		if bad := json.Unmarshal(bytes.TrimSpace(out), &r); bad != nil || !r.agrees() {
			s.t.Errorf("%v: %v: %v, %.2000s", errBroken, args, err, out)
		}
	}
}
