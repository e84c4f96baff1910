package golden_test

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/zstd"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/wire"
)

// paymentID is the n-th payment of a till's golden sales.
func paymentID(till byte, n int) (id pos.PaymentID) {
	id[6], id[8], id[11] = 0x70, 0x80, till
	binary.BigEndian.PutUint32(id[12:], uint32(n))
	return id
}

func intent(till byte, n int) record.Body {
	return &record.Intent{Payment: paymentID(till, n), Order: pos.OrderRef(fmt.Sprintf("order-%d-%d", till, n)), Attempt: 1, Amount: pos.Minor(100 + n), Currency: "EUR",
		Tender: pos.Card, Mode: pos.Online, Device: "counter"}
}

func result(till byte, n int) record.Body {
	return &record.Result{Payment: paymentID(till, n), Decision: record.Decision{Status: pos.Approved, Amount: pos.Minor(100 + n), Currency: "EUR", Trace: fmt.Sprintf("%06d", n),
		Brand: "girocard", Last4: "0119", Entry: "chip"}}
}

func confirmed(till byte, n int) record.Body { return &record.Confirmed{Payment: paymentID(till, n)} }

// sales commits whole sales, three records each, the last one signed.
func sales(j *outboxtest.Journal, till byte, first, n int) {
	for i := range n {
		j.Commit(intent(till, first+i), result(till, first+i), confirmed(till, first+i))
	}
}

// shop is a journal of one boot record and some sales.
func shop(name pos.TillID, till byte, n int) *outboxtest.Journal {
	j := outboxtest.New(name)
	j.Commit(&record.Boot{Version: "golden", Reason: record.Created})
	sales(j, till, 1, n)
	return j
}

// strange is a record of a kind that no version knows.
type strange struct {
	Text string `cbor:"1,keyasint"`
}

func (*strange) Kind() record.Kind { return 99 }

// mangled is a record of a known kind whose body has another form.
type mangled struct {
	Payment string `cbor:"1,keyasint"`
}

func (*mangled) Kind() record.Kind { return record.KindIntent }

// good are whole chains in order.
func (m *maker) good() {
	j := shop("till-1", 1, 500)
	e := j.Head().Epoch
	at := func(seq int) record.Head { return headAt(m.t, j, e, pos.Seq(seq)) }
	one := m.add("good-001-one-record", "The first record of an epoch, alone: the smallest batch.", nil, "till-1", m.encode(span(m.t, j, e, 1, 1)), taken(at(1), 1))
	four := m.add("good-002-first-four", "The first four records at once: two commits, of which the batch carries the last signature.", nil, "till-1",
		m.encode(span(m.t, j, e, 1, 4)), taken(at(4), 4))
	sale := m.add("good-003-next-sale", "Three records behind the mark.", []string{one}, "till-1", m.encode(span(m.t, j, e, 2, 4)), taken(at(4), 4))
	m.add("good-004-again", "The same batch again: the same answer, and nothing changes.", []string{one, sale}, "till-1", m.encode(span(m.t, j, e, 2, 4)), taken(at(4), 4))
	m.add("good-005-old-news", "A batch far below the mark: the answer names the mark where it stands.", []string{four, "good-007-five-hundred.cbor"}, "till-1",
		m.encode(span(m.t, j, e, 1, 1)), withLast(taken(at(502), 502), at(1)))
	m.add("good-006-overlap", "The first records are in the ledger already, the others follow.", []string{one}, "till-1", m.encode(span(m.t, j, e, 1, 7)), taken(at(7), 7))
	m.add("good-007-five-hundred", "A batch of 498 records behind four: the mark moves to 502. (500 is the limit; a batch ends on a signed record.)", []string{four}, "till-1",
		m.encode(span(m.t, j, e, 5, 502)), taken(at(502), 502))
	full := outboxtest.New("till-2")
	for range 500 {
		full.Commit(&record.Boot{Version: "golden", Reason: record.Started})
	}
	m.add("good-008-limit", "500 records, the most that a batch may hold.", nil, "till-2", m.encode(span(m.t, full, full.Head().Epoch, 1, 500)), taken(full.Head(), 500))
	b := batchMapOf(span(m.t, j, e, 1, 1), m)
	b["zz"] = 1
	m.add("good-009-unknown-key", "A key in the batch's map that nobody knows: it is ignored.", nil, "till-1", deterministic(m, b), taken(at(1), 1))
}

