package api

import (
	"errors"
	"slices"

	"github.com/tillproof/tillproof/agent/webhook"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
)

// Notices are the events that webhooks send: what the event stream tells with an id, in the same form. It implements [webhook.Source].
type Notices struct{ *server }

// NewNotices makes the source of a till's webhooks. It needs the same options as [Handler].
func NewNotices(o Options) *Notices {
	s := &server{o}
	s.complete()
	return &Notices{s}
}

// Head implements [webhook.Source].
func (n *Notices) Head() string { return headOf(n.Journal).String() }

// Back implements [webhook.Source].
func (n *Notices) Back(records uint64) string {
	at := headOf(n.Journal)
	at.seq -= min(at.seq, pos.Seq(records))
	return at.String()
}

// Behind implements [webhook.Source]. A place that is not in the journal any more is as far behind as the journal is long.
func (n *Notices) Behind(place string) uint64 {
	at, _ := parsePosition(place)
	count := uint64(0)
	for _, epoch := range n.Journal.Epochs() {
		last, err := n.Journal.LastSeq(epoch)
		if end := (position{epoch, last}); err != nil || end.compare(at) <= 0 {
			continue
		}
		if epoch == at.epoch {
			last -= at.seq
		}
		count += uint64(last)
	}
	return count
}

// Changed implements [webhook.Source].
func (n *Notices) Changed() <-chan struct{} { return n.Journal.Changed() }

// Next implements [webhook.Source]. It looks at one page of records.
func (n *Notices) Next(place string) ([]webhook.Ref, string, error) {
	after, _ := parsePosition(place)
	from, upTo, ok := n.page(after)
	if !ok {
		return nil, place, nil
	}
	list, err := n.Journal.Read(from.epoch, from.seq+1, int(upTo.seq-from.seq))
	if upTo, err = readable(from, upTo, list, err); err != nil {
		return nil, place, err
	}
	refs, err := n.refs(list, after, upTo)
	return refs, upTo.String(), err
}

// page finds the next records behind a place: those between from and upTo, of one epoch. ok is false at the end.
func (n *Notices) page(after position) (from, upTo position, ok bool) {
	for _, epoch := range n.Journal.Epochs() {
		last, err := n.Journal.LastSeq(epoch)
		if end := (position{epoch, last}); err != nil || end.compare(after) <= 0 {
			continue
		}
		from = position{epoch, 0}
		if epoch == after.epoch {
			from.seq = after.seq
		}
		return from, position{epoch, min(last, from.seq+readAtOnce)}, true
	}
	return from, upTo, false
}

// readable says how far a page was read. Damage in its first record is passed over, since waiting would not mend it; in a later one the page ends before
// it. So does a part that was pruned. A journal that is being closed cannot be read at all.
func readable(from, upTo position, list []journal.Stored, err error) (position, error) {
	switch {
	case len(list) > 0 && list[0].Key > upTo.seq:
		return position{from.epoch, list[0].Key - 1}, nil
	case err == nil:
		return upTo, nil
	case len(list) > 0:
		return position{from.epoch, list[len(list)-1].Key}, nil
	case isDamage(err):
		return position{from.epoch, from.seq + 1}, nil
	}
	return from, err
}

func isDamage(err error) bool {
	var e *pos.Error
	return errors.Is(err, record.ErrDamaged) || errors.As(err, &e) && e.Code == "journal_unreadable"
}

// placed is an event and its place.
type placed struct {
	at  position
	ref webhook.Ref
}

// refs names the events of some records, in their order: one for each payment whose last change lies between two places, one for each step of the day.
func (n *Notices) refs(list []journal.Stored, after, upTo position) ([]webhook.Ref, error) {
	ids := map[pos.PaymentID]bool{}
	var found []placed
	for _, stored := range list {
		if stored.Key > upTo.seq {
			break
		}
		at := position{upTo.epoch, stored.Key}
		body := n.body(stored.Raw)
		if s, ok := body.(record.Subject); ok && !s.PaymentID().IsZero() {
			ids[s.PaymentID()] = true
		} else if what, ok := dayType(body); ok {
			found = append(found, placed{at, webhook.Ref{ID: at.String(), Type: what}})
		}
	}
	payments, err := lastChanged(n.Journal, ids, after, upTo)
	if err != nil {
		return nil, err
	}
	for _, p := range payments {
		at := placeOf(p)
		found = append(found, placed{at, webhook.Ref{ID: at.String(), Type: webhook.PaymentUpdated, Payment: p.Intent.Payment}})
	}
	slices.SortFunc(found, func(a, b placed) int { return a.at.compare(b.at) })
	refs := make([]webhook.Ref, len(found))
	for i, f := range found {
		refs[i] = f.ref
	}
	return refs, nil
}
