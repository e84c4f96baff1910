package zvt

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// dated completes a month and day without a year by the year that puts it nearest to the till's clock (BMP 0D has none); ok is false for a day that no
// year has.
func dated(month, day int, now time.Time) (date string, ok bool) {
	var best time.Time
	for year := now.Year() - 4; year <= now.Year()+4; year++ {
		at := time.Date(year, time.Month(month), day, now.Hour(), now.Minute(), now.Second(), 0, now.Location())
		if at.Day() != day || int(at.Month()) != month {
			continue
		}
		if best.IsZero() || at.Sub(now).Abs() < best.Sub(now).Abs() {
			best = at
		}
	}
	return best.Format(time.DateOnly), !best.IsZero()
}

// date is BMP AA with its year of two digits, or BMP 0D, which tells none: then it is guessed, or as told (--MM-DD) where no clock is at hand.
func (r report) date() (date string, guessed bool) {
	if d := r.digits(codec.FullDate); len(d) == 6 {
		return fmt.Sprintf("20%s-%s-%s", d[:2], d[2:4], d[4:]), false
	}
	d := r.digits(codec.MonthDay)
	if len(d) != 4 {
		return "", false
	}
	var month, day int
	if _, err := fmt.Sscanf(d, "%2d%2d", &month, &day); err == nil && !r.now.IsZero() {
		if date, ok := dated(month, day, r.now); ok {
			return date, true
		}
	}
	return fmt.Sprintf("--%s-%s", d[:2], d[2:]), false
}
