package reconcile_test

import (
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// steps are those of a card sale that was refunded.
func steps() []reconcile.Step {
	return []reconcile.Step{{Kind: record.KindIntent}, {Kind: record.KindResult, Status: pos.Approved}, {Kind: record.KindConfirmed},
		{Kind: record.KindOperation, Operation: "r", What: pos.Refund}, {Kind: record.KindOperationEnd, Operation: "r", State: pos.OperationDone}}
}

// offline are those of an offline approval that was refused, tried again and collected.
func offline() []reconcile.Step {
	return []reconcile.Step{{Kind: record.KindIntent}, {Kind: record.KindResult, Status: pos.ApprovedOffline}, {Kind: record.KindConfirmed},
		{Kind: record.KindPlatformResult, Status: pos.ForwardDeclined}, {Kind: record.KindOperation, Operation: "c", What: pos.Capture},
		{Kind: record.KindPlatformResult, Operation: "c", Status: pos.Captured, State: pos.OperationDone}}
}

// reserved are those of a reservation that an operation ends.
func reserved(what pos.OperationKind) []reconcile.Step {
	return []reconcile.Step{{Kind: record.KindIntent}, {Kind: record.KindResult, Status: pos.Reserved}, {Kind: record.KindConfirmed},
		{Kind: record.KindOperation, Operation: "e", What: what}, {Kind: record.KindOperationEnd, Operation: "e", State: pos.OperationDone}}
}

func TestStepsComeInOneOrderOnly(t *testing.T) {
	unknown := []reconcile.Step{{Kind: record.KindIntent}, {Kind: record.KindResolution, Status: pos.Unknown}, {Kind: record.KindResolution, Status: pos.Approved}}
	for name, c := range map[string]struct {
		steps []reconcile.Step
		check string
	}{
		"a sale and its refund":              {steps(), ""},
		"an offline approval":                {offline(), ""},
		"unknown and found":                  {unknown, ""},
		"a reservation that is booked":       {reserved(pos.Capture), ""},
		"booked, and given back":             {append(reserved(pos.Capture), steps()[3:]...), ""},
		"a reservation that is released":     {reserved(pos.Void), ""},
		"a refund of what is held":           {reserved(pos.Refund), "step_refund_before_taken"},
		"booked before it is held":           {append(reserved(pos.Capture)[:1], reserved(pos.Capture)[3:]...), "step_capture_before_approval"},
		"booked after the release":           {append(reserved(pos.Void), reconcile.Step{Kind: record.KindOperation, Operation: "f", What: pos.Capture}), "step_capture_before_approval"},
		"a result before its intent":         {steps()[1:], "step_without_intent"},
		"two intents":                        {append(steps()[:1], steps()...), "step_begun_twice"},
		"a confirmation before its result":   {append(steps()[:1], steps()[2:]...), "step_without_result"},
		"a result after the end":             {append(steps()[:3], steps()[1]), "step_after_end"},
		"a refund before the money":          {append(steps()[:1], steps()[3:]...), "step_refund_before_taken"},
		"a refund that nobody asked for":     {append(steps()[:3], steps()[4]), "step_operation_without_request"},
		"a refund that is asked for twice":   {append(steps(), steps()[3]), "step_operation_twice"},
		"a capture before the approval":      {append(offline()[:1], reconcile.Step{Kind: record.KindPlatformResult, Status: pos.Captured}), "step_capture_before_approval"},
		"a capture that was not refused":     {append(offline()[:3], offline()[4]), "step_capture_before_approval"},
		"declined after it was approved":     {append(steps()[:3], reconcile.Step{Kind: record.KindResolution, Status: pos.Declined}), "step_status_impossible"},
		"a refund that is refused when done": {append(steps(), reconcile.Step{Kind: record.KindOperationEnd, Operation: "r", State: pos.OperationRefused}), "step_status_impossible"},
	} {
		columns := day()
		columns.Journal[1].Steps = c.steps
		only(t, name, columns, c.check)
		orphaned := day()
		orphaned.Orphans = []reconcile.Payment{{ID: pos.PaymentID{77}, Steps: c.steps}}
		only(t, name+", with nothing but steps", orphaned, c.check)
	}
}

// only wants one kind of difference, or none for "".
func only(t *testing.T, name string, c reconcile.Columns, check string) {
	t.Helper()
	r, err := reconcile.Run(c)
	if err != nil || r.OK != (check == "") {
		t.Errorf("%s: %+v, %v", name, r.Differences, err)
		return
	}
	for _, d := range r.Differences {
		if d.Check != check || d.Kind == "" || d.Cause == "" || d.Next == "" {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestNothingIsGivenBackBeforeItWasTaken(t *testing.T) {
	for name, c := range map[string]struct {
		at  int64
		day string
		ok  bool
	}{"later that day": {at: 2000, day: "2026-03-01", ok: true}, "a second before": {at: 999, day: "2026-03-01"}, "a day before": {day: "2026-02-28"}} {
		columns := refunded()
		columns.Books, columns.Acquirer = false, nil
		for i := range columns.Journal {
			columns.Journal[i].Acquirer, columns.Journal[i].Day = "bank", "2026-03-01"
		}
		code := columns.Journal[3]
		columns.Statement = []reconcile.Row{row(code, reconcile.RowPayment, 1100, "A"), row(code, reconcile.RowRefund, 400, "B")}
		columns.Statement[0].At, columns.Statement[1].At, columns.Statement[1].Day = 1000, c.at, c.day
		check := "step_refund_before_taken"
		if c.ok {
			check = ""
		}
		only(t, name, columns, check)
	}
}

// row is a line of a statement that names a payment by its id.
func row(p reconcile.Payment, kind reconcile.RowKind, amount pos.Minor, transaction string) reconcile.Row {
	return reconcile.Row{Acquirer: "bank", Kind: kind, Count: 1, Line: 2, Transaction: transaction, Reference: p.ID.String(), Day: "2026-03-01",
		Money: pos.Money{Amount: amount, Currency: "EUR"}}
}
