package webhook

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// lostPlaces is how many records a hook goes back when the file with its place was damaged.
const lostPlaces = 10_000

// Options of all hooks.
type Options struct {
	Path    string // file of the hooks' places, made if missing
	Targets []Target
	Source  Source
	Dial    func(ctx context.Context, network, address string) (net.Conn, error) // how receivers are reached; nil for the network
	Log     *slog.Logger                                                         // nil for none
}

// Hooks are the configured hooks of a till. All methods are safe for concurrent use; Run is called once.
type Hooks struct {
	book   *book
	sender *sender
	hooks  []*hook
}

// Open reads where each hook is. One that was never seen begins at the newest record. It starts nothing. It fails when the file cannot be read or
// written.
func Open(o Options) (*Hooks, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	b, err := openBook(o.Path)
	if err != nil {
		return nil, err
	}
	if b.damaged {
		o.Log.Error("the places of the webhooks cannot be read; each hook goes back in the journal, and events come twice", "records", lostPlaces)
	}
	h := &Hooks{book: b, sender: newSender(o.Dial)}
	for _, t := range o.Targets {
		m := b.hooks[t.Name]
		if m == nil {
			m = &memory{Place: o.Source.Head(), Held: []held{}, Address: t.fingerprint()}
			if b.damaged {
				m.Place = o.Source.Back(lostPlaces)
			}
			b.hooks[t.Name] = m
		}
		m.aim(&t, time.Now())
		h.hooks = append(h.hooks, &hook{target: t, source: o.Source, sender: h.sender, book: b, memory: m,
			log: o.Log.With("webhook", t.Name, "to", t.origin()), wake: make(chan struct{}, 1)})
	}
	if len(h.hooks) == 0 {
		return h, nil
	}
	return h, b.save()
}

// Run delivers until ctx ends. A request under way is cut off then, and sent again after the next start.
func (h *Hooks) Run(ctx context.Context) {
	defer h.sender.client.CloseIdleConnections()
	var running sync.WaitGroup
	for _, k := range h.hooks {
		running.Go(func() { k.run(ctx) })
	}
	running.Wait()
}

// Retry sends everything that a hook holds again, what was set aside too, and lets a disabled hook go on. Error: not_found.
func (h *Hooks) Retry(name string) (Info, error) {
	for _, k := range h.hooks {
		if k.target.Name != name {
			continue
		}
		h.book.mu.Lock()
		k.memory.again(time.Now(), true)
		h.book.mu.Unlock()
		err := h.book.save()
		select {
		case k.wake <- struct{}{}:
		default:
		}
		if err != nil {
			return Info{}, pos.NewError("disk_failed", pos.Transient, pos.NoneMoved, "The till could not write down that the webhook is retried.",
				"Check the disk's space, then try again.").Because(err)
		}
		return k.info(), nil
	}
	return Info{}, pos.NewError("not_found", pos.Permanent, pos.NoneMoved, fmt.Sprintf("There is no webhook %q.", name), "GET /v1/webhooks lists them.")
}

// State says how a hook fares.
type State string

// The states of a hook.
const (
	Ready    State = "ready"
	Failing  State = "failing"  // nothing was delivered since FailingSince
	Disabled State = "disabled" // the receiver answered 410; [Hooks.Retry] ends it
)

// Info is what a person sees of a hook. Times are zero when there is none to tell.
type Info struct {
	Name         string
	Origin       string // scheme, host and port of the address; the rest may be a secret
	Events       []Type // which are sent
	State        State
	Place        string // of the last record that was looked at
	Backlog      uint64 // records behind it
	FailingSince time.Time
	LastError    string // of the last try, "" when it worked
	Retrying     []Waiting
	SetAside     []Waiting // after the last try
}

// Waiting is an event that could not be delivered.
type Waiting struct {
	Ref
	Tries     int
	Since     time.Time // of the first try
	NextTry   time.Time // zero when it is set aside
	LastError string
}

// List shows all hooks in the order of the configuration.
func (h *Hooks) List() []Info {
	list := make([]Info, 0, len(h.hooks))
	for _, k := range h.hooks {
		list = append(list, k.info())
	}
	return list
}

func (h *hook) info() Info {
	h.book.mu.Lock()
	m := *h.memory
	m.Held = slices.Clone(m.Held)
	h.book.mu.Unlock()
	i := Info{Name: h.target.Name, Origin: h.target.origin(), Events: h.target.Events, State: Ready, Place: m.Place, Backlog: h.source.Behind(m.Place),
		LastError: m.Error}
	if len(i.Events) == 0 {
		i.Events = Types()
	}
	if m.Failing > 0 {
		i.State, i.FailingSince = Failing, time.UnixMilli(m.Failing)
	}
	if m.Disabled {
		i.State = Disabled
	}
	for _, x := range m.Held {
		w := Waiting{Ref: x.Ref, Tries: x.Tries, Since: time.UnixMilli(x.Since), LastError: x.Error}
		if x.waits() {
			w.NextTry = time.UnixMilli(x.NextAt)
			i.Retrying = append(i.Retrying, w)
		} else {
			i.SetAside = append(i.SetAside, w)
		}
	}
	return i
}
