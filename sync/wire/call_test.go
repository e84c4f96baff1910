package wire

import (
	"bytes"
	"crypto/sha256"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
)

func aPayment() (id pos.PaymentID) {
	copy(id[:], bytes.Repeat([]byte{0xbb}, 16))
	return id
}

func aCall() *Call {
	return &Call{ID: pos.UUID{1}, Till: "till-1", Op: OpAuthorise, DeadlineMS: 45000, Payment: aPayment(), Intent: []byte{0xa1}, Scheme: "wechat", Code: "134500000000000000"}
}

// seal signs any map as a call, a reply or an event.
func seal(t testing.TB, s *cose.Signer, purpose cose.Purpose, m any) []byte {
	t.Helper()
	content, err := cbor.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	message, err := s.Seal(content, purpose)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

func TestCallsCarryWhatWasAsked(t *testing.T) {
	c, s := newCodec(t), newSigner(t, 1)
	for _, call := range []*Call{aCall(), {ID: pos.UUID{2}, Till: "till-1", Op: OpResults, After: 7}, {ID: pos.UUID{3}, Till: "till-1", Op: OpCancel, Payment: aPayment()},
		{ID: pos.UUID{4}, Till: "till-1", Op: OpRefund, Payment: aPayment(), Intent: []byte{0xa1}},
		{ID: pos.UUID{6}, Till: "till-1", Op: OpCapture, Payment: aPayment(), Opaque: []byte{1, 2, 3}},
		{ID: pos.UUID{5}, Till: "till-1", Op: OpQuery, Payment: aPayment(), Operation: "op/1", Foreign: true}} {
		message, err := c.SealCall(call, s)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.OpenCall(message, cose.OneKey(s.Public()))
		if err != nil || !reflect.DeepEqual(got, call) {
			t.Errorf("%+v, %v; want %+v", got, err, call)
		}
		if CallHash(message) != sha256.Sum256(message) {
			t.Error("the hash is not that of the message")
		}
	}
}

func TestCallsThatAreRefused(t *testing.T) {
	c, s := newCodec(t), newSigner(t, 1)
	whole := func() map[string]any {
		return map[string]any{"id": make([]byte, 16), "till": "till-1", "op": "query", "payment": make([]byte, 16)}
	}
	for name, change := range map[string]func(map[string]any){
		"no id":             func(m map[string]any) { delete(m, "id") },
		"short id":          func(m map[string]any) { m["id"] = []byte{1} },
		"no payment":        func(m map[string]any) { delete(m, "payment") },
		"long payment":      func(m map[string]any) { m["payment"] = make([]byte, 17) },
		"bad till":          func(m map[string]any) { m["till"] = "#" },
		"unknown op":        func(m map[string]any) { m["op"] = "mint" },
		"deadline too late": func(m map[string]any) { m["deadline_ms"] = uint64(1) << 40 },
		"bad operation":     func(m map[string]any) { m["operation"] = "a b" },
		"after too large":   func(m map[string]any) { m["after"] = uint64(1) << 63 },
	} {
		m := whole()
		change(m)
		if call, err := c.OpenCall(seal(t, s, cose.ForCall, m), cose.OneKey(s.Public())); err == nil {
			t.Errorf("%s: accepted as %+v", name, call)
		}
	}
	good := seal(t, s, cose.ForCall, whole())
	if _, err := c.OpenCall(good, cose.OneKey(s.Public())); err != nil {
		t.Error(err)
	}
	if _, err := c.OpenCall(good, cose.OneKey(newSigner(t, 2).Public())); err == nil {
		t.Error("another till's key")
	}
	if _, err := c.OpenCall(seal(t, s, cose.ForAck, whole()), cose.OneKey(s.Public())); err == nil {
		t.Error("a signature for another purpose")
	}
	if _, err := c.OpenCall(make([]byte, maxCall+1), cose.OneKey(s.Public())); err == nil || !strings.Contains(err.Error(), "limit") {
		t.Error("too long", err)
	}
	if _, err := c.OpenCall(seal(t, s, cose.ForCall, "x"), cose.OneKey(s.Public())); err == nil {
		t.Error("no map")
	}
}

func TestRepliesCarryWhatIsKnown(t *testing.T) {
	c, s := newCodec(t), newSigner(t, 1)
	o := Outcome{Payment: aPayment(), N: 3, Status: pos.Approved, Amount: 1250, Currency: "EUR", Scheme: "alipay", Code: "10000", Text: "paid", Transaction: "T1"}
	shown := Outcome{Payment: aPayment(), Status: pos.Pending, QR: "weixin://x", ExpiresAt: 9}
	part := Outcome{Payment: aPayment(), N: 4, Status: pos.Refunded, Amount: 250, Currency: "EUR", Operation: "op/1"}
	other := Outcome{Payment: aPayment(), Status: pos.Approved, Amount: 1250, Currency: "EUR",
		Of: &Foreign{Till: "till-2", Order: "o/1", Attempt: 1, Tender: pos.QR, Amount: 1250, Returnable: 1000}}
	for _, r := range []*Reply{
		{ID: pos.UUID{1}, CallHash: [32]byte{2}, Stage: Final, At: 6, Outcome: &part},
		{ID: pos.UUID{1}, CallHash: [32]byte{2}, Stage: Final, At: 6, Outcome: &other},
		{ID: pos.UUID{1}, CallHash: [32]byte{2}, Stage: Accepted, At: 5, Outcome: &shown},
		{ID: pos.UUID{1}, CallHash: [32]byte{2}, Stage: Final, At: 6, Results: []Outcome{o, shown}, More: true},
	} {
		message, err := c.SealReply(r, s)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.OpenReply(message, cose.OneKey(s.Public())); err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("%+v, %v; want %+v", got, err, r)
		}
	}
}

