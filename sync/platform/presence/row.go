package presence

import (
	"context"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// The states of a till's presence.
const (
	Online  = "online"
	Offline = "offline"
	Silent  = "silent" // said to be online, and not heard for silentAfter
)

// silentAfter is how long a till that is said to be online may say nothing before it counts as silent: three of its births. A broker that died with its
// wills leaves such tills.
const silentAfter = 15 * time.Minute

// schema keeps the last birth of each till. birth is the message as it came, of the last one that was not a will; since is when online took its value
// and seen when the till was heard last, both by the platform's clock in milliseconds since 1970-01-01 UTC.
const schema = `CREATE TABLE presence (
	till TEXT NOT NULL PRIMARY KEY, merchant TEXT NOT NULL, online BIGINT NOT NULL, since BIGINT NOT NULL, seen BIGINT NOT NULL,
	connected_at BIGINT NOT NULL, at BIGINT NOT NULL, birth BYTEA NOT NULL
)`

func table() *database.Table {
	return &database.Table{Name: "presence", Key: []string{"till"}, Columns: []database.Column{{Name: "till", Type: "TEXT"}, {Name: "merchant", Type: "TEXT"},
		{Name: "online", Type: "BIGINT"}, {Name: "since", Type: "BIGINT"}, {Name: "seen", Type: "BIGINT"}, {Name: "connected_at", Type: "BIGINT"},
		{Name: "at", Type: "BIGINT"}, {Name: "birth", Type: "BYTEA"}}}
}

// Row is what is kept of a till.
type Row struct {
	Till     pos.TillID
	Merchant pos.MerchantID
	Online   bool   // as it, or its broker, has said last
	Seen     int64  // when it was heard last, by the platform's clock in milliseconds since 1970-01-01 UTC
	Birth    []byte // the last message of up/birth that was not a will, for [wire.Codec.DecodeBirth]

	since           int64 // when Online took its value, by the platform's clock
	connectedAt, at int64 // of the birth, by the till's clock
}

// All reads what is kept of every till.
func (p *Presence) All(ctx context.Context) ([]Row, error) {
	return database.All(ctx, p.db, scan, selectRows+" ORDER BY till")
}

// State is what a row means at a time: [Online], [Offline] or [Silent].
func (r *Row) State(now time.Time) string {
	switch {
	case !r.Online:
		return Offline
	case now.UnixMilli()-r.Seen > silentAfter.Milliseconds():
		return Silent
	}
	return Online
}

// row is what a birth makes of the row before, nil for none.
func (l *letter) row(before *Row, till pos.TillID) Row {
	r := Row{Till: till, Merchant: l.merchant, Online: l.birth.Online, Seen: l.heard, Birth: l.raw,
		since: l.heard, connectedAt: l.birth.ConnectedAt, at: l.birth.At}
	if before == nil {
		return r
	}
	if stale(l.birth, before.Online, before.connectedAt) {
		return *before
	}
	if before.Online == r.Online {
		r.since = before.since
	}
	if repeated := before.Online == r.Online && before.at == r.at && before.connectedAt == r.connectedAt; repeated {
		r.Seen = before.Seen // what a broker has kept is not heard from the till again
	}
	if !r.Online && before.at > r.at { // a will tells how the till was when its connection began
		r.at, r.Birth = before.at, before.Birth
	}
	return r
}

func (r Row) append(values []any) []any {
	online := int64(0)
	if r.Online {
		online = 1
	}
	return append(values, string(r.Till), string(r.Merchant), online, r.since, r.Seen, r.connectedAt, r.at, r.Birth)
}

const selectRows = "SELECT till, merchant, online, since, seen, connected_at, at, birth FROM presence"

func scan(s database.Scanner) (r Row, err error) {
	var online int64
	err = s.Scan(&r.Till, &r.Merchant, &online, &r.since, &r.Seen, &r.connectedAt, &r.at, &r.Birth)
	r.Online = online != 0
	return r, err
}
