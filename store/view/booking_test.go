package view_test

import (
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

func TestEachChangeOfTheMoneyIsBooked(t *testing.T) {
	b := func(seq pos.Seq, amount pos.Minor, status pos.Status, key pos.OperationKey) view.Booking {
		return view.Booking{Place: at(seq), Amount: amount, Status: status, Operation: key}
	}
	forward := func(status pos.Status) record.Body {
		return &record.PlatformResult{Payment: id, N: 1, Decision: &record.Decision{Status: status, Amount: 1000, Currency: "EUR"}}
	}
	for name, c := range map[string]struct {
		bodies []record.Body
		want   []view.Booking
	}{
		"a sale":                       {[]record.Body{intent(), result(pos.Approved, 1000), confirmed()}, []view.Booking{b(3, 1000, pos.Approved, "")}},
		"a sale that is not confirmed": {[]record.Body{intent(), result(pos.Approved, 1000)}, nil},
		"a sale that was declined":     {[]record.Body{intent(), result(pos.Declined, 1000), confirmed()}, nil},
		"refunded in two parts": {[]record.Body{intent(), result(pos.Approved, 1000), confirmed(), operation("a", pos.Refund, 300),
			ended("a", pos.OperationDone), operation("b", pos.Refund, 700), ended("b", pos.OperationDone)},
			[]view.Booking{b(3, 1000, pos.Approved, ""), b(5, -300, pos.PartlyRefunded, "a"), b(7, -700, pos.Refunded, "b")}},
		"a refund that was refused": {[]record.Body{intent(), result(pos.Approved, 1000), confirmed(), operation("a", pos.Refund, 300),
			ended("a", pos.OperationRefused)}, []view.Booking{b(3, 1000, pos.Approved, "")}},
		"voided": {[]record.Body{intent(), result(pos.Approved, 1000), confirmed(), operation("a", pos.Void, 1000), ended("a", pos.OperationDone)},
			[]view.Booking{b(3, 1000, pos.Approved, ""), b(5, -1000, pos.Voided, "a")}},
		"an offline approval that was refused later": {[]record.Body{intent(), result(pos.ApprovedOffline, 1000), confirmed(), forward(pos.ForwardDeclined)},
			[]view.Booking{b(3, 1000, pos.ApprovedOffline, ""), b(4, -1000, pos.ForwardDeclined, "")}},
		"an offline approval that the back office has written off": {[]record.Body{intent(), result(pos.ApprovedOffline, 1000), confirmed(), forward(pos.ForwardDeclined),
			forward(pos.WrittenOff)}, []view.Booking{b(3, 1000, pos.ApprovedOffline, ""), b(4, -1000, pos.ForwardDeclined, "")}},
		"an offline approval that was captured": {[]record.Body{intent(), result(pos.ApprovedOffline, 1000), confirmed(), forward(pos.Captured)},
			[]view.Booking{b(3, 1000, pos.ApprovedOffline, "")}},
	} {
		p, _, err := story(t, c.bodies...)
		if err != nil {
			t.Fatal(name, err)
		}
		var sum pos.Minor
		count := 0
		for i := range p.Bookings {
			var before *view.Booking
			if i > 0 {
				before = &p.Bookings[i-1]
			}
			sum, count = sum+p.Bookings[i].Amount, count+p.Bookings[i].Count(before)
		}
		if sum != p.Taken().Amount || (count == 1) != p.Status.Taken() {
			t.Errorf("%s: the bookings add up to %d of %d payments, taken is %v", name, sum, count, p.Taken())
		}
		if len(p.Bookings) != len(c.want) {
			t.Errorf("%s: %+v, want %+v", name, p.Bookings, c.want)
			continue
		}
		for i := range c.want {
			if p.Bookings[i] != c.want[i] {
				t.Errorf("%s: booking %d is %+v, want %+v", name, i, p.Bookings[i], c.want[i])
			}
		}
	}
}
