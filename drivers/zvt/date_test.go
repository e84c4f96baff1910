package zvt

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

func TestDatesWithoutAYear(t *testing.T) {
	for _, c := range []struct{ now, told, want string }{
		{"2026-11-22 10:00:00", "11 22", "2026-11-22"}, {"2026-01-01 00:00:05", "12 31", "2025-12-31"}, {"2026-12-31 23:59:58", "01 01", "2027-01-01"},
		{"2026-07-01 12:00:00", "02 29", "2028-02-29"}, {"2025-07-01 12:00:00", "02 29", "2024-02-29"}, {"2026-07-01 12:00:00", "02 30", ""},
		{"2026-07-01 12:00:00", "00 00", ""}, {"2026-07-01 12:00:00", "1A 01", ""},
	} {
		now, err := time.Parse(time.DateTime, c.now)
		if err != nil {
			t.Fatal(err)
		}
		r := newReport(codec.Fields{{BMP: codec.MonthDay, Value: plain(c.told)}})
		r.now = now
		if got, guessed := r.date(); got != c.want || guessed != (len(got) == 10) {
			t.Errorf("%s at %s: %q, guessed %v; want %q", c.told, c.now, got, guessed, c.want)
		}
	}
	r := newReport(codec.Fields{{BMP: codec.MonthDay, Value: plain("11 22")}, {BMP: codec.FullDate, Value: plain("27 11 22")}})
	if got, guessed := r.date(); got != "2027-11-22" || guessed {
		t.Errorf("%q, guessed %v", got, guessed)
	}
}
