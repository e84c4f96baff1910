package acquirer_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/acquirer"
	"github.com/tillproof/tillproof/simulator/dukpt"
	proto "github.com/tillproof/tillproof/sync/acquirer"
)

// swipe is a track as a reader sends it that encrypts under the public test key.
func swipe(t *testing.T, track string, change ...func(*proto.Swipe)) proto.Swipe {
	t.Helper()
	ksn := []byte{0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0, 1}
	secret, err := dukpt.Encrypt(dukpt.TestBaseKey(), ksn, []byte(track))
	if err != nil {
		t.Fatal(err)
	}
	data := append([]byte{0x80, 0x17, 0, byte(len(track)), 0, 0x02, 0x82}, bytes.Repeat([]byte{'*'}, len(track))...)
	data = append(append(data, secret...), ksn...)
	s := proto.Swipe{Format: "idtech", Opaque: data, Reader: "SIM0000001", KSN: ksn, BIN: "411111", Last4: "1111"}
	for _, f := range change {
		f(&s)
	}
	return s
}

const testTrack = ";4111111111111111=30121010000000000?<"

func cardOrder(n byte) proto.Order {
	return proto.Order{Ref: cardRef(n), Till: "till-1", OrderRef: "o", Amount: pos.Money{Amount: 500, Currency: "EUR"}, Scheme: "card_reader"}
}

func cardRef(n byte) string { return "000000000000000000000000000000" + string([]byte{'a', '0' + n}) }

func TestACardIsOpenedAndComparedWithWhatTheReaderShows(t *testing.T) {
	for name, c := range map[string]struct {
		card proto.Swipe
		ok   bool
	}{
		"good":            {swipe(t, testTrack), true},
		"nothing shown":   {swipe(t, testTrack, func(s *proto.Swipe) { s.BIN, s.Last4 = "", "" }), true},
		"another card":    {swipe(t, testTrack, func(s *proto.Swipe) { s.Last4 = "2222" }), false},
		"another bank":    {swipe(t, testTrack, func(s *proto.Swipe) { s.BIN = "555555" }), false},
		"wrong digit":     {swipe(t, ";4111111111111112=30121010000000000?<", func(s *proto.Swipe) { s.Last4 = "" }), false},
		"no number":       {swipe(t, ";no number of a card=0000000000000?<"), false},
		"another key":     {swipe(t, testTrack, func(s *proto.Swipe) { s.Opaque[len(s.Opaque)-1]++; s.KSN = s.Opaque[len(s.Opaque)-10:] }), false},
		"key not its own": {swipe(t, testTrack, func(s *proto.Swipe) { s.KSN = make([]byte, 10) }), false},
		"another format":  {swipe(t, testTrack, func(s *proto.Swipe) { s.Format = "other" }), false},
		"nothing":         {proto.Swipe{Format: "idtech"}, false},
	} {
		a := acquirer.New()
		answer, err := a.AuthoriseCard(context.Background(), cardOrder(1), c.card)
		if err != nil || (answer.State == proto.Paid) != c.ok {
			t.Errorf("%s: authorise: %+v, %v", name, answer, err)
		}
		answer, err = a.CaptureCard(context.Background(), cardOrder(2), "try", c.card)
		if err != nil || (answer.State == proto.Paid) != c.ok {
			t.Errorf("%s: capture: %+v, %v", name, answer, err)
		}
	}
}

func TestACaptureByCardIsInTheBooksOnce(t *testing.T) {
	a, order := acquirer.New(), cardOrder(1)
	if answer, err := a.Capture(t.Context(), order, "early"); err != nil || answer.State != proto.Declined {
		t.Errorf("without a card: %+v, %v", answer, err)
	}
	a.Plan(order.Ref, acquirer.Customer{RefuseTries: 1})
	if answer, err := a.CaptureCard(t.Context(), order, "one", swipe(t, testTrack)); err != nil || answer.State != proto.Declined || answer.Code != "51" {
		t.Errorf("%+v, %v", answer, err)
	}
	for range 2 {
		if answer, err := a.Capture(t.Context(), order, "two"); err != nil || answer.State != proto.Paid {
			t.Errorf("%+v, %v", answer, err)
		}
	}
	account, found := a.Account(order.Ref)
	if !found || account.Tender != pos.Card || account.Net != order.Amount || account.Charges != 1 || a.Cards(order.Ref) != 1 {
		t.Errorf("%+v", account)
	}
	if answer, err := a.Refund(t.Context(), order.Ref, "back", pos.Money{Amount: 200, Currency: "EUR"}); err != nil || answer.State != proto.Refunded {
		t.Errorf("%+v, %v", answer, err)
	}
	if account, _ := a.Account(order.Ref); account.Net.Amount != 300 {
		t.Errorf("%+v", account)
	}
}
