//go:build linux

package kills

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/crash/draw"
	"github.com/tillproof/tillproof/simulator/scenario"
)

const (
	interrupt = syscall.SIGINT
	// shops work side by side: most of a kill is waiting for a card terminal.
	shops = 4
	// slowest is how long a till may take from its start to the next sale; the goal is a second on an idle machine.
	slowest = 10 * time.Second
	// struck is how long a kill may take to strike before the till is killed by hand.
	struck = 1500 * time.Millisecond
)

// tally counts over all shops.
type tally struct {
	mu      sync.Mutex
	kills   map[string]int // by what was done and by which weapon
	other   map[string]int
	healthy []time.Duration // from the start of a process until it says that it sells
	sold    []time.Duration // from the start of a process until a sale in cash is answered
	removed int             // records that tills have removed after their retention
}

func (y *tally) add(m map[string]int, what string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	m[what]++
}

// TestKills kills tills with SIGKILL from outside while they sell, give back and settle. Nothing that was answered is lost, nothing is
// taken twice, and the next sale is accepted at once.
func TestKills(t *testing.T) {
	from, kills := draw.Seed(t), draw.Count(t, "KILLS", 140, 3_000)
	y := &tally{kills: map[string]int{}, other: map[string]int{}}
	var all sync.WaitGroup
	for n := range min(shops, kills) {
		all.Go(func() {
			program := exe
			if n%2 == 1 {
				program = hasty
			}
			s := openShop(t, rand.New(rand.NewPCG(from, uint64(n))), y, program)
			for range (kills + shops - 1 - n) / shops {
				if t.Failed() {
					return
				}
				s.round()
			}
			s.conclude()
		})
	}
	all.Wait()
	y.tell(t)
}

func (y *tally) tell(t *testing.T) {
	sum := 0
	for _, n := range y.kills {
		sum += n
	}
	slices.Sort(y.healthy)
	slices.Sort(y.sold)
	if len(y.sold) == 0 {
		t.Error("nobody was killed")
		return
	}
	t.Logf("%d kills: %s", sum, counts(y.kills))
	t.Logf("besides: %s; %d records removed after their retention", counts(y.other), y.removed)
	t.Logf("healthy after p50 %s, most %s; a sale in cash answered after p50 %s, most %s (goal 1 s, on an idle machine)",
		middle(y.healthy), y.healthy[len(y.healthy)-1].Round(time.Millisecond), middle(y.sold), y.sold[len(y.sold)-1].Round(time.Millisecond))
	if most := y.sold[len(y.sold)-1]; most > slowest {
		t.Errorf("a till took %s to sell again", most)
	}
}

func middle(sorted []time.Duration) time.Duration {
	return sorted[len(sorted)/2].Round(time.Millisecond)
}

func counts(m map[string]int) string {
	var list []string
	for _, what := range slices.Sorted(maps.Keys(m)) {
		list = append(list, fmt.Sprintf("%s %d", what, m[what]))
	}
	return strings.Join(list, ", ")
}

// shop is a demo whose till is killed.
type shop struct {
	t     *testing.T
	y     *tally
	dice  *rand.Rand
	demo  *scenario.Demo
	till  *till
	sales []*sale
	cash  []*sale // taken in cash, not given back
	cards []*sale // taken by card, not given back
	open  []*sale // asked for, and not decided
}

func openShop(t *testing.T, dice *rand.Rand, y *tally, program string) *shop {
	t.Helper()
	s := &shop{t: t, y: y, dice: dice}
	demo, err := scenario.Start(t.Context(), scenario.Options{Data: scratch(t), Exe: program, Listen: "127.0.0.1:0", Brisk: true})
	if err != nil {
		t.Error(err)
		return nil
	}
	t.Cleanup(func() {
		if err := demo.Stop(); err != nil {
			t.Error(err)
		}
	})
	s.demo = demo
	ready := demo.Ready()
	s.till = newTill(ready.Till, ready.Token)
	s.till.forgets = program == hasty
	config := ready.Data + "/till/config.yaml"
	text, err := os.ReadFile(config)
	if err != nil {
		t.Error(err)
		return nil
	}
	// From the next start on segments change often.
	small := strings.NewReplacer("segment_mib: 8", "segment_mib: 1", "retention_days: 90", "retention_days: 30").Replace(string(text))
	if err := os.WriteFile(config, []byte(small), 0o600); err != nil {
		t.Error(err)
	}
	return s
}

