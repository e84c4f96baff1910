package ecr17

import (
	"testing"
	"time"
)

func TestNearest(t *testing.T) {
	for _, c := range []struct{ told, now, want string }{
		{"3261015", "2026-11-22 10:16", "2026-11-22 10:15"},
		{"3271015", "2026-11-22 10:16", "2026-11-22 10:15"}, // a terminal that counts 29 February always
		{"3652359", "2027-01-01 00:02", "2026-12-31 23:59"},
		{"3662359", "2027-01-01 00:02", "2026-12-31 23:59"},
		{"0010001", "2026-12-31 23:58", "2027-01-01 00:01"},
		{"0600930", "2028-02-29 09:31", "2028-02-29 09:30"}, // a leap year
		{"0600930", "2026-03-01 09:31", "2026-03-01 09:30"},
		{"0610930", "2026-03-01 09:31", "2026-03-01 09:30"}, // a terminal that counts 29 February always
		{"2111200", "2028-07-29 12:00", "2028-07-29 12:00"},
	} {
		now, _ := time.Parse("2006-01-02 15:04", c.now)
		got, ok := nearest(c.told, now)
		if !ok || got.Format("2006-01-02 15:04") != c.want {
			t.Errorf("%s at %s: %s, want %s", c.told, c.now, got, c.want)
		}
	}
	for _, told := range []string{"", "0000000", "3670000", "0012400", "0010060", "001000", "00100000", "ABCDEFG", "       "} {
		if got, ok := nearest(told, time.Now()); ok {
			t.Errorf("%q: %s", told, got)
		}
	}
}

func TestBefore(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 16, 0, 0, time.UTC)
	for _, c := range []struct {
		told  string
		begun time.Time
		want  bool
	}{
		{"3261015", now.Add(-time.Minute), false},
		{"3261014", now, false}, // within the slack
		{"3261000", now.Add(-2 * time.Hour), false},
		{"3261000", now, true},
		{"3271000", now, false}, // 23 November, or 22 November for a terminal that counts 29 February always: the one is not before it
		{"3251000", now, true},
		{"3261015", now.Add(48 * time.Hour), true},
		{"0000000", now, false}, // no time shows nothing
	} {
		if got := before(c.told, c.begun, now); got != c.want {
			t.Errorf("%s before %s: %v", c.told, c.begun, got)
		}
	}
}
