package platform

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/wire"
)

// presenceSilent is how long a till that is said to be online may say nothing before it counts as silent: three of its births. A broker that died with its
// wills leaves such tills.
const presenceSilent = 15 * time.Minute

// presenceFew is the number of births up to which each till is asked for by its name.
const presenceFew = 20

// presencePause is the least pause between two transactions that keep births: when a broker comes back, all tills say that they are there.
const presencePause = 200 * time.Millisecond

// presenceTable keeps the last birth of each till. birth is the message as it came, of the last one that was not a will; since is when online took its value
// and seen when the till was heard last, both by the platform's clock in milliseconds since 1970-01-01 UTC.
const presenceTable = `CREATE TABLE presence (
	till TEXT NOT NULL PRIMARY KEY, merchant TEXT NOT NULL, online BIGINT NOT NULL, since BIGINT NOT NULL, seen BIGINT NOT NULL,
	connected_at BIGINT NOT NULL, at BIGINT NOT NULL, birth BYTEA NOT NULL
)`

func presenceRows() *database.Table {
	return &database.Table{Name: "presence", Key: []string{"till"}, Columns: []database.Column{{Name: "till", Type: "TEXT"}, {Name: "merchant", Type: "TEXT"},
		{Name: "online", Type: "BIGINT"}, {Name: "since", Type: "BIGINT"}, {Name: "seen", Type: "BIGINT"}, {Name: "connected_at", Type: "BIGINT"},
		{Name: "at", Type: "BIGINT"}, {Name: "birth", Type: "BYTEA"}}}
}

// presence knows which tills are there, by what they and their brokers say. It is a hint: nothing of it is signed, and no money depends on it. It is safe for
// concurrent use.
type presence struct {
	db    *database.DB
	codec *wire.Codec
	known func(pos.TillID) bool // who is enrolled; births of others are ignored
	gaps  *gapWatch             // nil for none
	wake  chan struct{}

	mu      sync.Mutex
	waiting map[pos.TillID]birthLetter // the last one that came of each till, guarded by mu
}

// birthLetter is a birth on its way in.
type birthLetter struct {
	merchant pos.MerchantID
	birth    *wire.Birth
	raw      []byte
	heard    int64 // by the platform's clock
}

// presenceRow is a till in the table.
type presenceRow struct {
	till            pos.TillID
	merchant        pos.MerchantID
	online          bool
	since, seen     int64
	connectedAt, at int64
	birth           []byte
}

func openPresence(ctx context.Context, db *database.DB, codec *wire.Codec, known func(pos.TillID) bool) (*presence, error) {
	if err := db.Migrate(ctx, "presence", database.Both(presenceTable)); err != nil {
		return nil, err
	}
	return &presence{db: db, codec: codec, known: known, wake: make(chan struct{}, 1), waiting: map[pos.TillID]birthLetter{}}, nil
}

// receive takes a message of up/birth. It does not block. Of several that wait for the database the last one counts, so that their number is bounded by the
// number of tills.
func (p *presence) receive(topic wire.Topic, message []byte) error {
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
		p.waiting[topic.Till] = birthLetter{topic.Merchant, birth, message, clock()}
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

// run keeps births until the context ends. Those that the database refuses wait for the next try.
func (p *presence) run(ctx context.Context, failed func(error)) {
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
		case <-time.After(presencePause):
		}
	}
}

// keep writes what waits in one transaction.
func (p *presence) keep(ctx context.Context) error {
	p.mu.Lock()
	letters := p.waiting
	p.waiting = map[pos.TillID]birthLetter{}
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
		return tx.Upsert(ctx, presenceRows(), values)
	})
	if err != nil {
		p.putBack(letters)
	}
	return err
}

// putBack has births tried again that nothing newer has come for.
func (p *presence) putBack(letters map[pos.TillID]birthLetter) {
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
func (p *presence) rowsOf(ctx context.Context, tx *database.Tx, letters map[pos.TillID]birthLetter) (map[pos.TillID]*presenceRow, error) {
	found := map[pos.TillID]*presenceRow{}
	if len(letters) > presenceFew { // one question in place of many
		list, err := database.All(ctx, tx, scanPresence, presenceSelect)
		for i := range list {
			found[list[i].till] = &list[i]
		}
		return found, err
	}
	for till := range letters {
		row, ok, err := database.One(tx.Row(ctx, presenceSelect+" WHERE till = ?", string(till)), scanPresence)
		if err != nil {
			return nil, err
		}
		if ok {
			found[till] = &row
		}
	}
	return found, nil
}

// row is what a birth makes of the row before, nil for none.
func (l *birthLetter) row(before *presenceRow, till pos.TillID) presenceRow {
	r := presenceRow{till, l.merchant, l.birth.Online, l.heard, l.heard, l.birth.ConnectedAt, l.birth.At, l.raw}
	if before == nil {
		return r
	}
	if stale(l.birth, before.online, before.connectedAt) {
		return *before
	}
	if before.online == r.online {
		r.since = before.since
	}
	if repeated := before.online == r.online && before.at == r.at && before.connectedAt == r.connectedAt; repeated {
		r.seen = before.seen // what a broker has kept is not heard from the till again
	}
	if !r.online && before.at > r.at { // a will tells how the till was when its connection began
		r.at, r.birth = before.at, before.birth
	}
	return r
}

func (r presenceRow) append(values []any) []any {
	online := int64(0)
	if r.online {
		online = 1
	}
	return append(values, string(r.till), string(r.merchant), online, r.since, r.seen, r.connectedAt, r.at, r.birth)
}

const presenceSelect = "SELECT till, merchant, online, since, seen, connected_at, at, birth FROM presence"

func scanPresence(s database.Scanner) (r presenceRow, err error) {
	var online int64
	err = s.Scan(&r.till, &r.merchant, &online, &r.since, &r.seen, &r.connectedAt, &r.at, &r.birth)
	r.online = online != 0
	return r, err
}
