package engine_test

import (
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wire"
)

// collect tries an offline approval once more, with the outcome that the test has set. The caller holds mu.
func (c *centre) collect(call *wire.Call, o *record.Operation) *wire.Outcome {
	for i := range c.results {
		if r := &c.results[i]; r.Payment == call.Payment && r.Operation == o.Key {
			return r
		}
	}
	r := wire.Outcome{Payment: call.Payment, Operation: o.Key, Status: c.again, Amount: o.Amount, Currency: o.Currency, N: uint64(len(c.results) + 1), Code: "51"}
	c.results = append(c.results, r)
	return &r
}

// giveBack carries a refund out, once for an operation. A payment that it has not seen paid is not decided about. The caller holds mu.
func (c *centre) giveBack(call *wire.Call, o *record.Operation) *wire.Outcome {
	for i := range c.results {
		if r := &c.results[i]; r.Payment == call.Payment && r.Operation == o.Key {
			return r
		}
	}
	known := c.payments[call.Payment]
	if o.Of != nil {
		known = c.elsewhere[call.Payment]
	}
	if known == nil || known.Status != pos.Approved {
		return &wire.Outcome{Payment: call.Payment, Operation: o.Key, Status: pos.Cancelled, Code: "never_received"}
	}
	r := wire.Outcome{Payment: call.Payment, Operation: o.Key, Status: pos.Refunded, Amount: o.Amount, Currency: o.Currency, N: uint64(len(c.results) + 1)}
	c.results = append(c.results, r)
	if !c.lostNews && !c.dumb && !c.away {
		c.news <- r
	}
	return &r
}

// operationOf reads the record of a refund call.
func (c *centre) operationOf(raw []byte) *record.Operation {
	codec, err := record.NewCodec()
	if err != nil {
		c.t.Error(err)
		return &record.Operation{}
	}
	rec, _, err := codec.Decode(raw)
	if err != nil {
		c.t.Error(err)
		return &record.Operation{}
	}
	body, err := codec.Body(&rec)
	o, ok := body.(*record.Operation)
	if err != nil || !ok {
		c.t.Errorf("%T, %v in a refund call", body, err)
		return &record.Operation{}
	}
	return o
}
