package platform

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/wire"
)

// recallEvery is the pause between two looks at tills whose records are further than the ledger.
const recallEvery = 5 * time.Second

// recaller asks tills for records that they think are in custody and that the ledger lacks: it was restored from a backup. A till that sells nothing would send
// nothing, and nobody would see what is missing. What it sends is the acknowledgement `gap`, signed as any other, which is always true and safe.
type recaller struct {
	*intake
	seen map[pos.TillID]lag // at the last look
}

// lag is a till that is further than the ledger.
type lag struct {
	mark  record.Head // where the ledger stands
	looks int         // since it stands there; the till is asked at the 1st, 2nd, 4th, 8th and so on
}

// run looks now and then until the context ends. What fails is tried at the next look.
func (r *recaller) run(ctx context.Context) {
	tick := time.NewTicker(recallEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := r.look(ctx); err != nil && ctx.Err() == nil {
			r.opts.Log.Warn("which tills have what the ledger lacks could not be found out; it is tried again", "error", err)
		}
	}
}

// look asks the tills that are online, are further than the ledger, and have brought nothing since the last look.
func (r *recaller) look(ctx context.Context) error {
	rows, err := r.presence.All(ctx)
	if err != nil || len(rows) == 0 {
		return err
	}
	held := map[pos.TillID][]record.Head{}
	for m, err := range r.Service.ledger.Marks(ctx) {
		if err != nil {
			return err
		}
		held[m.Till] = append(held[m.Till], m.Head)
	}
	now := map[pos.TillID]lag{}
	for i := range rows {
		b, err := r.codec.DecodeBirth(rows[i].Birth)
		if err != nil || !rows[i].Online || r.holds != nil && !r.holds(rows[i].Till) {
			continue
		}
		mark := standsAt(b, held[b.Till])
		if mark.Epoch == b.Epoch && mark.Seq >= b.Seq {
			continue
		}
		l := lag{mark, 0}
		if before := r.seen[b.Till]; before.mark == mark {
			l.looks = before.looks + 1
		}
		if now[b.Till] = l; l.looks > 0 && l.looks&(l.looks-1) == 0 {
			r.ask(ctx, wire.Topic{Merchant: rows[i].Merchant, Till: b.Till}, mark)
		}
	}
	r.seen = now
	return nil
}

// standsAt is where the ledger stands with a till: in the epoch of its birth, else at the end of the one before it, else at the beginning of the till's.
func standsAt(b *wire.Birth, held []record.Head) record.Head {
	mark := record.Genesis(b.Till, b.Epoch)
	for _, h := range held { // epochs come in their order
		if bytes.Compare(h.Epoch[:], b.Epoch[:]) <= 0 {
			mark = h
		}
	}
	return mark
}

func (r *recaller) ask(ctx context.Context, topic wire.Topic, mark record.Head) {
	r.opts.Log.Warn("a till has records that the ledger lacks and does not send them; it is asked for them", "till", topic.Till, "epoch", mark.Epoch, "seq", mark.Seq)
	err := r.send(ctx, receipt{topic, wire.Ack{Till: topic.Till, Mark: mark, State: wire.AckGap}})
	if err != nil && !errors.Is(err, mqtt.ErrClosed) {
		r.opts.Log.Info("a till was not asked for its records; it is asked again", "till", topic.Till, "error", err)
	}
}
