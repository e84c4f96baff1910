package drivers_test

import (
	"regexp"
	"testing"

	"github.com/tillproof/tillproof/drivers"
)

func TestTicketsAreShortAndTellCommandsApart(t *testing.T) {
	seen, word := map[string]bool{}, regexp.MustCompile(`^[0-9A-Z]{6}$`)
	for _, ref := range []string{"", "a", "b", "a/b", "018f3a5e-0000-7000-8000-000000000001", "018f3a5e-0000-7000-8000-000000000002"} {
		name := drivers.Ticket(ref, 6)
		if !word.MatchString(name) || seen[name] || drivers.Ticket(ref, 6) != name {
			t.Errorf("%q of %q", name, ref)
		}
		seen[name] = true
	}
	if long := drivers.Ticket("a", 10); long[:6] != drivers.Ticket("a", 6) {
		t.Errorf("%q", long)
	}
}

func TestADriverCanWhatItDoesNotLack(t *testing.T) {
	lame := drivers.Driver{Lacks: func(drivers.Settings) []drivers.Function { return []drivers.Function{drivers.Voiding} }}
	if lame.Can(drivers.Voiding, drivers.Settings{}) || !lame.Can(drivers.Refunding, drivers.Settings{}) || !(drivers.Driver{}).Can(drivers.Voiding, drivers.Settings{}) {
		t.Error("a driver can what it lacks, or lacks what it can")
	}
}
