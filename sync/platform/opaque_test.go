package platform

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/pos"
	simulated "github.com/tillproof/tillproof/simulator/acquirer"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/work"
	"github.com/tillproof/tillproof/sync/wire"
)

// swipedCard is the card data of a swipe of a test card, under the public test key and the first key serial number of the standard's examples.
const swipedCard = "80170025008292" + "3B3431313131312A2A2A2A2A2A313131313D333031322A2A2A2A2A2A2A2A2A2A2A2A2A3F2A" +
	"4BA6C791EB7DC3EFBFDF8F6924F4572796CE359AE95FFEE014746B2227017F8F141D43165369FDBB" +
	"FAA2690A0556629F18196A05D38DBFAA77701DE5" + "53494D30303030303031" + "FFFF9876543210E00001"

// swiped seals the test card for a payment of till-1, to a key in a folder of the platform.
func swiped(t *testing.T, key *cose.Opener, payment pos.PaymentID, change ...func(*wire.Swipe)) []byte {
	t.Helper()
	data, err := hex.DecodeString(swipedCard)
	if err != nil {
		t.Fatal(err)
	}
	s := &wire.Swipe{Format: "idtech", Opaque: data, Reader: "SIM0000001", KSN: data[len(data)-10:], BIN: "411111", Last4: "1111"}
	for _, f := range change {
		f(s)
	}
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := codec.SealSwipe(s, key.Public(), "till-1", payment)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// sealKey is the platform's own, as a till would learn it from the list of keys.
func (s *stage) sealKey() *cose.Opener {
	s.t.Helper()
	key, err := s.config.openSeal()
	if err != nil {
		s.t.Fatal(err)
	}
	return key
}

// promised has a till promise a payment by a reader's card, and returns the call that brings the card.
func (p *phone) promised(n int, sealed []byte) *wire.Call {
	hash := sha256.Sum256(sealed)
	p.j.Commit(&record.Intent{Payment: paymentID(n), Order: "o", Attempt: pos.Attempt(n), Amount: pos.Minor(n), Currency: "THB", Tender: pos.Card,
		Mode: pos.Offline, Scheme: record.CardReader, Device: "swipe"})
	p.j.Commit(&record.Result{Payment: paymentID(n), Decision: record.Decision{Status: pos.ApprovedOffline, Amount: pos.Minor(n), Currency: "THB", Last4: "1111",
		Sealed: hash[:]}})
	p.j.Commit(&record.Confirmed{Payment: paymentID(n)})
	return &wire.Call{Op: wire.OpCapture, Payment: paymentID(n), Opaque: sealed}
}

// blobs counts what the platform keeps of cards.
func (s *stage) blobs() (n int) {
	s.t.Helper()
	db, err := database.OpenReader(s.t.Context(), s.config.Database)
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	if err := db.Row(s.t.Context(), "SELECT count(*) FROM opaque").Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

func TestCardsOfReadersAreCollectedOnceAndForgotten(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`, record.CardReader)
	key := s.sealKey()
	b.Plan(refOf(paymentID(201)), simulated.Customer{LoseCaptures: 2})
	b.Plan(refOf(paymentID(202)), simulated.Customer{RefuseTries: 1})
	var calls []*wire.Call
	for _, n := range []int{200, 201, 202} {
		calls = append(calls, p.promised(n, swiped(t, key, paymentID(n))))
	}
	if o := p.ask(calls[0]).Outcome; o.Code != "never_received" || o.N != 0 || s.blobs() > 0 {
		t.Errorf("before its records: %+v", o)
	}
	l := s.run(p.j, nil)
	s.drained(l)
	for range 3 { // answers were lost
		for _, call := range calls {
			p.ask(call)
		}
	}
	s.shutdown()
	s.open() // whatever was under way goes on
	p.s.until("the till is connected", p.Connected)
	for i, want := range []pos.Status{pos.Captured, pos.Captured, pos.ForwardDeclined} {
		o := p.told(calls[i].Payment, want)
		p.journal(o)
	}
	if n := s.blobs(); n > 0 {
		t.Errorf("%d cards are kept after the answers", n)
	}
	cards := b.Cards(refOf(paymentID(202)))
	s.item(s.workOf(t), paymentID(202), work.Todo)
	for _, call := range calls { // and once more, after the end
		p.ask(call)
	}
	if o := p.capture(paymentID(202), "again", 202); o.Status != pos.Captured || o.Amount != 202 {
		t.Errorf("%+v", o)
	}
	if b.Cards(refOf(paymentID(202))) != cards || s.blobs() > 0 {
		t.Error("another try brought the card again")
	}
	s.drained(l)
	for _, n := range []int{200, 201, 202} {
		if got := s.status(paymentID(n)); got != pos.Captured {
			t.Errorf("%d is %s", n, got)
		}
		if money, times := b.Captured(refOf(paymentID(n))); times != 1 || money.Amount != pos.Minor(n) {
			t.Errorf("%d: collected %s, %d times", n, money, times)
		}
	}
	p.ask(p.operation(paymentID(200), "back", 50, func(o *record.Operation) { o.Tender = pos.Card }))
	if o := p.outcome(paymentID(200), "back"); o.Status != pos.Refunded || o.Amount != 50 {
		t.Errorf("%+v", o)
	}
	b.charged(t, paymentID(200), 150, 1)
	s.shutdown()
	s.holdsNoCard()
}

// holdsNoCard searches all files of the platform for the card, and for what the reader has encrypted.
func (s *stage) holdsNoCard() {
	s.t.Helper()
	data, err := hex.DecodeString(swipedCard)
	if err != nil {
		s.t.Fatal(err)
	}
	secret := data[44:84]
	err = filepath.Walk(filepath.Dir(s.config.Database), func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for name, found := range map[string][]byte{"the card number": []byte("4111111111111111"), "the ciphertext": secret,
			"the ciphertext in base64": []byte(base64.StdEncoding.EncodeToString(data)[60:100])} {
			if bytes.Contains(text, found) {
				s.t.Errorf("%s holds %s", filepath.Base(path), name)
			}
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestCardDataThatThePlatformDoesNotTakeStayWithTheTill(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`, record.CardReader)
	key := s.sealKey()
	stranger, err := cose.LoadOrCreateSeal(filepath.Join(t.TempDir(), "seal.pem"))
	if err != nil {
		t.Fatal(err)
	}
	good, other := swiped(t, key, paymentID(210)), swiped(t, stranger, paymentID(211))
	right, foreign := p.promised(210, good), p.promised(211, other)
	moved := p.promised(212, good) // the blob of another payment
	l := s.run(p.j, nil)
	s.drained(l)
	for code, call := range map[string]*wire.Call{"opaque_unreadable": foreign, "opaque_mismatch": {Op: wire.OpCapture, Payment: paymentID(210), Opaque: other}} {
		if o := p.ask(call).Outcome; o.Code != code || o.N != 0 || o.Status != pos.Cancelled {
			t.Errorf("%+v, want %s", o, code)
		}
	}
	if o := p.ask(moved).Outcome; o.Code != "opaque_unreadable" {
		t.Errorf("%+v", o)
	}
	if s.blobs() > 0 {
		t.Error("it was kept")
	}
	p.ask(right)
	p.told(paymentID(210), pos.Captured)
	for _, n := range []int{211, 212} {
		if _, times := b.Captured(refOf(paymentID(n))); times > 0 {
			t.Errorf("%d was collected", n)
		}
	}
}

func TestACardThatDoesNotFitIsDeclined(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`, record.CardReader)
	call := p.promised(220, swiped(t, s.sealKey(), paymentID(220), func(w *wire.Swipe) { w.Last4 = "2222" }))
	l := s.run(p.j, nil)
	s.drained(l)
	p.ask(call)
	if o := p.told(call.Payment, pos.ForwardDeclined); o.Code != "CARD_UNREADABLE" {
		t.Errorf("%+v", o)
	}
	if _, times := b.Captured(refOf(call.Payment)); times > 0 || s.blobs() > 0 {
		t.Error("collected, or kept")
	}
}

// swipes has a till ask for the money of a card while the platform is there.
func (p *phone) swipes(n int, sealed []byte) *wire.Call {
	intent := &record.Intent{Payment: paymentID(n), Order: pos.OrderRef("order-" + paymentID(n).String()), Attempt: 1, Amount: pos.Minor(n), Currency: "THB",
		Tender: pos.Card, Mode: pos.Online, Scheme: record.CardReader, Device: "swipe"}
	return &wire.Call{Op: wire.OpAuthorise, Payment: intent.Payment, Intent: p.j.Commit(intent)[0].Raw, Scheme: record.CardReader, Opaque: sealed}
}

func TestCardsOfReadersAreAuthorisedOnline(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`, record.CardReader)
	key := s.sealKey()
	b.Plan(refOf(paymentID(231)), simulated.Customer{Declines: true})
	p.ask(p.swipes(230, swiped(t, key, paymentID(230))))
	p.told(paymentID(230), pos.Approved)
	b.charged(t, paymentID(230), 230, 1)
	p.ask(p.swipes(231, swiped(t, key, paymentID(231))))
	p.told(paymentID(231), pos.Declined)
	if o := p.ask(p.swipes(232, swiped(t, key, paymentID(230)))).Outcome; o.Status != pos.Cancelled || o.Code != "opaque_unreadable" {
		t.Errorf("another payment's card: %+v", o)
	}
	if n := s.blobs(); n > 0 {
		t.Errorf("%d cards are kept", n)
	}
	s.shutdown()
	s.holdsNoCard()
}

func TestWithoutAnAcquirerForThemCardsOfReadersStayWithTheTill(t *testing.T) {
	s, b, p := shop(t, nil, `"*"`)
	call := p.promised(240, swiped(t, s.sealKey(), paymentID(240)))
	l := s.run(p.j, nil)
	s.drained(l)
	if o := p.ask(call).Outcome; o.Code != "not_supported" || o.N != 0 {
		t.Errorf("%+v", o)
	}
	if o := p.ask(p.swipes(241, swiped(t, s.sealKey(), paymentID(241)))).Outcome; o.Status != pos.Declined || !strings.Contains(o.Text, "card_reader") {
		t.Errorf("%+v", o)
	}
	if len(b.Accounts()) > 0 || s.blobs() > 0 {
		t.Error("somebody took it")
	}
}
