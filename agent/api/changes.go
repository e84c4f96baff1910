package api

import (
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

const (
	mostBehind = 10_000 // records that a listener may have missed and still gets one by one
	newest     = 50     // payments that one who missed more gets, beside the open ones
	readAtOnce = 100
)

// changes lists the payments whose last change lies behind one place of the journal and not behind another, each once, in the order of these
// changes. A payment that has changed again since is left out: it belongs to a later question.
func changes(j *journal.Journal, after, upTo position) ([]*view.Payment, error) {
	ids, err := subjects(j, after, upTo)
	if err != nil {
		return nil, err
	}
	return lastChanged(j, ids, after, upTo)
}

// lastChanged finds those of some payments whose last change lies between two places.
func lastChanged(j *journal.Journal, ids map[pos.PaymentID]bool, after, upTo position) ([]*view.Payment, error) {
	var list []*view.Payment
	for id := range ids {
		p, err := j.Views().Payment(id)
		if err != nil {
			return nil, err
		}
		if p != nil && placeOf(p).compare(after) > 0 && placeOf(p).compare(upTo) <= 0 {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, inOrder)
	return list, nil
}

// subjects are the payments that the records between two places speak of.
func subjects(j *journal.Journal, after, upTo position) (map[pos.PaymentID]bool, error) {
	ids := map[pos.PaymentID]bool{}
	for _, epoch := range j.Epochs() {
		from := position{epoch, 0}
		if epoch == after.epoch {
			from.seq = after.seq
		}
		for from.compare(after) >= 0 && from.compare(upTo) < 0 {
			page, err := j.Read(epoch, from.seq+1, readAtOnce)
			if err != nil {
				return nil, err
			}
			if len(page) == 0 {
				break
			}
			for _, stored := range page {
				subject(j.Codec(), stored.Raw, ids)
			}
			from.seq = page[len(page)-1].Key
		}
	}
	return ids, nil
}

// subject notes the payment that a record speaks of. What this version cannot read concerns no payment that it can show.
func subject(codec *record.Codec, raw []byte, ids map[pos.PaymentID]bool) {
	rec, _, err := codec.Decode(raw)
	if err != nil {
		return
	}
	body, err := codec.Body(&rec)
	if s, ok := body.(record.Subject); ok && err == nil && !s.PaymentID().IsZero() {
		ids[s.PaymentID()] = true
	}
}

// overview lists the open payments and the newest ones, in the order of their last changes.
func overview(j *journal.Journal) ([]*view.Payment, error) {
	list, err := j.Views().List(journal.Query{Limit: newest})
	if err != nil {
		return nil, err
	}
	open, err := j.Views().Open()
	if err != nil {
		return nil, err
	}
	for _, p := range open {
		if !slices.ContainsFunc(list, func(o *view.Payment) bool { return o.Intent.Payment == p.Intent.Payment }) {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, inOrder)
	return list, nil
}

func placeOf(p *view.Payment) position { return position{p.Epoch, p.Seq} }

func inOrder(a, b *view.Payment) int { return placeOf(a).compare(placeOf(b)) }
