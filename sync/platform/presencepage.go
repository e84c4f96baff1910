package platform

import (
	"context"
	"net/http"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/wire"
)

// The states of a till's presence.
const (
	presenceOnline  = "online"
	presenceOffline = "offline"
	presenceQuiet   = "silent" // said to be online, and not heard for presenceSilent
)

// presenceLine is a till as /v1/tills/{id}/presence shows it.
type presenceLine struct {
	Till     pos.TillID       `json:"till"`
	Merchant pos.MerchantID   `json:"merchant"`
	State    string           `json:"state"`
	SinceAt  string           `json:"since_at"` // when it came or went, by the platform's clock
	SeenAt   string           `json:"seen_at"`  // when it was heard last, by the platform's clock
	At       string           `json:"at"`       // when it said what follows, by its own clock
	Epoch    pos.Epoch        `json:"epoch"`
	Seq      pos.Seq          `json:"seq"`
	Versions presenceVersions `json:"versions"`
	Devices  []presenceDevice `json:"devices"`
	Clock    presenceClock    `json:"clock"`
	Gap      *presenceGap     `json:"gap,omitempty"` // it cannot send what the ledger lacks
}

// presenceGap is where the ledger stands that a till's records do not go on at.
type presenceGap struct {
	Epoch   pos.Epoch `json:"epoch"`
	Seq     pos.Seq   `json:"seq"` // the last record that the ledger holds
	SinceAt string    `json:"since_at"`
}

type presenceVersions struct {
	Software string `json:"software,omitempty"`
	Policy   uint64 `json:"policy,omitempty"`
	Keys     uint64 `json:"keys,omitempty"`
	Config   uint64 `json:"config,omitempty"`
}

type presenceDevice struct {
	Name  string `json:"name"`
	State string `json:"state"`
}

type presenceClock struct {
	OffsetMS *int64 `json:"offset_ms,omitempty"`
}

// Routes offers GET /v1/presence and GET /v1/tills/{id}/presence.
func (p *presence) Routes(mux *http.ServeMux, door access.Door) {
	mux.Handle("GET /v1/presence", door.Let(access.Viewer, func(w http.ResponseWriter, r *http.Request, _ access.Person) { p.listed(w, r) }))
	mux.Handle("GET /v1/tills/{id}/presence", door.Let(access.Viewer, func(w http.ResponseWriter, r *http.Request, _ access.Person) { p.one(w, r) }))
}

func (p *presence) listed(w http.ResponseWriter, r *http.Request) {
	rows, err := p.all(r.Context())
	items := []presenceLine{}
	for i := range rows {
		if line, ok := p.line(&rows[i], time.Now()); ok {
			items = append(items, line)
		}
	}
	if err != nil {
		http.Error(w, "the presence of the tills cannot be read", http.StatusServiceUnavailable)
		return
	}
	reply(w, http.StatusOK, map[string]any{"items": items})
}

func (p *presence) one(w http.ResponseWriter, r *http.Request) {
	row, found, err := database.One(p.db.Row(r.Context(), presenceSelect+" WHERE till = ?", r.PathValue("id")), scanPresence)
	if err != nil {
		http.Error(w, "the presence of the till cannot be read", http.StatusServiceUnavailable)
		return
	}
	line, ok := presenceLine{}, false
	if found {
		line, ok = p.line(&row, time.Now())
	}
	if !ok {
		http.Error(w, "this till has never said that it is there", http.StatusNotFound)
		return
	}
	reply(w, http.StatusOK, line)
}

// all reads the whole table.
func (p *presence) all(ctx context.Context) ([]presenceRow, error) {
	return database.All(ctx, p.db, scanPresence, presenceSelect+" ORDER BY till")
}

// state is what a row means at a time.
func (r *presenceRow) state(now time.Time) string {
	switch {
	case !r.online:
		return presenceOffline
	case now.UnixMilli()-r.seen > presenceSilent.Milliseconds():
		return presenceQuiet
	}
	return presenceOnline
}

// line shows a row; false when its birth cannot be read, which only another version can have written.
func (p *presence) line(r *presenceRow, now time.Time) (presenceLine, bool) {
	b, err := p.codec.DecodeBirth(r.birth)
	if err != nil {
		return presenceLine{}, false
	}
	line := presenceLine{Till: r.till, Merchant: r.merchant, State: r.state(now), SinceAt: stamp(r.since), SeenAt: stamp(r.seen), At: stamp(r.at),
		Epoch: b.Epoch, Seq: b.Seq, Versions: shown(b.Versions), Devices: []presenceDevice{}, Clock: presenceClock{b.OffsetMS}}
	for _, d := range b.Devices {
		line.Devices = append(line.Devices, presenceDevice(d))
	}
	if p.gaps != nil {
		if gap, stuck := p.gaps.stuck(now)[r.till]; stuck {
			line.Gap = &presenceGap{gap.mark.Epoch, gap.mark.Seq, stamp(gap.since.UnixMilli())}
		}
	}
	return line, true
}

func shown(v wire.Versions) presenceVersions {
	return presenceVersions{v.Software, v.Policy, v.Keys, v.Config}
}
