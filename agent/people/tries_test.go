package people

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
)

func TestPauses(t *testing.T) {
	for failed, want := range map[int]time.Duration{0: 0, 4: 0, 5: time.Minute, 6: 5 * time.Minute, 7: 15 * time.Minute, 8: 30 * time.Minute,
		9: time.Hour, 10: 2 * time.Hour, 13: 16 * time.Hour, 14: 24 * time.Hour, 15: 24 * time.Hour, 200: 24 * time.Hour, maxTries: 24 * time.Hour} {
		if got := pause(failed); got != want {
			t.Errorf("after %d tries %v, want %v", failed, got, want)
		}
	}
}

// wrongUntilLocked types wrong PINs until a pause begins, and returns how many it took.
func wrongUntilLocked(t *testing.T, p *People, id pos.PersonID) (n int) {
	t.Helper()
	for {
		n++
		_, err := p.Verify(id, "0001", Cashier)
		if codeOf(err) == "pin_locked" {
			return n
		}
		if left := wants(t, err, "pin_wrong").Details["tries_left"]; left != freeTries-n {
			t.Fatalf("try %d: tries_left %v", n, left)
		}
		if n > freeTries {
			t.Fatal("no pause")
		}
	}
}

func TestLockOut(t *testing.T) {
	for _, id := range []pos.PersonID{"ada", "nobody-has-it"} {
		c := newClock()
		p, path := newShop(t, c)
		if n := wrongUntilLocked(t, p, id); n != freeTries {
			t.Errorf("%d tries", n)
		}
		for _, wait := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour} {
			c.pass(wait - time.Millisecond)
			p = openAt(t, path, c) // a restart of the agent frees nobody
			_, err := p.Verify(id, "8305", Cashier)
			if at := wants(t, err, "pin_locked").Details["until_at"]; at != time.UnixMilli(c.now.wall+1).UTC().Format("2006-01-02T15:04:05.000Z") {
				t.Errorf("until_at %v", at)
			}
			c.pass(time.Millisecond)
			_, err = p.Verify(id, "0001", Cashier) // one try, which is wrong again: the next pause begins at once
			wants(t, err, "pin_locked")
		}
	}
}

func TestTheRightPINEndsTheCount(t *testing.T) {
	c := newClock()
	p, _ := newShop(t, c)
	for range 3 {
		for range freeTries - 1 {
			_, err := p.Verify("ada", "0001", Cashier)
			wants(t, err, "pin_wrong")
		}
		if _, err := p.Verify("ada", "8305", Cashier); err != nil {
			t.Fatal(err)
		}
	}
	wrongUntilLocked(t, p, "ada")
	if _, err := p.Verify("bob", "730551", Cashier); err != nil {
		t.Errorf("somebody else has to wait too: %v", err)
	}
	c.pass(time.Minute)
	if _, err := p.Verify("ada", "8305", Cashier); err != nil {
		t.Error(err)
	}
	if s, err := p.Standings(); err != nil || s[0].WrongTries != 0 || !s[0].LockedUntil.IsZero() {
		t.Errorf("%+v, %v", s, err)
	}
}

// A role that is too low is no wrong PIN.
func TestALowRoleCountsNotAsWrong(t *testing.T) {
	p, _ := newShop(t, newClock())
	for range freeTries + 2 {
		_, err := p.Verify("ada", "8305", Supervisor)
		wants(t, err, "not_permitted")
	}
}

func TestUnlock(t *testing.T) {
	c := newClock()
	p, path := newShop(t, c)
	for _, free := range []func(*People) error{
		func(p *People) error { return p.Unlock("ada") },
		func(p *People) error { return p.SetPIN("ada", "8305") },
	} {
		wrongUntilLocked(t, p, "ada")
		if s, err := p.Standings(); err != nil || s[0].WrongTries != freeTries || s[0].LockedUntil != c.now.after(time.Minute) {
			t.Errorf("%+v, %v", s, err)
		}
		if err := free(openAt(t, path, c)); err != nil { // as the command does, beside the agent
			t.Fatal(err)
		}
		if _, err := p.Verify("ada", "8305", Cashier); err != nil {
			t.Error(err)
		}
	}
}

// Law 11: whoever may set the clock of a running till does not get more tries, and a till whose battery is empty does not lock out for ever.
func TestLockOutDoubtsTheClock(t *testing.T) {
	const day = 24 * time.Hour
	cases := map[string]struct {
		move   func(*fakeClock)
		locked bool
	}{
		"nothing":                             {func(*fakeClock) {}, true},
		"the pause":                           {func(c *fakeClock) { c.pass(time.Minute) }, false},
		"set forward":                         {func(c *fakeClock) { c.now.wall += day.Milliseconds() }, true},
		"set forward, then the pause":         {func(c *fakeClock) { c.now.wall += day.Milliseconds(); c.pass(time.Minute) }, false},
		"set back":                            {func(c *fakeClock) { c.now.wall -= 400 * day.Milliseconds() }, true},
		"set back, then the pause":            {func(c *fakeClock) { c.now.wall -= 400 * day.Milliseconds(); c.pass(time.Minute) }, false},
		"off for less":                        {func(c *fakeClock) { c.reboot(30 * time.Second) }, true},
		"off for longer":                      {func(c *fakeClock) { c.reboot(time.Minute) }, false},
		"an empty battery":                    {func(c *fakeClock) { c.reboot(0); c.now.wall = 0 }, true},
		"an empty battery, and up":            {func(c *fakeClock) { c.reboot(0); c.now.wall = 0; c.pass(time.Minute) }, false},
		"off, then up for longer than before": {func(c *fakeClock) { c.reboot(day); c.pass(2 * time.Hour) }, false},
		"no boot has a name, up for longer":   {func(c *fakeClock) { c.reboot(0); c.now.boot = "first"; c.now.mono = 3_600_000 + 59_000 }, true},
	}
	for name, x := range cases {
		c := newClock()
		p, path := newShop(t, c)
		wrongUntilLocked(t, p, "ada")
		x.move(c)
		_, err := openAt(t, path, c).Verify("ada", "8305", Cashier)
		if x.locked {
			t.Log(name)
			wants(t, err, "pin_locked")
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The count is on disk before the end of a try is known, so that the plug may be pulled at any moment of the hash.
func TestTheTryIsWrittenBeforeItIsMade(t *testing.T) {
	p, path := newShop(t, nil)
	p.cost = cost{Time: 16, Memory: 32 << 10, Threads: 1} // a hash that takes its time
	if err := p.SetPIN("ada", "8305"); err != nil {
		t.Fatal(err)
	}
	look := openAt(t, path, nil)
	for _, pin := range []string{"0001", "8305"} {
		ended, begun := make(chan error, 1), time.Now()
		go func() {
			_, err := p.Verify("ada", pin, Cashier)
			ended <- err
		}()
		for written := false; !written; {
			s, err := look.Standings()
			if err != nil {
				t.Fatal(err)
			}
			written = s[0].WrongTries > 0
			select {
			case err := <-ended:
				t.Fatalf("answered before the try was seen on disk: %v", err)
			default:
			}
		}
		seen := time.Now()
		<-ended
		if hash, before := time.Since(seen), seen.Sub(begun); hash < before {
			t.Errorf("on disk after %v, answered %v later: the hash was made first", before, hash)
		}
		if err := p.Unlock("ada"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheSystemClockRuns(t *testing.T) {
	a := systemClock()
	b := systemClock()
	if a.mono <= 0 || b.mono < a.mono || a.boot != b.boot || a.wall < 1_700_000_000_000 {
		t.Errorf("%+v, %+v", a, b)
	}
}
