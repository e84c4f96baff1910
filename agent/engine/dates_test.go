package engine

import (
	"testing"
	"time"
)

// The date of a moment is that of the shop's clocks, also around the hours in which they are changed.
func TestDatesAroundAChangeOfTheClocks(t *testing.T) {
	for _, c := range []struct{ zone, at, want string }{
		{"", "2026-03-29T23:59:59Z", "2026-03-29"},
		{"Europe/Berlin", "2026-03-28T22:59:59Z", "2026-03-28"}, // winter time is one hour ahead of UTC
		{"Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29"},
		{"Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29"}, // the clocks go forward
		{"Europe/Berlin", "2026-03-29T21:59:59Z", "2026-03-29"}, // summer time is two hours ahead
		{"Europe/Berlin", "2026-03-29T22:00:00Z", "2026-03-30"},
		{"Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25"}, // the day on which they go back has 25 hours
		{"Europe/Berlin", "2026-10-25T22:59:59Z", "2026-10-25"},
		{"Europe/Berlin", "2026-10-25T23:00:00Z", "2026-10-26"},
		{"Asia/Beirut", "2026-03-28T22:00:00Z", "2026-03-29"}, // midnight itself is left out here
		{"Pacific/Kiritimati", "2026-03-28T10:00:00Z", "2026-03-29"},
	} {
		var zone *time.Location
		if c.zone != "" {
			var err error
			if zone, err = time.LoadLocation(c.zone); err != nil {
				t.Skip("no time zones on this machine: ", err)
			}
		}
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := dateIn(zone, at); got != c.want {
			t.Errorf("%s in %q is %s, want %s", c.at, c.zone, got, c.want)
		}
	}
}
