package engine_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/calls"
	"github.com/tillproof/tillproof/sync/wire"
)

// centre stands for the platform behind the calls: it keeps every payment once and numbers its results. It outlives the agent.
type centre struct {
	t testing.TB

	mu        sync.Mutex
	away      bool // no connection
	vanish    bool // it looks as if there were a connection
	deaf      bool // calls are lost on the way
	dumb      bool // answers are lost on the way
	unheard   bool // the last call was not answered
	lostNews  bool // nothing is told unless it is asked for
	payments  map[pos.PaymentID]*wire.Outcome
	results   []wire.Outcome
	asked     []wire.Call
	blobs     [][]byte                        // sealed swipes that were forwarded
	refuses   string                          // code by which forwarded swipes are not taken; "" takes them
	again     pos.Status                      // of the next try to collect an offline approval
	elsewhere map[pos.PaymentID]*wire.Outcome // payments of other tills
	authorise func(*centre, wire.Call)        // what the customer does, in place of nothing
	news      chan wire.Outcome
	changed   chan struct{}
}

func newCentre(t testing.TB) *centre {
	return &centre{t: t, payments: map[pos.PaymentID]*wire.Outcome{}, news: make(chan wire.Outcome, 64), changed: make(chan struct{}, 1)}
}

func (c *centre) Connected() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.away
}

func (c *centre) Answering() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.away && !c.unheard
}

func (c *centre) Changed() <-chan struct{}  { return c.changed }
func (c *centre) News() <-chan wire.Outcome { return c.news }

// set changes the line.
func (c *centre) set(change func()) {
	c.mu.Lock()
	change()
	c.mu.Unlock()
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

func (c *centre) Ask(ctx context.Context, call *wire.Call) (*wire.Reply, error) {
	c.mu.Lock()
	if c.away || c.vanish {
		c.mu.Unlock()
		return nil, calls.ErrAway
	}
	silent := c.deaf || c.dumb
	var reply *wire.Reply
	if !c.deaf {
		reply = c.take(call)
	}
	c.mu.Unlock()
	if silent {
		select {
		case <-time.After(calls.AnswerWithin):
		case <-ctx.Done():
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unheard = silent; silent {
		return nil, calls.ErrSilent
	}
	return reply, nil
}

// take carries a call out. The caller holds mu.
func (c *centre) take(call *wire.Call) *wire.Reply {
	c.asked = append(c.asked, *call)
	reply := &wire.Reply{ID: call.ID, Stage: wire.Accepted}
	if call.Op == wire.OpResults {
		reply.Stage = wire.Final
		for i := call.After; i < uint64(len(c.results)) && len(reply.Results) < 2; i++ {
			reply.Results = append(reply.Results, c.results[i])
		}
		reply.More = call.After+2 < uint64(len(c.results))
		return reply
	}
	if call.Op == wire.OpCapture && len(call.Opaque) > 0 {
		reply.Outcome = c.forward(call)
		return reply
	}
	if call.Op == wire.OpCapture {
		reply.Outcome = c.collect(call, c.operationOf(call.Intent))
		return reply
	}
	if call.Op == wire.OpRefund {
		reply.Outcome = c.giveBack(call, c.operationOf(call.Intent))
		return reply
	}
	if call.Foreign {
		if reply.Outcome = c.elsewhere[call.Payment]; reply.Outcome == nil {
			reply.Outcome = &wire.Outcome{Payment: call.Payment, Status: pos.Cancelled, Code: "never_received"}
		}
		return reply
	}
	known := c.payments[call.Payment]
	switch {
	case known == nil && (call.Op == wire.OpAuthorise || call.Op == wire.OpIssueQR):
		c.payments[call.Payment] = &wire.Outcome{Payment: call.Payment, Status: pos.Pending, Text: "The customer confirms.",
			ExpiresAt: time.Now().Add(45 * time.Second).UnixMilli()}
		if c.authorise != nil {
			customer := *call
			go c.authorise(c, customer)
		}
	case known == nil:
		c.settle(call.Payment, wire.Outcome{Status: pos.Cancelled, Code: "never_received", Text: "it never came"})
	case call.Op == wire.OpCancel && call.Unwanted && known.Status == pos.Approved:
		c.settle(call.Payment, wire.Outcome{Status: pos.Refunded, Amount: known.Amount, Currency: "EUR"})
	case call.Op == wire.OpCancel && known.Status == pos.Pending:
		c.settle(call.Payment, wire.Outcome{Status: pos.Cancelled, Code: "cancelled"})
	}
	o := *c.payments[call.Payment]
	reply.Outcome = &o
	return reply
}

// settle numbers a result. The caller holds mu.
func (c *centre) settle(id pos.PaymentID, o wire.Outcome) {
	o.Payment, o.N = id, uint64(len(c.results)+1)
	c.results = append(c.results, o)
	latest := o
	c.payments[id] = &latest
	if !c.lostNews && !c.dumb && !c.away {
		c.news <- o
	}
}

// pay settles a payment in the customer's favour or not.
func (c *centre) pay(id pos.PaymentID, status pos.Status, amount pos.Minor) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle(id, wire.Outcome{Status: status, Amount: amount, Currency: "EUR", Transaction: "T-1", Scheme: "wechat", Code: "x", Text: "as the acquirer says"})
}

// count says how many calls of an operation arrived for a payment.
func (c *centre) count(op wire.Op, id pos.PaymentID) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, call := range c.asked {
		if call.Op == op && call.Payment == id {
			n++
		}
	}
	return n
}

// paysAfter is a customer who confirms the amount of the intent after a time.
func paysAfter(t testing.TB, d time.Duration) func(*centre, wire.Call) {
	return func(c *centre, call wire.Call) {
		<-time.After(d)
		c.pay(call.Payment, pos.Approved, intentAmount(t, call.Intent))
	}
}

func intentAmount(t testing.TB, raw []byte) pos.Minor {
	codec, err := record.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	rec, _, err := codec.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	body, err := codec.Body(&rec)
	if err != nil {
		t.Fatal(err)
	}
	return body.(*record.Intent).Amount
}

// onlineOptions are what a shop with a platform adds to its engine.
func (s *shop) onlineOptions(o engine.Options) engine.Options {
	o = s.readerOptions(o)
	if s.centre == nil {
		return o
	}
	o.Platform, o.CodeKey, o.Goods, o.Codes = s.centre, [32]byte{1}, s.goods, s.codes
	o.Tenders = []pos.Tender{pos.Cash, pos.Card, pos.Code, pos.QR}
	o.QR = []engine.QR{
		{Scheme: "wechat", Source: record.FromPlatform, TTL: time.Minute},
		{Scheme: "epc", Source: record.FromTill, TTL: 2 * time.Minute, Make: s.makeQR},
	}
	return o
}

func (s *shop) makeQR(amount pos.Money, reference string) (string, string, error) {
	if amount.Amount > 1000_00 {
		return "", "", pos.NewError("x", pos.Permanent, pos.NoneMoved, "too much", "")
	}
	return "EPC " + amount.String() + " " + reference, reference, nil
}

// calls copies what the platform was asked.
func (c *centre) calls() []wire.Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.asked)
}

// calledOps counts what the platform was asked.
func (c *centre) calledOps() map[wire.Op]int {
	ops := map[wire.Op]int{}
	for _, call := range c.calls() {
		ops[call.Op]++
	}
	return ops
}

// cashInstead is the next attempt in cash.
func cashInstead(r engine.Request) engine.Request {
	r = again(r)
	r.Tender, r.Code, r.Scheme = pos.Cash, "", ""
	return r
}
