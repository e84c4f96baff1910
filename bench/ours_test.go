package bench

import (
	"crypto/ed25519"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

const (
	till     pos.TillID     = "till-1"
	merchant pos.MerchantID = "shop"
)

// ours is the journal as the agent has it: each append is one intent, signed, chained and folded into the views.
type ours struct {
	journal *journal.Journal
	last    atomic.Uint64
}

func openOurs(dir string) (*ours, error) {
	j, err := openJournal(dir)
	return &ours{journal: j}, err
}

func (o *ours) Append() error {
	_, err := o.journal.Append(usualIntent(o.last.Add(1)))
	return err
}

func (o *ours) Close() error { return o.journal.Close() }

// openJournal opens the journal of a till whose data lie in dir, with the agent's own names and sizes.
func openJournal(dir string) (*journal.Journal, error) {
	signer, err := cose.LoadOrCreate(filepath.Join(dir, "keys", "till.pem"))
	if err != nil {
		return nil, err
	}
	return journal.Open(journal.Options{Dir: filepath.Join(dir, "journal"), Views: filepath.Join(dir, "views.db"), Till: till, Signer: signer,
		Version: "bench", Clock: journal.SystemClock, Segment: journal.DefaultSegment})
}

func keys(dir string) (cose.Keys, ed25519.PublicKey, error) {
	signer, err := cose.Load(filepath.Join(dir, "keys", "till.pem"))
	if err != nil {
		return nil, nil, err
	}
	return cose.OneKey(signer.Public()), signer.Public(), nil
}

// usualIntent is an intent whose record, signature and frame have 500 bytes together, with a filling where a short number would stand.
func usualIntent(n uint64) record.Body {
	order := fmt.Sprintf("shop-0001/counter-0001/shift-2026-11-22/basket-%016d", n)
	asked := pos.Minor(1250)
	before := &record.Last{Trace: strings.Repeat("0", 150), ReceiptNo: "0041"}
	return &record.Intent{Payment: pos.NewPaymentID(time.Now()), Order: pos.OrderRef(order), Attempt: 1, Amount: asked, OrderAmount: &asked,
		Currency: "EUR", Tender: pos.Card, Mode: pos.Online, Device: "card-terminal-at-the-counter-by-the-door", Before: before}
}

// storedSize is what the journal keeps of one usual intent, in bytes: frame, record, signature.
func storedSize(dir string) (int, error) {
	o, err := openOurs(dir)
	if err != nil {
		return 0, err
	}
	if err := o.Append(); err != nil {
		return 0, err
	}
	head := o.journal.Head()
	list, err := o.journal.Read(head.Epoch, head.Seq, 1)
	if err != nil {
		return 0, err
	}
	return len(record.AppendFrame(nil, list[0].Raw, list[0].Signature)), o.Close()
}

// sale is a card sale's three records, together about 1,500 bytes.
func sale(n int) []record.Body {
	id := pos.NewPaymentID(time.Now())
	amount := pos.Minor(100 + n%9900)
	return []record.Body{
		&record.Intent{Payment: id, Order: pos.OrderRef(fmt.Sprintf("order-%09d", n)), Attempt: 1, Amount: amount, Currency: "EUR",
			Tender: pos.Card, Mode: pos.Online, Device: "counter"},
		&record.Result{Payment: id, Decision: record.Decision{Status: pos.Approved, Amount: amount, Currency: "EUR",
			Trace: fmt.Sprintf("%06d", n%1000000), ReceiptNo: fmt.Sprintf("%04d", n%10000), TerminalID: "52500001", AuthCode: "004712",
			Brand: "girocard", Last4: "0119", Entry: "chip"}},
		&record.Confirmed{Payment: id, Receipts: []record.Receipt{slip("merchant", n), slip("customer", n)}},
	}
}

func slip(whom string, n int) record.Receipt {
	amount := pos.Money{Amount: pos.Minor(100 + n%9900), Currency: "EUR"}
	rule := strings.Repeat("-", 32)
	return record.Receipt{For: whom, Lines: []string{
		"          Corner Shop", "       12345 Sample Town", "       VAT ID DE000000000", rule, "Terminal-ID             52500001",
		"Merchant number     455600001234", fmt.Sprintf("Trace %06d          No. %04d", n%1000000, n%10000), rule,
		"CARD PAYMENT            girocard", "Card            ###########0119", "Application   A0000003591010028001",
		"Approval                  004712", "Date and time   22.11.26  14:05", "Total          " + amount.String(), rule,
		"      *** payment done ***", "      please keep this slip",
	}}
}

// commitSales is the number of sales in one commit of [fill]: 63 records.
const commitSales = 21

// fill appends at least so many records, in commits of 63 and one of boot.
func fill(j *journal.Journal, records int) error {
	for n := 0; int(j.Head().Seq) < records; {
		var bodies []record.Body
		for range commitSales {
			n++
			bodies = append(bodies, sale(n)...)
		}
		if _, err := j.Append(bodies...); err != nil {
			return err
		}
	}
	return nil
}