func withLast(e expect, last record.Head) expect {
	e.LastSeq, e.LastHead = last.Seq, last.Hash.String()
	return e
}

// branches are gaps and forks.
func (m *maker) branches() {
	j := shop("till-1", 1, 1)
	other := j.Clone()
	sales(j, 1, 2, 2)
	sales(other, 1, 200, 2)
	e := j.Head().Epoch
	at := func(seq int) record.Head { return headAt(m.t, j, e, pos.Seq(seq)) }
	begin := record.Genesis("till-1", e)
	m.add("gap-001-nothing-known", "Records 5 to 7 of an epoch of which nothing is known: the mark is the genesis, with number 0.", nil, "till-1",
		m.encode(span(m.t, j, e, 5, 7)), answer(wire.AckGap, begin, nil, 0))
	four := "good-002-first-four.cbor"
	m.add("gap-002-one-lost", "Records 8 to 10 while the mark stands at 4.", []string{four}, "till-1", m.encode(span(m.t, j, e, 8, 10)), answer(wire.AckGap, at(4), nil, 4))
	ours := m.add("fork-001-ours", "Records 5 to 10, for the cases that follow.", []string{four}, "till-1", m.encode(span(m.t, j, e, 5, 10)), taken(at(10), 10))
	m.add("gap-003-branch-without-its-beginning", "Records 8 to 10 of another branch, below the mark, and 5 to 7 of it have not come: a fork would free them.", []string{four, ours},
		"till-1", m.encode(span(m.t, other, e, 8, 10)), answer(wire.AckGap, at(10), nil, 10))
	last := headAt(m.t, other, e, 7)
	theirs := m.add("fork-002-other-records", "Other records under the numbers 5 to 7: kept as a losing branch, the mark stays.", []string{four, ours}, "till-1",
		m.encode(span(m.t, other, e, 5, 7)), answer(wire.AckFork, at(10), &last, 10))
	last = headAt(m.t, other, e, 10)
	m.add("fork-003-goes-on", "What follows on a losing branch belongs to it.", []string{four, ours, theirs}, "till-1", m.encode(span(m.t, other, e, 8, 10)),
		answer(wire.AckFork, at(10), &last, 10))
	last = headAt(m.t, other, e, 7)
	m.add("fork-004-from-the-beginning", "A batch that begins with common records and then parts.", []string{four, ours}, "till-1", m.encode(span(m.t, other, e, 1, 7)),
		answer(wire.AckFork, at(10), &last, 10))
	j.NewEpoch()
	own, theirsHead := last, at(10)
	j.Commit(&record.Boot{Version: "golden", Reason: record.Forked, Own: &own, Platform: &theirsHead})
	m.add("fork-005-new-epoch", "The till has begun a new epoch, whose first record names both heads.", []string{four, ours, theirs}, "till-1",
		m.encode(span(m.t, j, j.Head().Epoch, 1, 1)), taken(j.Head(), 11))
}

// keys are changes of the till's signing key.
func (m *maker) keys() {
	j := shop("till-1", 1, 1)
	next := outboxtest.New("till-1-next").Signer
	j.Commit(&record.KeyChange{Public: record.Hex(next.Public()), Reason: "golden"})
	j.Signer = next
	sales(j, 1, 2, 1)
	e := j.Head().Epoch
	at := func(seq int) record.Head { return headAt(m.t, j, e, pos.Seq(seq)) }
	change := m.add("key-001-change", "Record 5 names the next key; its commit is signed by the one before.", nil, "till-1", m.encode(span(m.t, j, e, 1, 5)), taken(at(5), 5))
	m.add("key-002-new-key-signs", "The records behind it are signed by the new key.", []string{change}, "till-1", m.encode(span(m.t, j, e, 6, 8)), taken(at(8), 8))
	m.add("key-003-not-vouched-for", "The same batch, before the change has come: nobody vouches for its key.", nil, "till-1", m.encode(span(m.t, j, e, 6, 8)), refused("forged", 0))
	m.add("key-004-across", "A batch that holds the change and is signed by the new key: it cannot vouch for itself.", nil, "till-1", m.encode(span(m.t, j, e, 1, 8)), refused("forged", 0))
	m.add("key-005-former-key-again", "What the former key has signed may come again.", []string{change, "key-002-new-key-signs.cbor"}, "till-1", m.encode(span(m.t, j, e, 1, 5)),
		withLast(taken(at(8), 8), at(5)))
}

