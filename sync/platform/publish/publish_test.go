package publish

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/broker/brokertest"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/platform/pki"
	"github.com/tillproof/tillproof/sync/platform/registry"
	"github.com/tillproof/tillproof/sync/policy"
	"github.com/tillproof/tillproof/sync/provision"
	"github.com/tillproof/tillproof/sync/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is a broker that everybody hears, and what a platform knows of merchant acme with two tills.
type house struct {
	t        *testing.T
	addr     string
	registry *registry.Registry
	pki      *pki.PKI
	signer   *cose.Signer
	conn     *mqtt.Conn // nil while the broker is away
	heard    chan mqtt.Message
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, heard: make(chan mqtt.Message, 64)}
	var stop func()
	h.addr, stop = brokertest.Embedded(broker.Everyone)(t, "")
	t.Cleanup(stop)
	h.dial("till-1", "#", func(topic string, payload []byte) { h.heard <- mqtt.Message{Topic: topic, Payload: payload} })
	db, err := database.Open(t.Context(), databasetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if h.signer, err = cose.LoadOrCreate(t.TempDir() + "/platform.pem"); err != nil {
		t.Fatal(err)
	}
	if h.registry, err = registry.Open(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if h.pki, err = pki.Open(t.Context(), db, pki.Options{Dir: t.TempDir(), Signer: h.signer}); err != nil {
		t.Fatal(err)
	}
	h.put(&registry.Merchant{Merchant: "acme"}, &registry.Till{Till: "till-1", Merchant: "acme"}, &registry.Till{Till: "till-2", Merchant: "acme"})
	return h
}

func (h *house) dial(name, filter string, handler func(string, []byte)) *mqtt.Conn {
	h.t.Helper()
	o := mqtt.Options{Broker: "tcp://" + h.addr, ClientID: name, Handler: handler}
	if filter != "" {
		o.Subscribe = []string{filter}
	}
	c, err := mqtt.Dial(h.t.Context(), o)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(c.Close)
	return c
}

func (h *house) put(things ...registry.Thing) {
	h.t.Helper()
	for _, thing := range things {
		if _, err := h.registry.Put(registry.As(h.t.Context(), "user:test"), thing, registry.Any); err != nil {
			h.t.Fatal(err)
		}
	}
}

// limit is what the tills may take of cash.
func (h *house) limit(most pos.Minor) {
	h.t.Helper()
	h.put(&registry.Limit{ID: "cash", Merchant: "acme", Currency: "EUR", Default: policy.Allow,
		Limits: []policy.Limit{{Tenders: []pos.Tender{pos.Cash}, MaxTotal: most}}})
}

// sent is what one look sends, by till and channel: what the broker has got before a mark that comes behind it.
func (h *house) sent(look func(context.Context) error) map[string][]byte {
	h.t.Helper()
	if err := look(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	if h.conn == nil {
		return nil
	}
	if err := h.conn.Publish(h.t.Context(), "mark", nil); err != nil {
		h.t.Fatal(err)
	}
	got := map[string][]byte{}
	for {
		select {
		case m := <-h.heard:
			if m.Topic == "mark" {
				return got
			}
			topic, channel, err := wire.ParseTopic(m.Topic)
			if err != nil || topic.Merchant != "acme" {
				h.t.Fatalf("%s: %v", m.Topic, err)
			}
			got[string(topic.Till)+" "+string(channel)] = m.Payload
		case <-time.After(10 * time.Second):
			h.t.Fatal("the mark never came")
		}
	}
}

// names checks what was sent.
func (h *house) names(what string, got map[string][]byte, want ...string) {
	h.t.Helper()
	for _, name := range want {
		if len(got[name]) == 0 {
			h.t.Errorf("%s: no %s", what, name)
		}
	}
	if len(got) != len(want) {
		h.t.Errorf("%s: %d messages, not %s", what, len(got), strings.Join(want, ", "))
	}
}

func TestEveryTillIsSentTheKeysOnceAndAgainAfterAConnection(t *testing.T) {
	h := newHouse(t)
	k := &Keys{Conn: func() *mqtt.Conn { return h.conn }, PKI: h.pki, Registry: h.registry, Log: slog.New(slog.DiscardHandler),
		Owners: func(ctx context.Context) (map[pos.TillID]pos.MerchantID, error) {
			owners := map[pos.TillID]pos.MerchantID{}
			list, err := h.registry.Tills(ctx)
			for i := range list {
				owners[list[i].Till] = list[i].Merchant
			}
			return owners, err
		}}
	h.names("the broker is away", h.sent(k.sendAll))
	h.conn = h.dial("platform-1", "", nil)
	got := h.sent(k.sendAll)
	h.names("a connection", got, "till-1 down/keys", "till-2 down/keys")
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	if list, err := codec.OpenKeys(got["till-1 down/keys"], cose.OneKey(h.signer.Public())); err != nil || list.Version == 0 {
		t.Errorf("%+v, %v", list, err)
	}
	h.names("nothing has changed", h.sent(k.sendAll))
	h.put(&registry.Till{Till: "till-3", Merchant: "acme"})
	h.names("a till has come", h.sent(k.sendAll), "till-3 down/keys")
	h.conn.Close()
	h.conn = h.dial("platform-2", "", nil)
	h.names("another connection", h.sent(k.sendAll), "till-1 down/keys", "till-2 down/keys", "till-3 down/keys")
	k.round.since = time.Now().Add(-again - time.Second)
	h.names("the broker may have lost them", h.sent(k.sendAll), "till-1 down/keys", "till-2 down/keys", "till-3 down/keys")
}

func TestAPolicyIsForOneLifeOfTheTill(t *testing.T) {
	h := newHouse(t)
	first, second := pos.NewEpoch(time.Unix(1, 0)), pos.NewEpoch(time.Unix(2, 0))
	lives := map[pos.TillID]pos.Epoch{"till-1": first}
	p := &Policies{Conn: func() *mqtt.Conn { return h.conn }, Registry: h.registry, Signer: h.signer, Log: slog.New(slog.DiscardHandler),
		Epochs: func(context.Context) (map[pos.TillID]pos.Epoch, error) { return lives, nil }}
	h.conn = h.dial("platform-1", "", nil)
	h.names("no policies", h.sent(p.sendAll))
	h.limit(500)
	h.names("till-2 has sent nothing yet", h.sent(p.sendAll), "till-1 down/policy")
	h.names("nothing has changed", h.sent(p.sendAll))
	lives["till-1"], lives["till-2"] = second, first
	got := h.sent(p.sendAll)
	h.names("a new life, and the first one of till-2", got, "till-1 down/policy", "till-2 down/policy")
	for till, epoch := range lives {
		d, err := policy.Open(got[string(till)+" down/policy"], cose.OneKey(h.signer.Public()))
		if err != nil || d.Till != till || d.Epoch != epoch || d.Version != 1 || d.Limits[0].MaxTotal != 500 {
			t.Errorf("%s: %+v, %v", till, d, err)
		}
	}
	h.limit(600)
	h.names("another limit", h.sent(p.sendAll), "till-1 down/policy", "till-2 down/policy")
	h.put(&registry.Settings{Merchant: "acme", Till: "till-2", Shop: &provision.Shop{Name: "North"}})
	got = h.sent(p.sendAll)
	h.names("a configuration", got, "till-2 down/config")
	if d, err := provision.Open(got["till-2 down/config"], cose.OneKey(h.signer.Public())); err != nil || d.Till != "till-2" || d.Shop.Name != "North" {
		t.Errorf("%+v, %v", d, err)
	}
	h.names("it is sent once", h.sent(p.sendAll))
	h.conn = h.dial("platform-2", "", nil)
	h.names("another connection", h.sent(p.sendAll), "till-1 down/policy", "till-2 down/policy", "till-2 down/config")
}

// TestAConnectionThatHasEndedTakesNothing ends it under the publisher.
func TestAConnectionThatHasEndedTakesNothing(t *testing.T) {
	h := newHouse(t)
	lives := map[pos.TillID]pos.Epoch{"till-1": pos.NewEpoch(time.Unix(1, 0))}
	p := &Policies{Conn: func() *mqtt.Conn { return h.conn }, Registry: h.registry, Signer: h.signer, Log: slog.New(slog.DiscardHandler),
		Epochs: func(context.Context) (map[pos.TillID]pos.Epoch, error) { return lives, nil }}
	h.limit(500)
	h.conn = h.dial("platform-1", "", nil)
	h.conn.Close()
	if err := p.sendAll(t.Context()); err == nil {
		t.Error("a connection that has ended takes a policy")
	}
	h.conn = h.dial("platform-2", "", nil)
	h.names("after it", h.sent(p.sendAll), "till-1 down/policy")
}
