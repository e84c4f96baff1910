//go:build linux

package faults

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"maps"
	"slices"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/outbox"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/platform"
	"github.com/tillproof/tillproof/sync/reconcile"
	"github.com/tillproof/tillproof/sync/wire"
)

// batchOf is the first batch of a journal, signed by its own key or another one.
func (s *site) batchOf(j *outboxtest.Journal, by *cose.Signer) *wire.Batch {
	s.t.Helper()
	c, err := j.Next(s.t.Context(), record.Head{}, wire.MaxRecords, 1<<20)
	if err != nil {
		s.t.Fatal(err)
	}
	b := &wire.Batch{Till: j.Till, Prev: c.Prev, Count: c.Count(), Signature: c.Signature, Records: c.Records}
	if by != nil {
		var last record.Record
		for rest := c.Records; len(rest) > 0; {
			if last, rest, err = j.Codec.Decode(rest); err != nil {
				s.t.Fatal(err)
			}
		}
		if b.Signature, err = by.Detached(last.Raw, cose.ForRecord); err != nil {
			s.t.Fatal(err)
		}
	}
	return b
}

func (s *site) encode(b *wire.Batch) []byte {
	s.t.Helper()
	codec, err := wire.NewCodec()
	if err != nil {
		s.t.Fatal(err)
	}
	message, err := codec.EncodeBatch(b)
	if err != nil {
		s.t.Fatal(err)
	}
	return message
}

// stranger is a key that nobody vouches for.
func (s *site) stranger() *cose.Signer {
	s.t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	signer, err := cose.NewSigner(key)
	if err != nil {
		s.t.Fatal(err)
	}
	return signer
}

// forgeries are messages that nobody may take for a till's own, by what is wrong with them; each is sent under the name of till-1.
func (s *site) forgeries(own *cose.Signer) map[string][]byte {
	sold := func(id pos.TillID) *outboxtest.Journal {
		j := outboxtest.New(id)
		j.Commit(sale(1)...)
		return j
	}
	mine, other := sold("till-1"), sold("till-2")
	good := s.encode(s.batchOf(mine, own))
	elsewhere := s.batchOf(mine, own)
	elsewhere.Prev.Epoch[15] ^= 1
	beginning := s.batchOf(mine, own)
	beginning.Prev.Hash[0] ^= 1
	counted := s.batchOf(mine, own)
	counted.Count++
	return map[string][]byte{
		"signed by a key that nobody knows": s.encode(s.batchOf(mine, s.stranger())),
		"another till's, under this name":   s.encode(s.batchOf(other, nil)),
		"of another epoch":                  s.encode(elsewhere),
		"behind another beginning":          s.encode(beginning),
		"more records than there are":       s.encode(counted),
		"cut short":                         good[:len(good)-7],
		"one bit flipped":                   append(append(bytes.Clone(good[:len(good)/2]), good[len(good)/2]^4), good[len(good)/2+1:]...),
		"noise":                             bytes.Repeat([]byte{0xa7, 1, 0xff}, 100),
		"nothing at all":                    {},
	}
}

// forged lets somebody who may use the till's line send forgeries between the till's own batches. Nothing of them is stored or answered, and the till's
// own records are none the worse.
func forged(s *site) {
	t := s.laden()
	second := outboxtest.New("till-2")
	s.tills = append(s.tills, &till{id: "till-2", public: second.Signer.Public()})
	own, err := cose.Load(agent.PathsIn(t.dir).Key)
	if err != nil {
		s.t.Fatal(err)
	}
	down := s.up(s.broker)
	defer down()
	evil := s.dial(mqtt.Options{Broker: "tcp://" + s.broker, ClientID: "evil", User: "till-1"})
	nobody := s.dial(mqtt.Options{Broker: "tcp://" + s.broker, ClientID: "till-9", User: "till-9"})
	unknown := outboxtest.New("till-9")
	unknown.Commit(sale(1)...)
	t.start(s.broker)
	s.until("the platform has heard of the till", func() bool { return t.status().AckedSeq > 0 })
	messages := s.forgeries(own)
	for _, name := range slices.Sorted(maps.Keys(messages)) {
		before := s.refused.Load()
		s.publish(evil, wire.Topic{Merchant: "shop", Till: "till-1"}.On(wire.UpRecords), messages[name])
		s.until("a message is refused: "+name, func() bool { return s.refused.Load() > before })
		t.sell()
	}
	before := s.refused.Load()
	s.publish(nobody, wire.Topic{Merchant: "shop", Till: "till-9"}.On(wire.UpRecords), s.encode(s.batchOf(unknown, nil)))
	s.until("a till that nobody knows is refused", func() bool { return s.refused.Load() > before })
	t.drained()
	t.stop()
	down()
	for _, id := range []pos.TillID{"till-2", "till-9"} {
		if b := s.ledger(id); len(b.records)+len(b.payments) > 0 {
			s.t.Errorf("the ledger holds %d records of %s", len(b.records), id)
		}
	}
	s.proved(t.journal())
}

