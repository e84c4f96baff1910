package stx

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Fields are the fields of a decoded message under their names (the contract of `tillproof decode`). What is empty is left out.
type Fields map[string]any

func trim(s string) string { return strings.Trim(s, " ") }

// Text sets a text, without the blanks at its ends and without card numbers.
func (f Fields) Text(name, value string) {
	if value = SafeText([]byte(value)); value != "" {
		f[name] = value
	}
}

// mostDigits is more than any number of these families has, and fewer than a card's number.
const mostDigits = 12

// Number sets a number of digits, which zeros and blanks may fill up. A text that is no number goes under x_<name>, and stars in the place of one that is
// too long: it may be a card's.
func (f Fields) Number(name, value string) {
	value = trim(value)
	if value == "" {
		return
	}
	if n := len(strings.TrimLeft(value, "0")); n > mostDigits {
		f.Text("x_"+name, strings.Repeat("*", n))
		return
	}
	n, err := strconv.ParseUint(value, 10, 63)
	if err != nil {
		f.Text("x_"+name, value)
		return
	}
	f[name] = n
}

// Clock sets date and time out of digits; what is no date or time goes under x_date and x_time. Layouts are those of package time.
func (f Fields) Clock(dateLayout, date, timeLayout, clock string) {
	f.stamp("date", dateLayout, time.DateOnly, date)
	f.stamp("time", timeLayout, time.TimeOnly, clock)
}

func (f Fields) stamp(name, from, to, value string) {
	if value = trim(value); value == "" {
		return
	}
	at, err := time.Parse(from, value)
	if err != nil {
		f.Text("x_"+name, value)
		return
	}
	f[name] = at.Format(to)
}

// Card sets what may be shown of a card's number: its last four digits, the others as stars. A number that the device has masked already stays so.
func (f Fields) Card(number string) {
	number = trim(number)
	if len(number) < 4 {
		return
	}
	last := number[len(number)-4:]
	f["pan"] = strings.Repeat("*", len(number)-4) + Printable([]byte(last))
	if _, err := strconv.ParseUint(last, 10, 16); err == nil {
		f["last4"] = last
	}
}

// Result sets a result code and its words.
func (f Fields) Result(code, text string) {
	f.Text("result", code)
	f.Text("result_text", text)
}

// DayOfYear sets the date out of a day's number (1 January is 001). No year is told, and the sender may count 29 February or not, so that the date of an
// ordinary year stands here, as --MM-DD.
func (f Fields) DayOfYear(day string) {
	n, err := strconv.Atoi(day)
	if err != nil || n < 1 || n > 366 {
		return
	}
	at := time.Date(2001, 1, min(n, 365), 0, 0, 0, 0, time.UTC) // 366 can only be 31 December
	f["date"] = fmt.Sprintf("--%02d-%02d", at.Month(), at.Day())
}
