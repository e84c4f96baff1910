package people

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// Many ask at once, in one process and beside another: there are as many tries as there are, not one more.
func TestConcurrentTriesCountOnce(t *testing.T) {
	c := newClock()
	p, path := newShop(t, c)
	other := openAt(t, path, c)
	var wrong, paused atomic.Int32
	var all sync.WaitGroup
	for i := range 40 {
		who := p
		if i%2 == 1 {
			who = other
		}
		all.Go(func() {
			_, err := who.Verify("ada", fmt.Sprintf("0%03d", i), Cashier)
			switch codeOf(err) {
			case "pin_wrong":
				wrong.Add(1)
			case "pin_locked":
				paused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if wrong.Load() != freeTries-1 || paused.Load() != 40-(freeTries-1) {
		t.Errorf("%d wrong, %d paused", wrong.Load(), paused.Load())
	}
	if s, err := p.Standings(); err != nil || s[0].WrongTries != freeTries {
		t.Errorf("%+v, %v", s, err)
	}
}

// The agent verifies while the command changes the list: neither loses what the other wrote, and nobody is refused for it.
func TestAgentAndCommandShareTheFile(t *testing.T) {
	p, path := newShop(t, nil)
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			command := openAt(t, path, nil)
			for i := range 5 {
				if err := command.Add(Person{pos.PersonID(fmt.Sprintf("p-%d-%d", worker, i)), "P", Cashier}, "8305"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 20 {
		if _, err := p.Verify("bob", "730551", Supervisor); err != nil {
			t.Error(err)
		}
	}
	all.Wait()
	if n := len(p.List()); n != 22 {
		t.Errorf("%d people", n)
	}
}

// Somebody whose PIN is changed, or who is removed, between the try and its end is not verified by what was good before.
func TestAChangeDuringATry(t *testing.T) {
	for name, change := range map[string]func(*People) error{
		"another PIN": func(p *People) error { return p.SetPIN("ada", "9931") },
		"removed":     func(p *People) error { return p.Remove("ada") },
	} {
		p, path := newShop(t, nil)
		tried, err := p.book("ada")
		if err != nil || !tried.PIN.matches("8305") {
			t.Fatal(err)
		}
		if err := change(openAt(t, path, nil)); err != nil {
			t.Fatal(err)
		}
		_, err = p.proven(&tried, Cashier)
		t.Log(name)
		wants(t, err, "pin_wrong")
	}
}

// An id that nobody has takes as long as one that somebody has; a hash takes most of it.
func TestUnknownIDsTakeAsLong(t *testing.T) {
	p, _ := newShop(t, nil)
	p.cost = defaultCost()
	if err := p.SetPIN("ada", "8305"); err != nil {
		t.Fatal(err)
	}
	times := map[pos.PersonID][]time.Duration{}
	for range freeTries - 1 {
		for _, id := range []pos.PersonID{"ada", "nobody"} {
			start := time.Now()
			_, err := p.Verify(id, "0001", Cashier)
			times[id] = append(times[id], time.Since(start))
			wants(t, err, "pin_wrong")
		}
	}
	known, unknown := slices.Min(times["ada"]), slices.Min(times["nobody"])
	if unknown < known/5 || unknown > known*5 { // without a hash it takes a thousandth; the rest is this machine's
		t.Errorf("known %v, unknown %v", known, unknown)
	}
}
