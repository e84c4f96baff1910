package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/agent/goods"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/calls"
	"github.com/tillproof/tillproof/sync/wire"
)

// uplink is a way to the platform whose state the test says.
type uplink struct {
	mu      sync.Mutex
	mode    api.Mode
	backlog api.Backlog
	flushed int
}

func (u *uplink) Mode() api.Mode {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.mode
}

func (u *uplink) Backlog() api.Backlog { return u.backlog }
func (u *uplink) Flush()               { u.flushed++ }

// set changes the mode.
func (u *uplink) set(name string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.mode = api.Mode{Name: name, Since: time.Now()}
}

// payments is the mode in which a payment begins.
func (u *uplink) payments() pos.Mode {
	if u.Mode().Name == "online" {
		return pos.Online
	}
	return pos.Offline
}

// platform answers the till's calls as the test says. It takes everything that it is asked for, and numbers its results.
type platform struct {
	uplink  *uplink
	changed chan struct{}
	news    chan wire.Outcome

	mu     sync.Mutex
	mute   bool // takes calls and does not answer them
	asked  []wire.Call
	result []wire.Outcome
}

func newPlatform(u *uplink) *platform {
	return &platform{uplink: u, changed: make(chan struct{}, 1), news: make(chan wire.Outcome, 16)}
}

// Ask implements [engine.Platform].
func (p *platform) Ask(_ context.Context, call *wire.Call) (*wire.Reply, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.Connected() {
		return nil, calls.ErrAway
	}
	if p.asked = append(p.asked, *call); p.mute {
		return nil, errors.New("no answer in time")
	}
	waiting := &wire.Outcome{Payment: call.Payment, Status: pos.Pending, Text: "The customer types a PIN.", ExpiresAt: time.Now().Add(time.Minute).UnixMilli()}
	switch call.Op {
	case wire.OpResults:
		return &wire.Reply{Results: p.result[min(int(call.After), len(p.result)):]}, nil
	case wire.OpIssueQR:
		*waiting = p.number(wire.Outcome{Payment: call.Payment, Status: pos.Pending, QR: "TOWN-QR-1", Scheme: call.Scheme, ExpiresAt: waiting.ExpiresAt})
	}
	return &wire.Reply{Outcome: waiting}, nil
}

// number makes a result of an outcome. Called with mu held.
func (p *platform) number(o wire.Outcome) wire.Outcome {
	o.N = uint64(len(p.result)) + 1
	p.result = append(p.result, o)
	return o
}

// tell sends a result to the till.
func (p *platform) tell(id string, status pos.Status, amount pos.Minor) {
	payment, err := pos.ParsePaymentID(id)
	if err != nil {
		panic(err)
	}
	p.mu.Lock()
	o := p.number(wire.Outcome{Payment: payment, Status: status, Amount: amount, Currency: "EUR", Scheme: "alipay", Code: "77", Text: "The wallet said so."})
	p.mu.Unlock()
	p.news <- o
}

func (p *platform) hush(mute bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = mute
}

// Connected implements [engine.Platform].
func (p *platform) Connected() bool { return p.uplink.Mode().Name != "offline" }

// Answering implements [engine.Platform].
func (p *platform) Answering() bool { return p.uplink.Mode().Name == "online" }

// Changed implements [engine.Platform].
func (p *platform) Changed() <-chan struct{} { return p.changed }

// News implements [engine.Platform].
func (p *platform) News() <-chan wire.Outcome { return p.news }

func tenders() []pos.Tender { return []pos.Tender{pos.Cash, pos.Card, pos.Code, pos.QR} }

// schemes are a QR of the platform and one that the till makes.
func schemes() []engine.QR {
	return []engine.QR{{Scheme: "town", Source: record.FromPlatform, TTL: time.Minute}, {Scheme: "pix", Source: record.FromTill, TTL: 2 * time.Minute,
		Make: func(m pos.Money, reference string) (payload, carried string, err error) {
			return fmt.Sprintf("PIX %s %s", m, reference), reference, nil
		}}}
}

// shelf is what the shop sells.
func shelf() shelves {
	return shelves{{Code: "4006381333931", Name: "Pen", Price: pos.Money{Amount: 250, Currency: "EUR"}, Group: "Desk"},
		{Code: "tea", Name: "Tea & milk", Price: pos.Money{Amount: 300, Currency: "EUR"}}}
}

type shelves []goods.Item

// Find implements [api.Goods].
func (s shelves) Find(code string) (goods.Item, bool) {
	for _, i := range s {
		if i.Code == code {
			return i, true
		}
	}
	return goods.Item{}, false
}

// Items implements [api.Goods].
func (s shelves) Items() []goods.Item { return s }

// screens stand for the pages.
func screens() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/{$}", http.RedirectHandler("/till", http.StatusFound))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "page "+r.URL.Path) })
	return mux
}