// holes are records that the till cannot read any more.
func (m *maker) holes() {
	j := shop("till-1", 1, 2)
	old := j.Head().Epoch
	lost, brought := headAt(m.t, j, old, 5), j.Records()[5] // number 5 is unreadable, number 6 is whole
	own := j.Head()
	j.NewEpoch()
	j.Commit(&record.Boot{Version: "golden", Reason: record.Damaged, Own: &own},
		&record.Hole{Epoch: old, From: 5, To: 5, Reason: record.HoleUnreadable, Hash: lost.Hash[:]},
		&record.Hole{Epoch: old, From: 6, Reason: record.HoleSalvaged, Raw: brought.Raw},
		&record.Hole{Epoch: old, From: 7, Reason: record.HoleSalvaged, Raw: j.Records()[6].Raw, End: true})
	m.add("hole-001-lost-and-brought", "Record 5 of the epoch before cannot be read; holes in a new epoch name it, and bring 6 and 7 as they were. "+
		"The intent that those speak of is lost, so they are held.", []string{"good-002-first-four.cbor"}, "till-1",
		m.encode(span(m.t, j, j.Head().Epoch, 1, 4)), taken(j.Head(), 8, 3, 4))
}

// held are records that a receiver cannot interpret or that do not fit.
func (m *maker) held() {
	j := shop("till-1", 1, 0)
	j.Commit(&strange{"from the future"})
	j.Commit(&mangled{"no payment id"})
	j.Commit(confirmed(1, 77))
	sales(j, 1, 1, 1)
	e := j.Head().Epoch
	at := func(seq int) record.Head { return headAt(m.t, j, e, pos.Seq(seq)) }
	m.add("held-001-unknown-kind", "Record 2 is of kind 99: in custody, set aside, and nothing behind it waits.", nil, "till-1", m.encode(span(m.t, j, e, 1, 2)), taken(at(2), 2, 2))
	m.add("held-002-unreadable-body", "Record 3 is an intent whose payment is no UUID.", nil, "till-1", m.encode(span(m.t, j, e, 1, 3)), taken(at(3), 3, 2, 3))
	m.add("held-003-without-intent", "Record 4 confirms a payment that never began; the sale behind it counts.", nil, "till-1", m.encode(span(m.t, j, e, 1, 7)), taken(at(7), 7, 2, 3, 4))
	thief := outboxtest.New("till-2")
	thief.Commit(&record.Boot{Version: "golden", Reason: record.Created})
	thief.Commit(intent(1, 1), result(1, 1), confirmed(1, 1))
	m.add("held-004-another-tills-payment", "Till 2 speaks of a payment of till 1.", []string{"good-002-first-four.cbor"}, "till-2",
		m.encode(span(m.t, thief, thief.Head().Epoch, 1, 4)), taken(thief.Head(), 8, 2, 3, 4))
}

// forged are batches that are not from who they claim to be. Nobody answers them.
func (m *maker) forged() {
	j := shop("till-1", 1, 1)
	e := j.Head().Epoch
	good := span(m.t, j, e, 1, 4)
	m.add("forged-001-topic-of-another", "A whole batch of till 1 on the topic of till 2.", nil, "till-2", m.encode(good), refused("forged", 0))
	nobody := shop("till-9", 9, 1)
	m.add("forged-002-unknown-till", "A till that is not enrolled.", nil, "till-9", m.encode(span(m.t, nobody, nobody.Head().Epoch, 1, 4)), refused("forged", 0))
	m.add("forged-003-unknown-key", "Signed by a key that nobody has named.", nil, "till-1", m.encode(resigned(m, good, outboxtest.New("mallory").Signer, cose.ForRecord)), refused("forged", 0))
	m.add("forged-004-key-of-another-till", "Signed by till 2.", nil, "till-1", m.encode(resigned(m, good, outboxtest.New("till-2").Signer, cose.ForRecord)), refused("forged", 0))
	two := shop("till-2", 2, 1)
	b := span(m.t, two, two.Head().Epoch, 1, 4)
	b.Till = "till-1"
	b.Prev = record.Genesis("till-1", b.Prev.Epoch)
	m.add("forged-005-records-of-another", "The header names till 1, the records are of till 2.", nil, "till-1", m.encode(b), refused("forged", 0))
}

