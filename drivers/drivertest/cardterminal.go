package drivertest

import (
	"testing"
)

// CardTerminal runs the laws of a card terminal against the bench.
func CardTerminal(t *testing.T, bench Bench) {
	for _, law := range []struct {
		name string
		test func(*testing.T, Bench)
	}{
		{"what the family cannot do is not supported", refusesWhatItCannot},
		{"sales, voids and refunds end as the device says", endsAsTheDeviceSays},
		{"the result is durable before it is acknowledged", commitsBeforeAcknowledging},
		{"a result that is not durable is not acknowledged", refusesWhatIsNotDurable},
		{"a repeated result is one result", takesARepetitionOnce},
		{"impossible amounts never reach the device", refusesAmounts},
		{"a sale is taken back once", voidsOnce},
		{"what the device does not begin moves nothing", refusesBeforeItBegins},
		{"the cashier can stop", stopsForTheCashier},
		{"the end of the context ends the wait", endsWithContext},
		{"after a fault the money is known or asked for", survivesFaults},
		{"a device that takes money back late is not believed early", waitsForTheLateReversal},
		{"a day ends once, with its totals durable before they are acknowledged", endsTheDay},
		{"a day that does not end goes on", dayGoesOn},
		{"after a fault the day is closed, open or unknown", daySurvivesFaults},
		{"its totals and its last receipt are told without a change", tellsWithoutAChange},
		{"a reservation is booked in part or whole, or released, and only what is booked counts", booksReservations},
		{"a reservation ends once", endsReservationsOnce},
		{"open reservations are told, and no day swallows them", keepsReservations},
		{"a wire that is lost at any byte leaves no doubt that is not told", survivesEveryByte},
		{"a silent device is given one money command", tellsOnce},
		{"an unknown option is refused", refusesUnknownOptions},
		{"the device says when it is ready", tellsStatus},
	} {
		t.Run(law.name, func(t *testing.T) { law.test(t, bench) })
	}
}
