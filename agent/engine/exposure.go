package engine

import (
	"maps"
	"slices"
	"sync"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/policy"
)

// exposure counts what was begun while the platform was away and is not in its custody. It reads each record once, until the custody moves on.
type exposure struct {
	mu sync.Mutex
	exposed
}

// exposed is what an exposure has counted.
type exposed struct {
	acked  record.Head // what is counted lies behind it
	read   record.Head // and was read up to here
	open   map[pos.PaymentID]taken
	ended  map[pos.Tender]policy.Use    // of those that keep their money; Oldest is not set
	oldest map[pos.Tender]record.Record // of the same
}

// taken is a payment whose end is not known yet: it counts as if it were paid.
type taken struct {
	tender pos.Tender
	amount pos.Minor
	at     record.Record // its place and its times
}

// exposurePage is how many records are read at a time.
const exposurePage = 500

// bring reads what is new and returns the use of each tender.
func (x *exposure) bring(j *journal.Journal) (map[pos.Tender]policy.Use, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if acked := j.Acked(); x.open == nil || acked != x.acked {
		x.exposed = exposed{acked: acked, read: acked, open: map[pos.PaymentID]taken{}, ended: map[pos.Tender]policy.Use{}, oldest: map[pos.Tender]record.Record{}}
	}
	if err := x.readOn(j); err != nil {
		return nil, err
	}
	if err := x.settle(j.Views()); err != nil {
		return nil, err
	}
	return x.sum(j), nil
}

// readOn reads the records behind the last one that was read, over the epochs.
func (x *exposure) readOn(j *journal.Journal) error {
	epochs := j.Epochs()
	for _, epoch := range epochs[max(0, slices.Index(epochs, x.read.Epoch)):] {
		from := pos.Seq(1)
		if epoch == x.read.Epoch {
			from = x.read.Seq + 1
		}
		for {
			list, err := j.Read(epoch, from, exposurePage)
			if err != nil || len(list) == 0 {
				if err != nil {
					return err
				}
				break
			}
			for _, stored := range list {
				if err := x.note(j, stored.Raw); err != nil {
					return err
				}
			}
			last := list[len(list)-1]
			x.read, from = record.HeadOf(epoch, last.Key, last.Raw), last.Key+1
		}
	}
	return nil
}

// note takes one record up.
func (x *exposure) note(j *journal.Journal, raw []byte) error {
	rec, _, err := j.Codec().Decode(raw)
	if err != nil || rec.Kind != record.KindIntent {
		return err
	}
	body, err := j.Codec().Body(&rec)
	intent, ok := body.(*record.Intent)
	if err != nil || !ok || intent.Mode != pos.Offline || intent.Amount == 0 {
		return nil // what cannot be interpreted is somebody else's business
	}
	x.open[intent.Payment] = taken{intent.Tender, intent.Amount, record.Record{Epoch: rec.Epoch, Seq: rec.Seq, Times: rec.Times}}
	return nil
}

// settle moves payments that have ended out of the open ones: those without money count no more.
func (x *exposure) settle(views *journal.Views) error {
	for id, t := range x.open {
		p, err := views.Payment(id)
		if err != nil {
			return err
		}
		if p == nil || p.Status.Open() {
			continue
		}
		delete(x.open, id)
		if p.Status.Taken() {
			use := x.ended[t.tender]
			use.Count, use.Total = use.Count+1, use.Total+p.Taken().Amount
			x.ended[t.tender] = use
			if oldest, known := x.oldest[t.tender]; !known || t.at.Place().Compare(oldest.Place()) < 0 {
				x.oldest[t.tender] = t.at
			}
		}
	}
	return nil
}

func (x *exposure) sum(j *journal.Journal) map[pos.Tender]policy.Use {
	used := maps.Clone(x.ended)
	for _, t := range x.open {
		use := used[t.tender]
		use.Count, use.Total, use.Oldest = use.Count+1, use.Total+t.amount, max(use.Oldest, int64(j.Age(&t.at).Seconds()))
		used[t.tender] = use
	}
	for tender, at := range x.oldest {
		use := used[tender]
		use.Oldest = max(use.Oldest, int64(j.Age(&at).Seconds()))
		used[tender] = use
	}
	return used
}
