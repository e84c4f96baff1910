package view_test

import (
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// foreignRefund is a refund of a payment that another till has taken; left is what could go back by the platform's word.
func foreignRefund(key pos.OperationKey, amount, left pos.Minor) *record.Operation {
	return &record.Operation{Payment: id, Key: key, What: pos.Refund, Amount: amount, Currency: "EUR", Tender: pos.Cash, Mode: pos.Online,
		Of: &record.Foreign{Till: "till-2", Order: "theirs", Attempt: 3, Tender: pos.QR, Currency: "EUR", Amount: left}}
}

func reserved(key pos.OperationKey, amount pos.Minor) record.Body {
	return &record.PlatformResult{Payment: id, N: 1, Operation: key, Decision: &record.Decision{Status: pos.Refunded, Amount: amount, Currency: "EUR"}}
}

func TestARefundOfAnotherTillsPaymentBeginsAPageOfItsOwn(t *testing.T) {
	p, _, err := story(t, foreignRefund("a", 300, 1000))
	if err != nil || p.Status != pos.Foreign || p.Foreign != "till-2" || p.Key() != (pos.OrderKey{Order: "theirs", Attempt: 3}) || p.Returnable() != 700 {
		t.Fatalf("%v, %+v", err, p)
	}
	if p.Taken().Amount != 0 || !p.Unfinished() {
		t.Errorf("%+v", p)
	}
	p, book, err := story(t, foreignRefund("a", 300, 1000), reserved("a", 300), foreignRefund("b", 500, 500), reserved("b", 500))
	if err != nil || p.Status != pos.Foreign || p.Returned != 800 || p.Returnable() != 0 || p.Unfinished() {
		t.Fatalf("%v, %+v", err, p)
	}
	if totals, err := book.Totals(); err != nil || len(totals) != 0 {
		t.Errorf("a foreign payment is in the totals of sales: %v, %v", totals, err)
	}
}

func TestWhatIsNoRefundOfAnotherTillsPaymentBeginsNothing(t *testing.T) {
	own, void, without := foreignRefund("a", 300, 1000), foreignRefund("a", 300, 300), foreignRefund("a", 300, 1000)
	own.Of.Till, void.What, without.Of = "till-1", pos.Void, nil
	for name, b := range map[string]*record.Operation{"our own till": own, "a void": void, "nothing named": without, "more than is left": foreignRefund("a", 301, 300),
		"nothing left": foreignRefund("a", 1, 0)} {
		if _, book, err := story(t, b); err == nil || len(book) > 0 {
			t.Errorf("%s: %v, %v", name, err, book)
		}
	}
}
