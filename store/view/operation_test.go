package view_test

import (
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

func operation(key pos.OperationKey, what pos.OperationKind, amount pos.Minor) record.Body {
	return &record.Operation{Payment: id, Key: key, What: what, Amount: amount, Currency: "EUR", Tender: pos.Card, Mode: pos.Online}
}

func ended(key pos.OperationKey, state pos.OperationState) record.Body {
	return &record.OperationEnd{Payment: id, Key: key, State: state}
}

func approved() []record.Body {
	return []record.Body{intent(), result(pos.Approved, 1000), confirmed()}
}

func TestOperationsChangeThePaymentWhenTheyAreDone(t *testing.T) {
	for name, c := range map[string]struct {
		bodies   []record.Body
		status   pos.Status
		returned pos.Minor
		held     pos.Minor
		rest     pos.Minor
	}{
		"a void":                      {[]record.Body{operation("v", pos.Void, 1000), ended("v", pos.OperationDone)}, pos.Voided, 0, 0, 0},
		"a void under way":            {[]record.Body{operation("v", pos.Void, 1000)}, pos.Approved, 0, 1000, 0},
		"a void refused":              {[]record.Body{operation("v", pos.Void, 1000), ended("v", pos.OperationRefused)}, pos.Approved, 0, 1000, 1000},
		"a part given back":           {[]record.Body{operation("r", pos.Refund, 300), ended("r", pos.OperationDone)}, pos.PartlyRefunded, 300, 700, 700},
		"a part that may be back":     {[]record.Body{operation("r", pos.Refund, 300), ended("r", pos.OperationUnknown)}, pos.Approved, 0, 1000, 700},
		"unknown, then proven":        {[]record.Body{operation("r", pos.Refund, 300), ended("r", pos.OperationUnknown), ended("r", pos.OperationDone)}, pos.PartlyRefunded, 300, 700, 700},
		"several, and then all":       {[]record.Body{operation("r", pos.Refund, 300), ended("r", pos.OperationDone), operation("s", pos.Refund, 700), ended("s", pos.OperationDone)}, pos.Refunded, 1000, 0, 0},
		"two under way at a time":     {[]record.Body{operation("r", pos.Refund, 300), operation("s", pos.Refund, 700), ended("s", pos.OperationDone)}, pos.PartlyRefunded, 700, 300, 0},
		"done by the platform":        {[]record.Body{operation("r", pos.Refund, 300), told("r", pos.Refunded)}, pos.PartlyRefunded, 300, 700, 700},
		"refused by the platform":     {[]record.Body{operation("r", pos.Refund, 300), told("r", pos.Declined)}, pos.Approved, 0, 1000, 1000},
		"the device's word is no end": {[]record.Body{operation("r", pos.Refund, 300), &record.OperationResult{Payment: id, Key: "r"}}, pos.Approved, 0, 1000, 700},
	} {
		p, book, err := story(t, append(approved(), c.bodies...)...)
		if err != nil || p.Status != c.status || p.Returned != c.returned || p.Taken().Amount != c.held || p.Returnable() != c.rest {
			t.Errorf("%s: %v, %s, returned %d, held %d, rest %d", name, err, p.Status, p.Returned, p.Taken().Amount, p.Returnable())
		}
		if totals, err := book.Totals(); err != nil || totals[pos.Card]["EUR"].Amount != c.held {
			t.Errorf("%s: totals %v, %v", name, totals, err)
		}
	}
}

func told(key pos.OperationKey, status pos.Status) record.Body {
	return &record.PlatformResult{Payment: id, N: 1, Operation: key, Decision: &record.Decision{Status: status, Amount: 300, Currency: "EUR"}}
}

func TestRefundsNeverSumAboveThePayment(t *testing.T) {
	part := []record.Body{operation("r", pos.Refund, 300), ended("r", pos.OperationDone)}
	for name, bodies := range map[string][]record.Body{
		"more than all":            append(approved(), operation("r", pos.Refund, 1001)),
		"nothing":                  append(approved(), operation("r", pos.Refund, 0)),
		"more than the rest":       append(append(approved(), part...), operation("s", pos.Refund, 701)),
		"more than may be left":    append(approved(), operation("r", pos.Refund, 300), ended("r", pos.OperationUnknown), operation("s", pos.Refund, 701)),
		"a void of a part":         append(approved(), operation("v", pos.Void, 999)),
		"a void after a refund":    append(append(approved(), part...), operation("v", pos.Void, 700)),
		"a refund after a void":    append(approved(), operation("v", pos.Void, 1000), ended("v", pos.OperationDone), operation("r", pos.Refund, 1)),
		"the same key again":       append(append(approved(), part...), operation("r", pos.Refund, 1)),
		"before it was taken":      {intent(), operation("r", pos.Refund, 1)},
		"an end without a request": append(approved(), ended("r", pos.OperationDone)),
		"an end after the end":     append(append(approved(), part...), ended("r", pos.OperationRefused)),
		"a result after the end":   append(append(approved(), part...), &record.OperationResult{Payment: id, Key: "r"}),
	} {
		before, _, err := story(t, bodies[:len(bodies)-1]...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		after, _, err := story(t, bodies...)
		if err == nil || after.Seq != before.Seq || after.Returned != before.Returned {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLateMoneyIsGivenBackInParts(t *testing.T) {
	late := &record.PlatformResult{Payment: id, N: 1, Decision: &record.Decision{Status: pos.RefundDue, Amount: 1000, Currency: "EUR"}}
	bodies := []record.Body{intent(), result(pos.Cancelled, 0), confirmed(), late, operation("r", pos.Refund, 400), ended("r", pos.OperationDone)}
	p, _, err := story(t, bodies...)
	if err != nil || p.Status != pos.RefundDue || p.Returnable() != 600 {
		t.Fatalf("%v, %+v", err, p)
	}
	p, _, err = story(t, append(bodies, operation("s", pos.Refund, 600), ended("s", pos.OperationDone))...)
	if err != nil || p.Status != pos.Refunded {
		t.Errorf("%v, %+v", err, p)
	}
}

func TestEvidenceThatIsGivenUpLeavesThePaymentUnknown(t *testing.T) {
	p, _, err := story(t, intent(), unknown(), &record.Resolution{Payment: id, Status: pos.Unknown, Evidence: record.Abandoned, Text: "nobody knows",
		Unwanted: true, Supervisor: "sue", Cashier: "ann"})
	if err != nil || p.Status != pos.Unknown || p.Evidence != record.Abandoned || !p.Unwanted {
		t.Errorf("%v, %+v", err, p)
	}
}