// scratch is an empty folder in memory where there is such a place, since kills lose nothing that a file was given.
func scratch(t *testing.T) string {
	t.Helper()
	if info, err := os.Stat("/dev/shm"); err != nil || !info.IsDir() {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp("/dev/shm", "tillproof-kills-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// newSale makes an order with an amount of its own, by which its money is found again.
func (s *shop) newSale(tender pos.Tender) *sale {
	n := len(s.sales) + 1
	x := &sale{body: map[string]any{"order": fmt.Sprintf("order-%d", n), "attempt": 1, "amount": 1000 + n, "currency": "EUR", "tender": tender}}
	switch tender {
	case pos.Code:
		x.body["code"] = fmt.Sprintf("13%016d", n)
	case pos.QR:
		x.body["scheme"] = "wechat"
	}
	s.sales = append(s.sales, x)
	return x
}

// round does one thing, kills the till in it, starts it again, and looks what became of it.
func (s *shop) round() {
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	what, do := s.plan(ctx)
	if atTerminal(what) {
		s.awaitDevices(ctx)
	}
	w := choose(s.dice, what)
	disarm, err := w.arm(s.demo)
	if err != nil {
		s.t.Error(err)
		return
	}
	s.untilKilled(ctx, what, w.name, do)
	disarm()
	s.restart(ctx)
	s.askAgain(ctx, do)
}

// untilKilled repeats what is done until the till is dead; a weapon that does not strike in time is replaced by a plain kill.
func (s *shop) untilKilled(ctx context.Context, what, by string, do func(context.Context) error) {
	gone := s.demo.AgentGone()
	deadline := time.After(struck)
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	var err error
	select {
	case <-gone:
		err = <-done
	case err = <-done:
		select {
		case <-gone:
		case <-time.After(100 * time.Millisecond): // what follows the answer, such as a late commit
		case <-deadline:
		}
	}
	if s.demo.KillAgent() {
		by = "by hand"
	}
	s.y.add(s.y.kills, what+" ("+by+")")
	s.judge(err)
}

// judge tells the broken promise in an error. That a dead till does not answer is none.
func (s *shop) judge(err error) {
	if errors.Is(err, errBroken) {
		s.t.Error(err)
	}
}

// restart starts the till and sells at once.
func (s *shop) restart(ctx context.Context) {
	begun := time.Now()
	if err := s.demo.StartAgent(ctx); err != nil {
		s.t.Error(err)
		return
	}
	healthy := time.Since(begun)
	x := s.newSale(pos.Cash)
	if err := s.till.pay(ctx, x, 0); err != nil || x.told.Status != pos.Approved {
		s.t.Errorf("after a restart cash is not accepted: %v, %+v", err, x.told)
		return
	}
	s.y.mu.Lock()
	defer s.y.mu.Unlock()
	s.y.healthy, s.y.sold = append(s.y.healthy, healthy), append(s.y.sold, time.Since(begun))
}

// askAgain sends what was interrupted once more, with the same words, and looks at all that is open.
func (s *shop) askAgain(ctx context.Context, do func(context.Context) error) {
	recent := max(0, len(s.sales)-30)
	for n, x := range s.sales {
		if x.told != nil && (n >= recent || x.unfinished()) {
			s.judge(s.till.look(ctx, x))
		}
	}
	err := do(ctx)
	s.judge(err)
	if code := codeOf(err); code != "" {
		s.y.add(s.y.other, code)
	}
	s.sortOpen(ctx)
}

// sortOpen looks what became of open sales.
func (s *shop) sortOpen(ctx context.Context) {
	s.open = slices.DeleteFunc(s.open, func(x *sale) bool {
		if x.told == nil || x.told.Status.Open() {
			s.judge(s.till.pay(ctx, x, 0))
		}
		if x.told == nil || x.told.Status.Open() {
			return false
		}
		s.y.add(s.y.other, fmt.Sprintf("%s %s", x.body["tender"], x.told.Status))
		if x.told.Tender == pos.Card && x.told.Status == pos.Approved {
			s.cards = append(s.cards, x)
		}
		return true
	})
}

// isOpen says whether a sale by one of the tenders is not decided.
func (s *shop) isOpen(tenders ...pos.Tender) bool {
	return slices.ContainsFunc(s.open, func(x *sale) bool { return slices.Contains(tenders, x.body["tender"].(pos.Tender)) })
}

// awaitOpen waits until everything by the tenders is decided.
func (s *shop) awaitOpen(ctx context.Context, limit time.Duration, tenders ...pos.Tender) {
	for until := time.Now().Add(limit); s.isOpen(tenders...) && time.Now().Before(until) && ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		s.sortOpen(ctx)
	}
}

// conclude lets everything come to its end and holds till, terminal, acquirer and platform against each other.
func (s *shop) conclude() {
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	if s.awaitOpen(ctx, time.Minute, pos.Card, pos.Code, pos.QR); len(s.open) > 0 {
		s.t.Errorf("order %s is not decided: %+v", s.open[0].order(), s.open[0].told)
	}
	for _, x := range s.sales {
		if x.told != nil {
			s.judge(s.till.look(ctx, x))
		}
	}
	s.awaitOperations(ctx)
	s.drain(ctx)
	s.countRemoved()
	s.compareTerminal()
	if err := s.demo.StopProcesses(); err != nil {
		s.t.Error(err)
	}
	s.reconcile(ctx)
}

// countRemoved counts the records before the oldest one that is left.
func (s *shop) countRemoved() {
	files, err := filepath.Glob(s.demo.Ready().Data + "/till/journal/*.seg")
	if err != nil || len(files) == 0 {
		s.t.Errorf("no journal: %v", err)
		return
	}
	oldest := strings.Split(filepath.Base(slices.Min(files)), ".") // epoch, first record, "seg": the names sort by them
	first, err := strconv.Atoi(oldest[1])
	if err != nil {
		s.t.Error(err)
	}
	s.y.mu.Lock()
	defer s.y.mu.Unlock()
	s.y.removed += first - 1
}

// awaitDevices waits until the card terminal is ready, at most as long as one that takes money back.
func (s *shop) awaitDevices(ctx context.Context) {
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until) && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		var status api.Status
		err := s.till.call(ctx, http.MethodGet, "/v1/status", nil, &status)
		if err == nil && !slices.ContainsFunc(status.Devices, func(d api.Device) bool { return d.State != engine.Ready }) {
			return
		}
	}
	s.y.add(s.y.other, "card terminal not ready in time")
}

// awaitOperations waits until everything that was to go back has an end.
func (s *shop) awaitOperations(ctx context.Context) {
	for _, x := range s.sales {
		for until := time.Now().Add(time.Minute); x.unfinished(); time.Sleep(50 * time.Millisecond) {
			if err := s.till.look(ctx, x); err != nil {
				s.t.Error(err)
				return
			}
			if time.Now().After(until) {
				s.t.Errorf("the operations of order %s have no end: %+v", x.order(), x.told.Operations)
				return
			}
		}
	}
}

// drain waits until the platform holds everything.
func (s *shop) drain(ctx context.Context) {
	var status api.Status
	for ctx.Err() == nil {
		if err := s.till.call(ctx, http.MethodGet, "/v1/status", nil, &status); err == nil && status.Backlog.Records == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Errorf("the platform does not hold everything: %+v", status.Backlog)
}
