package ecr17

import (
	"strconv"
	"time"
)

// leapYear is any that counts 29 February.
const leapYear = 2000

// moments are all times that a DDDHHMM may mean around now: it tells no year, and terminals are known to count 29 February in every year, so that a day
// may be one too high from March on. None for what is no such time.
func moments(text string, now time.Time) []time.Time {
	if len(text) != 7 || !digits(text) {
		return nil
	}
	day, _ := strconv.Atoi(text[:3])
	hour, _ := strconv.Atoi(text[3:5])
	minute, _ := strconv.Atoi(text[5:])
	if day < 1 || day > 366 || hour > 23 || minute > 59 {
		return nil
	}
	var all []time.Time
	for year := now.Year() - 1; year <= now.Year()+1; year++ {
		all = append(all, time.Date(year, time.January, day, hour, minute, 0, 0, now.Location()))
		counted := time.Date(leapYear, time.January, day, 0, 0, 0, 0, time.UTC)
		all = append(all, time.Date(year, counted.Month(), counted.Day(), hour, minute, 0, 0, now.Location()))
	}
	return all
}

// nearest is the one of them that is nearest to now; false for none.
func nearest(text string, now time.Time) (found time.Time, ok bool) {
	for _, at := range moments(text, now) {
		if !ok || at.Sub(now).Abs() < found.Sub(now).Abs() {
			found, ok = at, true
		}
	}
	return found, ok
}

// before says whether every time that a DDDHHMM may mean near now lies before another by more than the slack; false for what is no time.
func before(text string, other, now time.Time) bool {
	near := false
	for _, at := range moments(text, now) {
		if at.Sub(now).Abs() > halfYear {
			continue
		}
		if near = true; !at.Before(other.Add(-slack)) {
			return false
		}
	}
	return near
}

const (
	halfYear = 183 * 24 * time.Hour
	slack    = 2 * time.Minute // minutes are told, not seconds, and clocks of terminals are set by hand
)