// resigned is a batch with a signature of somebody else's, or for something else, over its last record.
func resigned(m *maker, b *wire.Batch, s *cose.Signer, purpose cose.Purpose) *wire.Batch {
	records := split(m, b)
	c := *b
	c.Signature = signed(m.t, s, records[len(records)-1].Raw, purpose)
	return &c
}

// split cuts a batch into its records.
func split(m *maker, b *wire.Batch) (records []record.Record) {
	codec := must2(record.NewCodec())(m.t)
	for rest := b.Records; len(rest) > 0; {
		r, behind, err := codec.Decode(rest)
		if err != nil {
			m.t.Fatal(err)
		}
		records, rest = append(records, r), behind
	}
	return records
}

// broken are batches that were damaged on the way or that nobody sane has made. Nobody answers them.
func (m *maker) broken() {
	j := shop("till-1", 1, 1)
	b := span(m.t, j, j.Head().Epoch, 1, 4)
	message := m.encode(b)
	add := func(name, says string, message []byte) {
		m.add(name, says, nil, "till-1", message, refused("broken", 0))
	}
	changed := func(change func(*wire.Batch)) []byte {
		c := *b
		c.Records = bytes.Clone(b.Records)
		change(&c)
		return m.encode(&c)
	}
	add("broken-001-amount-changed", "One bit of a record is another one: its successor's hash does not fit.", changed(func(c *wire.Batch) {
		at := bytes.Index(c.Records, []byte("order-1-1"))
		c.Records[at] ^= 1
	}))
	add("broken-002-last-record-changed", "One bit of the last record: its signature does not fit.", changed(func(c *wire.Batch) { c.Records[len(c.Records)-1] ^= 1 }))
	flipped := bytes.Clone(message)
	flipped[len(flipped)/2] ^= 0x10
	add("broken-003-bit-of-the-message", "One bit of the message as it was sent.", flipped)
	add("broken-004-truncated", "The message's second half is missing.", message[:len(message)/2])
	add("broken-005-longer", "One byte too many behind the map.", append(bytes.Clone(message), 0))
	add("broken-006-empty", "An empty map.", []byte{0xa0})
	add("broken-007-count-too-high", "The header counts one record more than there is.", changed(func(c *wire.Batch) { c.Count++ }))
	add("broken-008-count-too-low", "And one less.", changed(func(c *wire.Batch) { c.Count-- }))
	add("broken-009-prev-wrong", "prev is not the genesis although first is 1.", changed(func(c *wire.Batch) { c.Prev.Hash[0] ^= 1 }))
	add("broken-010-first-wrong", "The header says 2, the first record says 1.", changed(func(c *wire.Batch) { c.Prev.Seq++ }))
	add("broken-011-other-epoch", "The header names another epoch than the records.", changed(func(c *wire.Batch) {
		c.Prev = record.Genesis("till-1", pos.Epoch(paymentID(1, 1)))
	}))
	records := split(m, b)
	add("broken-012-record-missing", "Record 3 is left out.", changed(func(c *wire.Batch) {
		c.Records, c.Count = bytes.Join([][]byte{records[0].Raw, records[1].Raw, records[3].Raw}, nil), 3
	}))
	add("broken-013-reordered", "Records 2 and 3 are exchanged.", changed(func(c *wire.Batch) {
		c.Records = bytes.Join([][]byte{records[0].Raw, records[2].Raw, records[1].Raw, records[3].Raw}, nil)
	}))
	add("broken-014-half-a-record", "The last record is cut.", changed(func(c *wire.Batch) { c.Records = c.Records[:len(c.Records)-10] }))
	add("broken-015-wrong-purpose", "The signature was made for an acknowledgement (external_aad).", m.encode(resigned(m, b, j.Signer, cose.ForAck)))
	earlier := *b
	earlier.Signature = signed(m.t, j.Signer, records[2].Raw, cose.ForRecord)
	add("broken-016-signature-of-another-record", "The signature is over record 3.", m.encode(&earlier))
	pack := must2(zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1)))(m.t)
	fields := batchMapOf(b, m)
	fields["records"] = pack.EncodeAll(make([]byte, 64<<20), nil)
	add("broken-017-zstd-bomb", "Some kilobytes that unpack to 64 MiB: 2 MiB is the limit, and nobody unpacks more to find out.", deterministic(m, fields))
	fields["records"] = b.Records
	add("broken-018-not-packed", "The records are not compressed.", deterministic(m, fields))
	fields = batchMapOf(b, m)
	fields["count"] = 501
	add("broken-019-count-over-the-limit", "count is 501.", deterministic(m, fields))
	fields = batchMapOf(b, m)
	fields["sig"] = []byte{}
	add("broken-020-no-signature", "sig is empty.", deterministic(m, fields))
	fields = batchMapOf(b, m)
	delete(fields, "prev")
	add("broken-021-no-prev", "prev is missing.", deterministic(m, fields))
	fields = batchMapOf(b, m)
	fields["epoch"] = b.Prev.Epoch[:15]
	add("broken-022-short-epoch", "The epoch has 15 bytes: it must not be filled up.", deterministic(m, fields))
	fields = batchMapOf(b, m)
	fields["first"] = uint64(1) << 63
	add("broken-023-first-out-of-range", "first is 2^63.", deterministic(m, fields))
}

