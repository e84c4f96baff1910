package view_test

import (
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

func reservation() []record.Body {
	return []record.Body{
		&record.Intent{Payment: id, Order: "room-7", Attempt: 1, Amount: 1000, Currency: "EUR", Tender: pos.Card, Mode: pos.Online, Reserve: true},
		&record.Result{Payment: id, Decision: record.Decision{Status: pos.Reserved, Amount: 1000, Currency: "EUR", Trace: "7", Brand: "visa", Last4: "0010"}},
		confirmed(),
	}
}

func booking(key pos.OperationKey, amount pos.Minor) *record.OperationResult {
	return &record.OperationResult{Payment: id, Key: key, Decision: record.Decision{Status: pos.Approved, Amount: amount, Currency: "EUR", Trace: "8"}}
}

func TestWhatIsHeldIsNobodysMoneyUntilItIsBooked(t *testing.T) {
	p, book, err := story(t, reservation()...)
	if err != nil || p.Status != pos.Reserved || p.Held != 1000 || p.Taken().Amount != 0 || p.Returnable() != 0 || len(p.Bookings) != 0 || !p.Loose() || !p.Awaits() {
		t.Fatalf("%v, %+v", err, p)
	}
	if totals, err := book.Totals(); err != nil || len(totals) != 0 {
		t.Errorf("totals %v, %v", totals, err)
	}
	p, book, err = story(t, append(reservation(), operation("b", pos.Capture, 630), booking("b", 630), ended("b", pos.OperationDone))...)
	if err != nil || p.Status != pos.Captured || p.Held != 1000 || p.Taken().Amount != 630 || p.Returnable() != 630 || p.Loose() {
		t.Fatalf("%v, %+v", err, p)
	}
	if d := p.Decision; d.Trace != "8" || d.Brand != "visa" || d.Last4 != "0010" || d.Status != pos.Captured {
		t.Errorf("the booking is %+v", d)
	}
	if b := p.Bookings; len(b) != 1 || b[0].Amount != 630 || b[0].Operation != "b" || b[0].Count(nil) != 1 {
		t.Errorf("bookings %+v", b)
	}
	if totals, err := book.Totals(); err != nil || totals[pos.Card]["EUR"] != (pos.Sum{Count: 1, Amount: 630}) {
		t.Errorf("totals %v, %v", totals, err)
	}
}

func TestEndsOfAReservation(t *testing.T) {
	for name, c := range map[string]struct {
		bodies []record.Body
		status pos.Status
		taken  pos.Minor
	}{
		"a booking under way":         {[]record.Body{operation("b", pos.Capture, 630)}, pos.Reserved, 0},
		"a booking refused":           {[]record.Body{operation("b", pos.Capture, 630), ended("b", pos.OperationRefused)}, pos.Reserved, 0},
		"refused, then booked":        {[]record.Body{operation("a", pos.Capture, 630), ended("a", pos.OperationRefused), operation("b", pos.Capture, 1000), ended("b", pos.OperationDone)}, pos.Captured, 1000},
		"booked by a person's word":   {[]record.Body{operation("b", pos.Capture, 630), ended("b", pos.OperationUnknown), ended("b", pos.OperationDone)}, pos.Captured, 630},
		"released":                    {[]record.Body{operation("v", pos.Void, 1000), ended("v", pos.OperationDone)}, pos.Voided, 0},
		"a release that is unknown":   {[]record.Body{operation("v", pos.Void, 1000), ended("v", pos.OperationUnknown)}, pos.Reserved, 0},
		"booked, then taken back":     {[]record.Body{operation("b", pos.Capture, 630), ended("b", pos.OperationDone), operation("v", pos.Void, 630), ended("v", pos.OperationDone)}, pos.Voided, 0},
		"booked, a part given back":   {[]record.Body{operation("b", pos.Capture, 630), ended("b", pos.OperationDone), operation("r", pos.Refund, 30), ended("r", pos.OperationDone)}, pos.PartlyRefunded, 600},
		"voided by a person's word":   {[]record.Body{&record.Resolution{Payment: id, Status: pos.Voided, Evidence: record.ByHost, Text: "lapsed"}}, pos.Voided, 0},
		"the device's word is no end": {[]record.Body{operation("b", pos.Capture, 630), booking("b", 630)}, pos.Reserved, 0},
	} {
		p, _, err := story(t, append(reservation(), c.bodies...)...)
		if err != nil || p.Status != c.status || p.Taken().Amount != c.taken {
			t.Errorf("%s: %v, %s, taken %d", name, err, p.Status, p.Taken().Amount)
		}
	}
}

func TestAReservationIsNeitherOverbookedNorEndedTwice(t *testing.T) {
	captured := &record.PlatformResult{Payment: id, N: 1, Decision: &record.Decision{Status: pos.Captured, Amount: 1000, Currency: "EUR"}}
	for name, bodies := range map[string][]record.Body{
		"more than is held":           {operation("b", pos.Capture, 1001)},
		"nothing":                     {operation("b", pos.Capture, 0)},
		"a release of a part":         {operation("v", pos.Void, 999)},
		"a refund":                    {operation("r", pos.Refund, 1000)},
		"two bookings at a time":      {operation("a", pos.Capture, 100), operation("b", pos.Capture, 100)},
		"a release beside a booking":  {operation("a", pos.Capture, 100), ended("a", pos.OperationUnknown), operation("v", pos.Void, 1000)},
		"a booking after a booking":   {operation("a", pos.Capture, 100), ended("a", pos.OperationDone), operation("b", pos.Capture, 100)},
		"a booking after the release": {operation("v", pos.Void, 1000), ended("v", pos.OperationDone), operation("b", pos.Capture, 100)},
		"collected by the platform":   {captured},
		"a second result":             {result(pos.Approved, 1000)},
	} {
		before, _, err := story(t, append(reservation(), bodies[:len(bodies)-1]...)...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		after, _, err := story(t, append(reservation(), bodies...)...)
		if err == nil || after.Seq != before.Seq || after.Status != before.Status {
			t.Errorf("%s: %v, %s", name, err, after.Status)
		}
	}
}