func TestRepliesThatAreRefused(t *testing.T) {
	c, s := newCodec(t), newSigner(t, 1)
	outcome := func() map[string]any {
		return map[string]any{"payment": make([]byte, 16), "status": "approved", "amount": 1, "currency": "EUR"}
	}
	many := make([]any, MaxResults+1)
	for i := range many {
		many[i] = outcome()
	}
	for name, change := range map[string]func(m, o map[string]any){
		"short hash":       func(m, _ map[string]any) { m["call_hash"] = []byte{1} },
		"short id":         func(m, _ map[string]any) { m["id"] = []byte{1} },
		"unknown stage":    func(m, _ map[string]any) { m["stage"] = "maybe" },
		"unknown status":   func(_, o map[string]any) { o["status"] = "rich" },
		"negative amount":  func(_, o map[string]any) { o["amount"] = -1 },
		"amount too large": func(_, o map[string]any) { o["amount"] = int64(pos.MaxAmount) + 1 },
		"unknown currency": func(_, o map[string]any) { o["currency"] = "XXX" },
		"short payment":    func(_, o map[string]any) { o["payment"] = []byte{1} },
		"bad operation":    func(_, o map[string]any) { o["operation"] = "a b" },
		"bad foreign till": func(_, o map[string]any) { o["of"] = of(map[string]any{"till": "#"}) },
		"no foreign order": func(_, o map[string]any) { o["of"] = of(map[string]any{"order": ""}) },
		"attempt zero":     func(_, o map[string]any) { o["of"] = of(map[string]any{"attempt": 0}) },
		"more than taken":  func(_, o map[string]any) { o["of"] = of(map[string]any{"returnable": 11}) },
		"too many results": func(m, _ map[string]any) { m["results"] = many },
		"a bad result":     func(m, _ map[string]any) { m["results"] = []any{map[string]any{"status": "rich"}} },
	} {
		o := outcome()
		m := map[string]any{"id": make([]byte, 16), "call_hash": make([]byte, 32), "stage": "final", "at": 1, "outcome": o}
		if _, err := c.OpenReply(seal(t, s, cose.ForReply, m), cose.OneKey(s.Public())); err != nil {
			t.Fatal(err)
		}
		change(m, o)
		if r, err := c.OpenReply(seal(t, s, cose.ForReply, m), cose.OneKey(s.Public())); err == nil {
			t.Errorf("%s: accepted as %+v", name, r)
		}
	}
	if _, err := c.OpenReply(make([]byte, maxReply+1), cose.OneKey(s.Public())); err == nil {
		t.Error("too long")
	}
	if _, err := c.OpenReply(seal(t, s, cose.ForReply, 1), cose.OneKey(s.Public())); err == nil {
		t.Error("no map")
	}
	if _, err := c.OpenReply(seal(t, s, cose.ForAck, 1), cose.OneKey(s.Public())); err == nil {
		t.Error("another purpose")
	}
}

// of is what is told of another till's payment, with some of it changed.
func of(change map[string]any) map[string]any {
	m := map[string]any{"till": "till-2", "order": "o/1", "attempt": 1, "tender": "qr", "amount": 10, "returnable": 10}
	maps.Copy(m, change)
	return m
}

func TestEventsAreHints(t *testing.T) {
	c, s := newCodec(t), newSigner(t, 1)
	message, err := c.SealEvent(&Event{Till: "till-1", N: 4}, s)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := c.OpenEvent(message, cose.OneKey(s.Public())); err != nil || *e != (Event{"till-1", 4}) {
		t.Errorf("%+v, %v", e, err)
	}
	for name, bad := range map[string][]byte{"another purpose": seal(t, s, cose.ForAck, map[string]any{"n": 1}), "no map": seal(t, s, cose.ForEvent, 1), "long": make([]byte, maxCall+1)} {
		if _, err := c.OpenEvent(bad, cose.OneKey(s.Public())); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzOpenReply(f *testing.F) {
	c, s := newCodec(f), newSigner(f, 1)
	r := Reply{ID: pos.UUID{1}, Stage: Final, Outcome: &Outcome{Payment: aPayment(), Status: pos.Approved, Amount: 1, Currency: "EUR"}}
	message, err := c.SealReply(&r, s)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(message)
	content, _, err := cose.Open(message, cose.ForReply, cose.OneKey(s.Public()))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Fuzz(func(t *testing.T, b []byte) {
		signed, err := s.Seal(b, cose.ForReply)
		if err != nil {
			return
		}
		for _, message := range [][]byte{b, signed} {
			if r, err := c.OpenReply(message, cose.OneKey(s.Public())); err == nil {
				if _, err := c.SealReply(r, s); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

func FuzzOpenCall(f *testing.F) {
	c, s := newCodec(f), newSigner(f, 1)
	message, err := c.SealCall(aCall(), s)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(message)
	content, _, err := cose.Open(message, cose.ForCall, cose.OneKey(s.Public()))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Fuzz(func(t *testing.T, b []byte) {
		signed, err := s.Seal(b, cose.ForCall)
		if err != nil {
			return
		}
		for _, message := range [][]byte{b, signed} {
			if call, err := c.OpenCall(message, cose.OneKey(s.Public())); err == nil {
				if _, err := c.SealCall(call, s); err != nil {
					t.Error(err)
				}
			}
		}
	})
}