// batchMapOf is a batch as a plain map, to be made wrong.
func batchMapOf(b *wire.Batch, m *maker) map[string]any {
	var fields map[string]any
	if err := cbor.Unmarshal(m.encode(b), &fields); err != nil {
		m.t.Fatal(err)
	}
	return fields
}

func deterministic(m *maker, fields map[string]any) []byte {
	enc := must2(cbor.CoreDetEncOptions().EncMode())(m.t)
	return must2(enc.Marshal(fields))(m.t)
}

// acks are the platform's answers.
func (m *maker) acks(platform *cose.Signer) {
	j := shop("till-1", 1, 1)
	head := j.Head()
	ack := &wire.Ack{Till: "till-1", Mark: head, State: wire.AckOK, At: 1_700_000_000_000, Last: &head}
	seal := func(a *wire.Ack, s *cose.Signer) []byte { return must2(m.codec.SealAck(a, s))(m.t) }
	good := seal(ack, platform)
	m.addAck("ack-001-ok", "The answer to good-002-first-four.", good, true)
	m.addAck("ack-002-gap", "The answer to gap-001-nothing-known: number 0 and the genesis, and no last_seq.",
		seal(&wire.Ack{Till: "till-1", Mark: record.Genesis("till-1", head.Epoch), State: wire.AckGap, At: 1_700_000_000_000}, platform), true)
	m.addAck("ack-003-held", "Two records are set aside.", seal(&wire.Ack{Till: "till-1", Mark: head, State: wire.AckHeld, Held: []pos.Seq{2, 3}, At: 1_700_000_000_000, Last: &head}, platform), true)
	m.addAck("ack-004-another-till", "For till 2: it frees nothing at till 1.", seal(&wire.Ack{Till: "till-2", Mark: head, State: wire.AckOK, At: 1_700_000_000_000, Last: &head}, platform), false)
	m.addAck("ack-005-another-key", "Signed by till 1 itself.", seal(ack, j.Signer), false)
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 1
	m.addAck("ack-006-flipped", "One bit is another one.", flipped, false)
	content := must2(openAck(good, platform))(m.t)
	m.addAck("ack-007-wrong-purpose", "Signed for a reply (external_aad).", must2(platform.Seal(content, cose.ForReply))(m.t), false)
}

func openAck(message []byte, s *cose.Signer) ([]byte, error) {
	content, _, err := cose.Open(message, cose.ForAck, cose.OneKey(s.Public()))
	return content, err
}
