package presence

import (
	"net/http"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/answer"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/gaps"
	"github.com/tillproof/tillproof/sync/wire"
)

// line is a till as /v1/tills/{id}/presence shows it.
type line struct {
	Till     pos.TillID     `json:"till"`
	Merchant pos.MerchantID `json:"merchant"`
	State    string         `json:"state"`
	SinceAt  string         `json:"since_at"` // when it came or went, by the platform's clock
	SeenAt   string         `json:"seen_at"`  // when it was heard last, by the platform's clock
	At       string         `json:"at"`       // when it said what follows, by its own clock
	Epoch    pos.Epoch      `json:"epoch"`
	Seq      pos.Seq        `json:"seq"`
	Versions versions       `json:"versions"`
	Devices  []device       `json:"devices"`
	Clock    clock          `json:"clock"`
	Gap      *gap           `json:"gap,omitempty"` // it cannot send what the ledger lacks
}

// gap is where the ledger stands that a till's records do not go on at.
type gap struct {
	Epoch   pos.Epoch `json:"epoch"`
	Seq     pos.Seq   `json:"seq"` // the last record that the ledger holds
	SinceAt string    `json:"since_at"`
}

type versions struct {
	Software string `json:"software,omitempty"`
	Policy   uint64 `json:"policy,omitempty"`
	Keys     uint64 `json:"keys,omitempty"`
	Config   uint64 `json:"config,omitempty"`
}

type device struct {
	Name  string `json:"name"`
	State string `json:"state"`
}

type clock struct {
	OffsetMS *int64 `json:"offset_ms,omitempty"`
}

// Routes offers GET /v1/presence and GET /v1/tills/{id}/presence.
func (p *Presence) Routes(mux *http.ServeMux, door access.Door) {
	mux.Handle("GET /v1/presence", door.Let(access.Viewer, func(w http.ResponseWriter, r *http.Request, _ access.Person) { p.listed(w, r) }))
	mux.Handle("GET /v1/tills/{id}/presence", door.Let(access.Viewer, func(w http.ResponseWriter, r *http.Request, _ access.Person) { p.one(w, r) }))
}

func (p *Presence) listed(w http.ResponseWriter, r *http.Request) {
	rows, err := p.All(r.Context())
	items, now := []line{}, time.Now()
	stuck := p.gaps.Stuck(now)
	for i := range rows {
		if l, ok := p.line(&rows[i], stuck, now); ok {
			items = append(items, l)
		}
	}
	if err != nil {
		http.Error(w, "the presence of the tills cannot be read", http.StatusServiceUnavailable)
		return
	}
	answer.JSON(w, http.StatusOK, map[string]any{"items": items})
}

func (p *Presence) one(w http.ResponseWriter, r *http.Request) {
	row, found, err := database.One(p.db.Row(r.Context(), selectRows+" WHERE till = ?", r.PathValue("id")), scan)
	if err != nil {
		http.Error(w, "the presence of the till cannot be read", http.StatusServiceUnavailable)
		return
	}
	l, ok := line{}, false
	if now := time.Now(); found {
		l, ok = p.line(&row, p.gaps.Stuck(now), now)
	}
	if !ok {
		http.Error(w, "this till has never said that it is there", http.StatusNotFound)
		return
	}
	answer.JSON(w, http.StatusOK, l)
}

// line shows a row; false when its birth cannot be read, which only another version can have written.
func (p *Presence) line(r *Row, stuck map[pos.TillID]gaps.Gap, now time.Time) (line, bool) {
	b, err := p.codec.DecodeBirth(r.Birth)
	if err != nil {
		return line{}, false
	}
	l := line{Till: r.Till, Merchant: r.Merchant, State: r.State(now), SinceAt: answer.Stamp(r.since), SeenAt: answer.Stamp(r.Seen), At: answer.Stamp(r.at),
		Epoch: b.Epoch, Seq: b.Seq, Versions: shown(b.Versions), Devices: []device{}, Clock: clock{b.OffsetMS}}
	for _, d := range b.Devices {
		l.Devices = append(l.Devices, device(d))
	}
	if g, is := stuck[r.Till]; is {
		l.Gap = &gap{g.Mark.Epoch, g.Mark.Seq, answer.Stamp(g.Since.UnixMilli())}
	}
	return l, true
}

func shown(v wire.Versions) versions {
	return versions{v.Software, v.Policy, v.Keys, v.Config}
}
