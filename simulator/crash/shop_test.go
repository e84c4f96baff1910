//go:build linux

package crash

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

const (
	till        pos.TillID = "till-1"
	segmentSize            = 512 << 10 // small, so that segments change often
	spareWait              = 300 * time.Millisecond
)

// options are those of a till whose clock runs ahead of the machine's: retention takes days.
func options(dir string, ahead func() time.Duration) journal.Options {
	signer, err := cose.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		panic(err)
	}
	return journal.Options{Dir: filepath.Join(dir, "journal"), Views: filepath.Join(dir, "views.db"), Till: till, Signer: signer,
		Version: "crash", Clock: func() record.Times { return at(ahead()) }, Segment: segmentSize}
}

// era is longer than a shop works: the next one works in a later era, and a crash is looked at behind the last, within the 400 days of an order's key.
const era = 38 * 24 * time.Hour

func later() time.Duration { return 10 * era }

func at(ahead time.Duration) record.Times {
	now := journal.SystemClock()
	now.Wall, now.Mono = now.Wall+ahead.Milliseconds(), now.Mono+uint64(ahead.Milliseconds())
	return now
}

// answer is what a caller of the journal was told about an entry.
type answer struct {
	bodies []record.Body
	head   record.Head // of its last record, when err is nil
	err    error
}

// shop is a journal at work.
type shop struct {
	dir     string
	dice    *rand.Rand
	j       *journal.Journal
	told    func(answer) // hears of every answer before the next step
	mu      sync.Mutex   // guards told
	sales   int64
	lastPay pos.PaymentID // an approved card payment, to be refunded
	ahead   atomic.Int64  // of the clock, in nanoseconds
}

func openShop(dir string, dice *rand.Rand, ahead time.Duration, told func(answer)) (*shop, error) {
	s := &shop{dir: dir, dice: dice, told: told, sales: int64(dice.Uint32())}
	s.ahead.Store(int64(ahead))
	j, err := journal.Open(options(dir, func() time.Duration { return time.Duration(s.ahead.Load()) }))
	if err != nil {
		told(answer{err: err})
		return nil, err
	}
	s.j = j
	return s, nil
}

// append asks for an entry and passes the answer on.
func (s *shop) append(bodies ...record.Body) error {
	records, err := s.j.Append(bodies...)
	a := answer{bodies: bodies, err: err}
	if err == nil {
		a.head = records[len(records)-1].Head()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told(a)
	return err
}

func (s *shop) intent(tender pos.Tender) *record.Intent {
	s.sales++
	return &record.Intent{Payment: pos.NewPaymentID(time.UnixMilli(1_700_000_000_000 + s.sales)), Order: pos.OrderRef(fmt.Sprintf("order-%d", s.sales)),
		Attempt: 1, Amount: pos.Minor(100 + s.sales%1000), Currency: "EUR", Tender: tender, Mode: pos.Offline}
}

func approved(i *record.Intent) record.Decision {
	return record.Decision{Status: pos.Approved, Amount: i.Amount, Currency: i.Currency, Trace: fmt.Sprint(i.Amount)}
}

// receipts are of any length, so that records begin and end anywhere in a page.
func (s *shop) receipts() []record.Receipt {
	line := strings.Repeat("x", 20+s.dice.IntN(20))
	lines := make([]string, s.dice.IntN(700))
	for i := range lines {
		lines[i] = line
	}
	return []record.Receipt{{For: "merchant", Lines: lines}}
}

// step does one thing that a till does with its journal.
func (s *shop) step(n int) error {
	if err := s.room(); err != nil {
		return err
	}
	switch n % 10 {
	case 0, 5:
		return s.cash()
	case 1, 3, 6, 8:
		return s.card()
	case 2:
		return s.refund()
	case 4:
		return s.doubt()
	case 7:
		return s.crowd()
	}
	if err := s.prune(); err != nil {
		return err
	}
	if n%20 == 19 { // the platform holds other records than we do: a new epoch
		if err := s.j.Diverge(record.Forked, record.Head{Epoch: s.j.Head().Epoch, Seq: 1}); err != nil {
			return err
		}
	}
	_, _ = s.j.Views().List(journal.Query{Limit: 1}) // writes the views; where that fails they are written later, and the records are safe without
	return s.j.Stopped()
}

// prune lets a day pass, takes an acknowledgement of everything, and removes what is old and acknowledged.
func (s *shop) prune() error {
	s.ahead.Add(int64(25 * time.Hour))
	head := s.j.Head()
	raw, err := cbor.Marshal(head)
	if err != nil {
		return err
	}
	s.j.Acknowledge(raw, head)
	if err := s.cash(); err != nil { // takes the acknowledgement to the disk
		return err
	}
	_, err = s.j.Prune(journal.Retention{Keep: journal.MinRetention, Proof: func(ack []byte) []record.Head {
		var head record.Head
		if cbor.Unmarshal(ack, &head) != nil {
			return nil
		}
		return []record.Head{head}
	}})
	if err != nil && s.j.Stopped() == nil {
		return nil // it is tried again later
	}
	return s.j.Stopped()
}

// room waits until a new sale may begin: tests fill segments faster than the next one is prepared.
func (s *shop) room() error {
	for until := time.Now().Add(spareWait); ; time.Sleep(time.Millisecond) {
		err := s.j.MaySell()
		if err == nil || s.j.Stopped() != nil || time.Now().After(until) {
			return err
		}
	}
}

func (s *shop) cash() error {
	i := s.intent(pos.Cash)
	return s.append(i, &record.Result{Payment: i.Payment, Decision: approved(i)}, &record.Confirmed{Payment: i.Payment})
}

func (s *shop) card() error {
	i := s.intent(pos.Card)
	i.Device = "terminal"
	if err := s.append(i); err != nil {
		return err
	}
	if err := s.append(&record.Result{Payment: i.Payment, Decision: approved(i)}); err != nil {
		return err
	}
	s.lastPay = i.Payment
	return s.append(&record.Confirmed{Payment: i.Payment, Receipts: s.receipts()})
}

func (s *shop) refund() error {
	key := pos.OperationKey(fmt.Sprintf("refund-%d", s.sales))
	if s.lastPay.IsZero() {
		return s.card()
	}
	op := &record.Operation{Payment: s.lastPay, Key: key, What: pos.Refund, Amount: 1, Currency: "EUR", Tender: pos.Cash, Mode: pos.Offline}
	if err := s.append(op); err != nil {
		return err
	}
	return s.append(&record.OperationEnd{Payment: s.lastPay, Key: key, State: pos.OperationDone})
}

func (s *shop) doubt() error {
	i := s.intent(pos.Card)
	if err := s.append(i); err != nil {
		return err
	}
	if err := s.append(&record.Resolution{Payment: i.Payment, Status: pos.Unknown, Evidence: record.ByLink, Text: "the wire broke"}); err != nil {
		return err
	}
	found := approved(i)
	return s.append(&record.Resolution{Payment: i.Payment, Status: pos.Approved, Evidence: record.ByTerminal, Text: "it was taken", Found: &found})
}

// crowd is several at once, who share commits.
func (s *shop) crowd() error {
	var intents []*record.Intent
	for range 4 {
		intents = append(intents, s.intent(pos.Cash))
	}
	errs := make([]error, len(intents))
	var all sync.WaitGroup
	for n, i := range intents {
		all.Go(func() {
			errs[n] = s.append(i, &record.Result{Payment: i.Payment, Decision: approved(i)}, &record.Confirmed{Payment: i.Payment})
		})
	}
	all.Wait()
	return errors.Join(errs...)
}
