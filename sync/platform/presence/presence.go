// Package presence knows which tills are there, by what they and their brokers say of themselves, and shows it. No money depends on it.
package presence

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/gaps"
	"github.com/tillproof/tillproof/sync/wire"
)

// few is the number of births up to which each till is asked for by its name.
const few = 20

// pause is the least pause between two transactions that keep births: when a broker comes back, all tills say that they are there.
const pause = 200 * time.Millisecond

// Presence keeps the last word of every till. It is a hint: nothing of it is signed. It is safe for concurrent use.
type Presence struct {
	db    *database.DB
	codec *wire.Codec
	known func(pos.TillID) bool // who is enrolled; births of others are ignored
	gaps  *gaps.Watch
	wake  chan struct{}

	mu      sync.Mutex
	waiting map[pos.TillID]letter // the last one that came of each till, guarded by mu
}

// letter is a birth on its way in.
type letter struct {
	merchant pos.MerchantID
	birth    *wire.Birth
	raw      []byte
	heard    int64 // by the platform's clock
}

// Open makes the table where it is missing. Births of tills that are not known are ignored. The database stays the caller's.
func Open(ctx context.Context, db *database.DB, codec *wire.Codec, known func(pos.TillID) bool, watch *gaps.Watch) (*Presence, error) {
	if err := db.Migrate(ctx, "presence", database.Both(schema)); err != nil {
		return nil, err
	}
	return &Presence{db: db, codec: codec, known: known, gaps: watch, wake: make(chan struct{}, 1), waiting: map[pos.TillID]letter{}}, nil
}

// Receive takes a message of up/birth, which it may keep. It does not block. An error says why nothing is believed of it, and is for people only. Of several
// that wait for the database the last one counts, so that their number is bounded by the number of tills.
func (p *Presence) Receive(topic wire.Topic, message []byte) error {
	birth, err := p.codec.DecodeBirth(message)
	if err != nil {
		return err
	}
	if birth.Till != topic.Till {
		return fmt.Errorf("a birth of till %s under the name of %s", birth.Till, topic.Till)
	}
	if !p.known(topic.Till) {
		return fmt.Errorf("a birth of till %s, which is not enrolled", topic.Till)
	}
	p.mu.Lock()
	if before, waits := p.waiting[topic.Till]; !waits || !stale(birth, before.birth.Online, before.birth.ConnectedAt) {
		p.waiting[topic.Till] = letter{topic.Merchant, birth, message, time.Now().UnixMilli()}
	}
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return nil
}

// stale says whether a birth is the will of an earlier connection than the one that is known to be there: a broker may publish it behind the birth of the
// connection that took over.
func stale(b *wire.Birth, online bool, connectedAt int64) bool {
	return !b.Online && online && b.ConnectedAt < connectedAt
}

// Run keeps births until the context ends. Those that the database refuses wait for the next try, and failed is told why.
func (p *Presence) Run(ctx context.Context, failed func(error)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		}
		if err := p.keep(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// keep writes what waits in one transaction.
func (p *Presence) keep(ctx context.Context) error {
	p.mu.Lock()
	letters := p.waiting
	p.waiting = map[pos.TillID]letter{}
	p.mu.Unlock()
	err := p.db.Transact(ctx, func(tx *database.Tx) error {
		if err := tx.Lock(ctx, "presence"); err != nil {
			return err
		}
		before, err := p.rowsOf(ctx, tx, letters)
		if err != nil {
			return err
		}
		var values []any
		for till, l := range letters {
			values = l.row(before[till], till).append(values)
		}
		return tx.Upsert(ctx, table(), values)
	})
	if err != nil {
		p.putBack(letters)
	}
	return err
}

// putBack has births tried again that nothing newer has come for.
func (p *Presence) putBack(letters map[pos.TillID]letter) {
	p.mu.Lock()
	for till, l := range letters {
		if _, newer := p.waiting[till]; !newer {
			p.waiting[till] = l
		}
	}
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// rowsOf reads what the table says of the tills in question.
func (p *Presence) rowsOf(ctx context.Context, tx *database.Tx, letters map[pos.TillID]letter) (map[pos.TillID]*Row, error) {
	found := map[pos.TillID]*Row{}
	if len(letters) > few { // one question in place of many
		list, err := database.All(ctx, tx, scan, selectRows)
		for i := range list {
			found[list[i].Till] = &list[i]
		}
		return found, err
	}
	for till := range letters {
		row, ok, err := database.One(tx.Row(ctx, selectRows+" WHERE till = ?", string(till)), scan)
		if err != nil {
			return nil, err
		}
		if ok {
			found[till] = &row
		}
	}
	return found, nil
}
