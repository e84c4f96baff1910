package view_test

import (
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// story folds bodies in order and returns the payment and the first error.
func story(t *testing.T, bodies ...record.Body) (*view.Payment, view.Payments, error) {
	t.Helper()
	codec, err := record.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	book, head := view.Payments{}, record.Genesis("till-1", pos.Epoch{1})
	for _, body := range bodies {
		rec, err := codec.Encode("till-1", head, record.Times{Wall: int64(head.Seq)}, body)
		if err != nil {
			t.Fatal(err)
		}
		head = rec.Head()
		if err := view.Fold(book, codec, &rec); err != nil {
			return book[id], book, err
		}
	}
	return book[id], book, nil
}

var id = pos.PaymentID{1}

func intent() record.Body {
	return &record.Intent{Payment: id, Order: "o", Attempt: 1, Amount: 1000, Currency: "EUR", Tender: pos.Card, Mode: pos.Online}
}

func result(status pos.Status, amount pos.Minor) record.Body {
	return &record.Result{Payment: id, Decision: record.Decision{Status: status, Amount: amount, Currency: "EUR", Code: "6c", Text: "stopped"}}
}

func confirmed() record.Body { return &record.Confirmed{Payment: id} }

func unknown() record.Body {
	return &record.Resolution{Payment: id, Status: pos.Unknown, Evidence: record.ByLink, Text: "?"}
}

func TestAResultCountsWhenItIsConfirmed(t *testing.T) {
	p, book, err := story(t, intent(), result(pos.Approved, 1100))
	if err != nil || p.Status != pos.Pending || p.Taken().Amount != 0 {
		t.Fatalf("after the result: %+v, %v", p, err)
	}
	if totals, _ := book.Totals(); len(totals) != 0 {
		t.Errorf("an unconfirmed result is in the totals: %v", totals)
	}
	p, book, err = story(t, intent(), result(pos.Approved, 1100), confirmed())
	if err != nil || p.Status != pos.Approved || p.Taken() != (pos.Money{Amount: 1100, Currency: "EUR"}) || p.Asked().Amount != 1000 {
		t.Fatalf("after the confirmation: %+v, %v", p, err)
	}
	if totals, err := book.Totals(); err != nil || totals[pos.Card]["EUR"] != (pos.Sum{Count: 1, Amount: 1100}) {
		t.Errorf("%v, %v", totals, err)
	}
}

func TestTheLastResultBeforeTheConfirmationDecides(t *testing.T) {
	p, _, err := story(t, intent(), result(pos.Approved, 1000), result(pos.Cancelled, 1000), confirmed())
	if err != nil || p.Status != pos.Cancelled || p.Reason != (view.Reason{Code: "6c", Text: "stopped"}) {
		t.Fatalf("%+v, %v", p, err)
	}
}

func TestUnknownIsResolvedWithEvidence(t *testing.T) {
	found := &record.Decision{Status: pos.Approved, Amount: 1000, Currency: "EUR", Trace: "7"}
	p, _, err := story(t, intent(), unknown(), &record.Resolution{Payment: id, Status: pos.Approved, Evidence: record.ByTerminal, Text: "asked", Found: found})
	if err != nil || p.Status != pos.Approved || p.Decision.Trace != "7" || p.Evidence != record.ByTerminal || p.Reason != (view.Reason{}) {
		t.Fatalf("%+v, %v", p, err)
	}
}

func TestUnwantedFreesWithoutDeciding(t *testing.T) {
	give := &record.Resolution{Payment: id, Status: pos.Unknown, Evidence: record.ByCashier, Text: "given up", Unwanted: true}
	p, _, err := story(t, intent(), unknown(), give)
	if err != nil || p.Status != pos.Unknown || !p.Unwanted {
		t.Fatalf("%+v, %v", p, err)
	}
	p, _, err = story(t, intent(), unknown(), give, result(pos.Approved, 1000), confirmed())
	if err != nil || p.Status != pos.Approved || !p.Unwanted {
		t.Errorf("a later proof: %+v, %v", p, err)
	}
}

func TestWhatTheTableDoesNotAllowChangesNothing(t *testing.T) {
	for name, bodies := range map[string][]record.Body{
		"confirmed without result": {intent(), confirmed()},
		"approved to unknown":      {intent(), result(pos.Approved, 1000), confirmed(), unknown()},
		"result after the end":     {intent(), result(pos.Declined, 1000), confirmed(), result(pos.Approved, 1000)},
		"a second intent":          {intent(), intent()},
		"approved without a sum":   {intent(), unknown(), &record.Resolution{Payment: id, Status: pos.Approved, Evidence: record.ByTerminal}},
		"an invented state":        {intent(), unknown(), &record.Resolution{Payment: id, Status: "paid", Evidence: record.ByTerminal}},
	} {
		before, _, err := story(t, bodies[:len(bodies)-1]...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		after, _, err := story(t, bodies...)
		if err == nil || after.Status != before.Status || after.Seq != before.Seq {
			t.Errorf("%s: %v, %s -> %s", name, err, before.Status, after.Status)
		}
	}
	if _, book, err := story(t, confirmed()); err == nil || len(book) > 0 {
		t.Error("a confirmation without an intent made a payment")
	}
	if _, book, err := story(t, &record.Boot{}); err != nil || len(book) > 0 {
		t.Error("a boot record made a payment")
	}
}
