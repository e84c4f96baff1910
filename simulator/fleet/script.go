package fleet

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// script is what the tills of a fleet record: a function of seed, start, till and number, so that nobody has to keep a record. It is safe for
// concurrent use.
type script struct {
	seed  uint64
	start int64 // of the run, milliseconds since 1970-01-01 UTC: runs with one seed differ in their epochs and payments
	codec *record.Codec
}

// perSale is the number of records of one sale: intent, result, confirmed.
const perSale = 3

// chance is the source of everything random about one subject of a till.
func (s *script) chance(till uint32, subject uint64) *rand.Rand {
	return rand.New(rand.NewPCG(s.seed^uint64(s.start)*0x9e3779b97f4a7c15, uint64(till)<<36|subject))
}

// name is the id of a till, as in fleet-00042.
func name(till uint32) pos.TillID { return pos.TillID(fmt.Sprintf("fleet-%05d", till)) }

// key makes a till's private key. It depends on the seed alone, so that tills which were enrolled once can come again.
func (s *script) key(till uint32) ed25519.PrivateKey {
	sum := sha256.Sum256(fmt.Append(nil, "tillproof fleet ", s.seed, " ", till))
	return ed25519.NewKeyFromSeed(sum[:])
}

// epoch names the life of a till's journal.
func (s *script) epoch(till uint32) pos.Epoch { return pos.Epoch(s.uuid(s.start, s.chance(till, 0))) }

// uuid makes a UUID of version 7 (RFC 9562 §5.7) of a time in milliseconds.
func (s *script) uuid(at int64, chance *rand.Rand) (u pos.UUID) {
	binary.BigEndian.PutUint64(u[:8], uint64(at)<<16|0x7000|chance.Uint64()&0xfff)
	binary.BigEndian.PutUint64(u[8:], 1<<63|chance.Uint64()>>2)
	return u
}

// record makes the record that follows prev.
func (s *script) record(till uint32, prev record.Head) (record.Record, error) {
	at := s.start + int64(prev.Seq)*700
	return s.codec.Encode(name(till), prev, record.Times{Wall: at, Mono: uint64(at - s.start + 60_000)}, s.body(till, prev.Seq+1))
}

// body says what record number seq is about: the first one is the start, then each sale takes three.
func (s *script) body(till uint32, seq pos.Seq) record.Body {
	if seq == 1 {
		return &record.Boot{Incarnation: s.uuid(s.start, s.chance(till, 1)), Version: "fleet", Reason: record.Created}
	}
	sale := s.sale(till, uint64(seq-2)/perSale)
	switch (seq - 2) % perSale {
	case 0:
		return &record.Intent{Payment: sale.payment, Order: sale.order, Attempt: 1, Amount: sale.money.Amount, Currency: sale.money.Currency,
			Tender: sale.tender, Mode: pos.Online, Device: sale.device}
	case 1:
		return &record.Result{Payment: sale.payment, Decision: sale.decision()}
	}
	return &record.Confirmed{Payment: sale.payment, Receipts: sale.receipts()}
}

// sale is one payment of a till.
type sale struct {
	payment pos.PaymentID
	order   pos.OrderRef
	tender  pos.Tender
	device  pos.DeviceName
	money   pos.Money
	status  pos.Status
	trace   int
}

// sale draws the n-th sale of a till, from 0: two of three by card, one of sixteen of these declined, one of nine in francs.
func (s *script) sale(till uint32, n uint64) sale {
	chance := s.chance(till, n+2)
	v := sale{payment: pos.PaymentID(s.uuid(s.start+int64(n)*2100, chance)), order: pos.OrderRef(fmt.Sprintf("%s-%05d-%d", strconv.FormatInt(s.start, 36), till, n)),
		tender: pos.Cash, status: pos.Approved, trace: int(n % 1_000_000)}
	v.money = pos.Money{Amount: pos.Minor(100 + chance.IntN(9900)), Currency: "EUR"}
	if chance.IntN(9) == 0 {
		v.money.Currency = "CHF"
	}
	if chance.IntN(3) > 0 {
		v.tender, v.device = pos.Card, "counter"
		if chance.IntN(16) == 0 {
			v.status = pos.Declined
		}
	}
	return v
}

func (v *sale) decision() record.Decision {
	d := record.Decision{Status: v.status, Amount: v.money.Amount, Currency: v.money.Currency}
	if v.status == pos.Declined {
		d.Amount, d.Code = 0, "05"
	}
	if v.tender == pos.Card {
		d.Trace, d.ReceiptNo, d.TerminalID = fmt.Sprintf("%06d", v.trace), fmt.Sprintf("%04d", v.trace%10_000), "52500001"
		d.Brand, d.Last4, d.Entry = "girocard", "0119", "chip"
	}
	return d
}

// receipts are what a card terminal prints for the shop.
func (v *sale) receipts() []record.Receipt {
	if v.tender != pos.Card {
		return nil
	}
	return []record.Receipt{{For: "merchant", Lines: []string{"     H-A-E-N-D-L-E-R-B-E-L-E-G", "        Corner Shop", "Terminal-ID       52500001",
		fmt.Sprintf("TA-Nr %06d   BNr %04d", v.trace, v.trace%10_000), "Kartenzahlung girocard", "Summe " + v.money.String()}}}
}