func (s *site) publish(c *mqtt.Conn, topic string, message []byte) {
	s.t.Helper()
	if err := c.Publish(s.t.Context(), topic, message); err != nil {
		s.t.Fatal(err)
	}
}

// strange is a record of a kind that no version knows.
type strange struct {
	Text string `cbor:"1,keyasint"`
}

// Kind implements record.Body.
func (*strange) Kind() record.Kind { return 99 }

// garbled says that it is an intent, and is none.
type garbled struct {
	Text []string `cbor:"1,keyasint"`
}

// Kind implements record.Body.
func (*garbled) Kind() record.Kind { return record.KindIntent }

// poisoned sends records that a platform cannot interpret or fold, well signed and in the midst of good ones. They are held, and stop nobody.
func poisoned(s *site) {
	j := outboxtest.New("till-1")
	s.tills = append(s.tills, &till{id: j.Till, public: j.Signer.Public()})
	var good []record.Body
	sell := func() {
		good = sale(len(j.Records()))
		j.Commit(good...)
	}
	poison := func(body record.Body) {
		j.Commit(body)
		sell()
	}
	sell()
	poison(&strange{Text: "from the future"})
	poison(&garbled{Text: []string{"no", "intent"}})
	poison(&record.Result{Payment: pos.PaymentID{6: 0x70, 8: 0x80, 15: 1}, Decision: record.Decision{Status: pos.Approved, Amount: 1, Currency: "EUR"}})
	poison(&record.Result{Payment: good[0].(*record.Intent).Payment, Decision: record.Decision{Status: pos.Declined, Currency: "EUR"}}) // approved before
	j.NewEpoch()
	poison(&strange{Text: "and again"})
	down := s.up(s.broker)
	defer down()
	s.pump(j)
	down()
	held, want := s.held(j.Till), 5
	if len(held) != want {
		s.t.Errorf("%d records are held, not %d: %q", len(held), want, held)
	}
	s.proved(memory(s, j))
}

// pump brings a journal in memory to the platform as a till does.
func (s *site) pump(j *outboxtest.Journal) {
	s.t.Helper()
	o, err := outbox.New(outbox.Options{Till: j.Till, Merchant: "shop", Source: j, Platform: cose.OneKey(s.key.Public())})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = mqtt.Keep(ctx, mqtt.Options{Broker: "tcp://" + s.broker, ClientID: string(j.Till), User: string(j.Till), Scale: quick,
			Subscribe: []string{wire.Topic{Merchant: "shop", Till: j.Till}.On(wire.DownAck)}, Handler: func(_ string, m []byte) { o.Receive(m) }},
			func(ctx context.Context, c *mqtt.Conn) error { return o.Run(ctx, c) })
	}()
	s.until("everything is in custody", func() bool { o.Flush(); return o.Status().Backlog == 0 })
	cancel()
	<-ended
}

// held are the reasons for which records of a till were set aside.
func (s *site) held(till pos.TillID) (reasons []string) {
	s.t.Helper()
	l, err := platform.OpenLedger(s.database)
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	for r, err := range l.Records(s.t.Context()) {
		if err != nil {
			s.t.Fatal(err)
		}
		if r.Till == till && r.Held != "" {
			reasons = append(reasons, fmt.Sprintf("%d: %s", r.Head.Seq, r.Held))
		}
	}
	return reasons
}

// memory are the books of a journal in memory.
func memory(s *site, j *outboxtest.Journal) books {
	b := books{name: "memory", till: j.Till}
	payments := view.Payments{}
	for _, r := range j.Records() {
		h := r.Head()
		b.records = append(b.records, reconcile.Record{Epoch: h.Epoch, Seq: h.Seq, Hash: h.Hash})
		_ = view.Fold(payments, j.Codec, &r) // what does not fit is held
	}
	for _, p := range payments {
		b.payments = append(b.payments, column(p))
	}
	return b
}
