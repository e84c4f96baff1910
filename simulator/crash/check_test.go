//go:build linux

package crash

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// errLost begins what is said of a promise that was not kept. The controls look for it.
var errLost = errors.New("LOST")

// promise is what a journal has answered as durable: its last record, and the orders that were begun.
type promise struct {
	Head   record.Head
	Orders []pos.OrderRef
	Taken  int  // payments
	Whole  bool // nothing else is in the journal, but what was under way when it ended
}

// add takes an answer in.
func (p *promise) add(a answer) {
	if a.err != nil {
		return
	}
	p.Head = a.head
	for _, b := range a.bodies {
		switch b := b.(type) {
		case *record.Intent:
			p.Orders = append(p.Orders, b.Order)
		case *record.Confirmed:
			p.Taken++
		case *record.Resolution:
			if b.Status == pos.Approved {
				p.Taken++
			}
		}
	}
}

// join takes in what was answered later.
func (p *promise) join(later promise) {
	p.Head, p.Orders, p.Taken = later.Head, append(p.Orders, later.Orders...), p.Taken+later.Taken
}

// mostUnderWay is how many payments may be under way at once in a shop.
const mostUnderWay = 4

// survives opens what a crash has left and says what is wrong with it: it opens, it holds the promised record, by its hash and so with all before
// it, it knows every promised order, the next sale is accepted, every record verifies, and the views are what the records say.
func survives(dir string, promised promise, ahead func() time.Duration) error {
	j, err := journal.Open(options(dir, ahead))
	if err != nil {
		return fmt.Errorf("%w: the journal does not open: %w", errLost, err)
	}
	shown, err := sellOn(j, promised)
	if err = errors.Join(err, j.Close()); err != nil {
		return err
	}
	return sound(dir, shown, promised)
}

// sellOn checks the promise, takes one more sale and lists what the till shows.
func sellOn(j *journal.Journal, promised promise) ([]*view.Payment, error) {
	if end := promised.Head; end.Seq > 0 {
		head, err := j.HeadAt(end.Epoch, end.Seq)
		if err != nil || head != end {
			return nil, errors.Join(fmt.Errorf("%w: record %d was answered as durable and is not there", errLost, end.Seq), err)
		}
	}
	for _, order := range promised.Orders {
		if err := known(j, pos.OrderKey{Order: order, Attempt: 1}); err != nil {
			return nil, err
		}
	}
	id := pos.NewPaymentID(time.Now())
	_, err := j.Append(&record.Intent{Payment: id, Order: pos.OrderRef("after-" + id.String()), Attempt: 1, Amount: 1, Currency: "EUR", Tender: pos.Cash, Mode: pos.Offline},
		&record.Result{Payment: id, Decision: record.Decision{Status: pos.Approved, Amount: 1, Currency: "EUR"}}, &record.Confirmed{Payment: id})
	if err != nil {
		return nil, fmt.Errorf("the next sale is refused: %w", err)
	}
	return j.Views().List(journal.Query{Limit: math.MaxInt})
}

// known wants an order's payment, or the memory that it was here: else a repeated request would be charged again.
func known(j *journal.Journal, key pos.OrderKey) error {
	p, err := j.Views().ByKey(key)
	if p != nil || err != nil {
		return err
	}
	gone, err := j.Views().Expired(key)
	if !gone && err == nil {
		err = fmt.Errorf("%w: order %s was answered as durable and is not known", errLost, key.Order)
	}
	return err
}

// sound checks the chain, the signatures, and the views against the records.
func sound(dir string, shown []*view.Payment, promised promise) error {
	report, err := journal.Verify(filepath.Join(dir, "journal"), till, cose.OneKey(options(dir, later).Signer.Public()))
	if err != nil || !report.OK {
		return errors.Join(fmt.Errorf("the journal does not verify: %+v", report.Problems), err)
	}
	r, err := journal.OpenReader(filepath.Join(dir, "journal"))
	if err != nil {
		return err
	}
	defer r.Close()
	told, err := r.Payments()
	if err != nil {
		return err
	}
	if a, b := dump(slices.Values(shown)), dumpMap(told); !bytes.Equal(a, b) {
		return fmt.Errorf("the views show %d payments and differ from the records, which tell %d", len(shown), len(told))
	}
	return counted(r, promised)
}

// counted holds the journal's totals, of what was removed too, against the payments that were answered.
func counted(r *journal.Reader, promised promise) error {
	if !promised.Whole {
		return nil
	}
	totals, err := r.Totals()
	if err != nil {
		return err
	}
	count := -1 // the sale after the crash
	for _, byCurrency := range totals {
		for _, sum := range byCurrency {
			count += sum.Count
		}
	}
	if count < promised.Taken || count > promised.Taken+mostUnderWay {
		return fmt.Errorf("%w or counted twice: %d payments were answered as taken, and the totals count %d", errLost, promised.Taken, count)
	}
	return nil
}

func dumpMap(payments view.Payments) []byte {
	return dump(func(yield func(*view.Payment) bool) {
		for _, p := range payments {
			if !yield(p) {
				return
			}
		}
	})
}

// dump is a canonical form of payments in any order.
func dump(payments func(func(*view.Payment) bool)) []byte {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic(err)
	}
	var list []string
	for p := range payments {
		raw, err := mode.Marshal(p)
		if err != nil {
			panic(err)
		}
		list = append(list, string(raw))
	}
	slices.Sort(list)
	sum := sha256.New()
	for _, text := range list {
		sum.Write([]byte(text))
	}
	return sum.Sum(nil)
}

// identity is the same for equal bodies. The shop writes no body twice.
func identity(b record.Body) string {
	raw, err := cbor.Marshal(b)
	if err != nil {
		panic(err)
	}
	return fmt.Sprint(b.Kind(), " ", string(raw))
}
