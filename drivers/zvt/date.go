package zvt

import (
	"time"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// yyyymmdd is how the two date fields read with their century or year put before them.
const yyyymmdd = "20060102"

// leapYear has every day that a year can have.
const leapYear = "2024"

// dated completes a day that was told without its year by the year that puts it nearest to the till's clock.
func dated(told, now time.Time) string {
	var best time.Time
	for year := now.Year() - 4; year <= now.Year()+4; year++ {
		at := time.Date(year, told.Month(), told.Day(), now.Hour(), now.Minute(), now.Second(), 0, now.Location())
		if at.Day() != told.Day() {
			continue
		}
		if best.IsZero() || at.Sub(now).Abs() < best.Sub(now).Abs() {
			best = at
		}
	}
	return best.Format(time.DateOnly)
}

// date is BMP AA with its year of two digits, or BMP 0D, which tells none: then it is guessed, or as told (--MM-DD) where no clock is at hand. What no
// calendar has is "".
func (r report) date() (date string, guessed bool) {
	if at, err := time.Parse(yyyymmdd, "20"+r.digits(codec.FullDate)); err == nil {
		return at.Format(time.DateOnly), false
	}
	at, err := time.Parse(yyyymmdd, leapYear+r.digits(codec.MonthDay))
	switch {
	case err != nil:
		return "", false
	case r.now.IsZero():
		return at.Format("--01-02"), false
	}
	return dated(at, r.now), true
}
