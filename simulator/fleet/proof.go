package fleet

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"sync"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// Ledger is what a platform holds, read after the run. Tills and epochs of others are passed over.
type Ledger interface {
	Marks(ctx context.Context) iter.Seq2[Mark, error]
	Payments(ctx context.Context) iter.Seq2[Payment, error]
}

// Mark is how far the ledger holds an epoch of a till.
type Mark struct {
	Till pos.TillID
	Head record.Head
}

// Payment is a payment as the ledger holds it.
type Payment struct {
	Till   pos.TillID
	Epoch  pos.Epoch
	Tender pos.Tender
	Status pos.Status
	Money  pos.Money // what was taken, else what was asked for
}

// Proof holds what the fleet made against what the ledger has. The fleet's side is made anew from the seed, so that it rests on no memory of
// what was sent.
type Proof struct {
	OK          bool       `json:"ok"`
	Heads       int        `json:"heads"`       // tills whose last record and its hash are the ledger's mark
	Payments    int        `json:"payments"`    // that the fleet made, declined and unfinished ones too
	Ledger      int        `json:"ledger"`      // that the ledger has of these tills
	Totals      pos.Totals `json:"totals"`      // taken, as the fleet made them
	LedgerTaken pos.Totals `json:"ledger_sums"` // taken, as the ledger has them
	Differences []string   `json:"differences"` // in words, at most 20
}

// mostDifferences bounds what a proof tells.
const mostDifferences = 20

func (p *Proof) differs(format string, values ...any) {
	if len(p.Differences) < mostDifferences {
		p.Differences = append(p.Differences, fmt.Sprintf(format, values...))
	}
}

// own is what one till made.
type own struct {
	head     record.Head
	payments int
	totals   pos.Totals
}

// Prove compares a ledger with what the fleet made. It is for after the run.
func (f *Fleet) Prove(ctx context.Context, ledger Ledger) (*Proof, error) {
	p := &Proof{Totals: pos.Totals{}, LedgerTaken: pos.Totals{}, Differences: []string{}}
	made, err := f.remake(ctx)
	if err != nil {
		return nil, err
	}
	for _, o := range made {
		p.Payments += o.payments
		if err := merge(p.Totals, o.totals); err != nil {
			return nil, err
		}
	}
	if err := p.heads(ctx, ledger, made); err != nil {
		return nil, err
	}
	if err := p.payments(ctx, ledger, made); err != nil {
		return nil, err
	}
	if p.Payments != p.Ledger {
		p.differs("the fleet made %d payments, the ledger has %d", p.Payments, p.Ledger)
	}
	p.compare()
	p.OK = len(p.Differences) == 0
	return p, nil
}

// merge adds totals to others. It fails when a sum would leave int64.
func merge(into, from pos.Totals) error {
	for tender, sums := range from {
		for currency, sum := range sums {
			has := into[tender][currency]
			total, err := pos.Money{Amount: has.Amount, Currency: currency}.Add(pos.Money{Amount: sum.Amount, Currency: currency})
			if err != nil {
				return err
			}
			if into[tender] == nil {
				into[tender] = map[pos.Currency]pos.Sum{}
			}
			into[tender][currency] = pos.Sum{Count: has.Count + sum.Count, Amount: total.Amount}
		}
	}
	return nil
}

// heads compares the marks with the tills' last records.
func (p *Proof) heads(ctx context.Context, ledger Ledger, made map[pos.TillID]*own) error {
	seen := map[pos.TillID]bool{}
	for m, err := range ledger.Marks(ctx) {
		if err != nil {
			return err
		}
		o := made[m.Till]
		if o == nil || o.head.Epoch != m.Head.Epoch {
			continue
		}
		seen[m.Till] = true
		if o.head != m.Head {
			p.differs("till %s ends with record %d (%.8s), the ledger holds %d (%.8s)", m.Till, o.head.Seq, o.head.Hash, m.Head.Seq, m.Head.Hash)
			continue
		}
		p.Heads++
	}
	if len(seen) != len(made) {
		p.differs("the ledger knows %d of %d tills", len(seen), len(made))
	}
	return nil
}

// payments adds up what the ledger has of the fleet's tills.
func (p *Proof) payments(ctx context.Context, ledger Ledger, made map[pos.TillID]*own) error {
	for v, err := range ledger.Payments(ctx) {
		if err != nil {
			return err
		}
		if o := made[v.Till]; o == nil || o.head.Epoch != v.Epoch {
			continue
		}
		p.Ledger++
		if v.Status.Taken() {
			if err := p.LedgerTaken.Add(v.Tender, v.Money); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare holds the sums against each other, both ways.
func (p *Proof) compare() {
	for tender, sums := range p.Totals {
		for currency, sum := range sums {
			if has := p.LedgerTaken[tender][currency]; has != sum {
				p.differs("%s in %s: the fleet took %d payments over %d, the ledger has %d over %d", tender, currency, sum.Count, sum.Amount, has.Count, has.Amount)
			}
		}
	}
	for tender, sums := range p.LedgerTaken {
		for currency, sum := range sums {
			if _, known := p.Totals[tender][currency]; !known {
				p.differs("%s in %s: the fleet took nothing, the ledger has %d payments over %d", tender, currency, sum.Count, sum.Amount)
			}
		}
	}
}

// remake makes all records of all tills once more.
func (f *Fleet) remake(ctx context.Context) (map[pos.TillID]*own, error) {
	made := make(map[pos.TillID]*own, len(f.tills))
	var mu sync.Mutex
	var failed error
	var group sync.WaitGroup
	parts := runtime.GOMAXPROCS(0)
	for part := range parts {
		group.Go(func() {
			for i := part; i < len(f.tills) && ctx.Err() == nil; i += parts {
				o, err := f.script.remake(f.tills[i].index, f.tills[i].tip)
				mu.Lock()
				if made[name(f.tills[i].index)] = o; err != nil {
					failed = err
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if failed == nil {
		failed = ctx.Err()
	}
	return made, failed
}

// remake makes a till's records up to a number, and adds up its sales.
func (s *script) remake(till uint32, tip pos.Seq) (*own, error) {
	o := &own{head: record.Genesis(name(till), s.epoch(till)), totals: pos.Totals{}}
	for o.head.Seq < tip {
		r, err := s.record(till, o.head)
		if err != nil {
			return nil, err
		}
		o.head = r.Head()
	}
	whole := uint64(tip-1) / perSale
	o.payments = int((uint64(tip-1) + perSale - 1) / perSale) // the last one may have its intent only
	for n := range whole {
		if v := s.sale(till, n); v.status.Taken() {
			if err := o.totals.Add(v.tender, v.money); err != nil {
				return nil, err
			}
		}
	}
	return o, nil
}
