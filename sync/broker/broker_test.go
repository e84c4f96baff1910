package broker_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/broker/brokertest"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOwnTopics(t *testing.T) {
	own := wire.Topic{Merchant: "shop", Till: "till-1"}
	other := wire.Topic{Merchant: "shop", Till: "till-2"}
	for _, c := range []struct {
		client, user, topic string
		write, read         bool
	}{
		{"till-1", "", own.On(wire.UpRecords), true, false},
		{"till-1", "", own.On(wire.DownAck), false, true},
		{"x", "till-1", own.On(wire.UpRecords), true, false},
		{"till-1", "till-2", own.On(wire.UpRecords), false, false},
		{"till-1", "", other.On(wire.UpRecords), false, false},
		{"till-1", "", other.On(wire.DownAck), false, false},
		{"till-1", "", "tp/v1/+/+/till-1/down/#", false, true},
		{"till-1", "", "tp/v1/+/+/+/down/ack", false, false},
		{"till-1", "", "tp/v1/+/+/till-1/#", false, false},
		{"till-1", "", "#", false, false},
		{"till-1", "", "tp/v2/shop/p00/till-1/up/records", false, false},
		{"+", "", "tp/v1/shop/p00/till-1/up/records", false, false},
		{"platform-1", "platform", wire.Filter(wire.UpRecords), false, true},
		{"platform-1", "platform", own.On(wire.DownAck), true, false},
		{"platform-1", "platform", "#", false, false},
	} {
		if got := broker.OwnTopics(c.client, c.user, c.topic, true); got != c.write {
			t.Errorf("%s/%s writes %s: %v", c.client, c.user, c.topic, got)
		}
		if got := broker.OwnTopics(c.client, c.user, c.topic, false); got != c.read {
			t.Errorf("%s/%s reads %s: %v", c.client, c.user, c.topic, got)
		}
	}
}

func TestListenOnATakenAddress(t *testing.T) {
	b, err := broker.Listen("127.0.0.1:0", broker.Everyone)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if second, err := broker.Listen(b.Addr(), broker.Everyone); err == nil {
		second.Close()
		t.Error("two brokers on one address")
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// TestRulesOnTheWire runs the same attacks against both brokers under their rules.
func TestRulesOnTheWire(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		b, err := broker.Listen("127.0.0.1:0", broker.OwnTopics)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		attack(t, b.Addr())
	})
	t.Run("mosquitto", func(t *testing.T) {
		rules := filepath.Join(t.TempDir(), "acl")
		if err := os.WriteFile(rules, []byte(broker.MosquittoACL()), 0o644); err != nil {
			t.Fatal(err)
		}
		m := brokertest.Mosquitto(t, "acl_file "+rules)
		addr, stop := m(t, "")
		defer stop()
		attack(t, addr)
	})
}

func attack(t *testing.T, addr string) {
	own, other := wire.Topic{Merchant: "shop", Till: "till-1"}, wire.Topic{Merchant: "shop", Till: "till-2"}
	up, down := make(chan mqtt.Message, 10), make(chan mqtt.Message, 10)
	into := func(c chan mqtt.Message) func(string, []byte) {
		return func(topic string, payload []byte) { c <- mqtt.Message{Topic: topic, Payload: payload} }
	}
	dial := func(o mqtt.Options) *mqtt.Conn {
		o.Broker = "tcp://" + addr
		c, err := mqtt.Dial(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	platform := dial(mqtt.Options{ClientID: "platform-1", User: "platform", Subscribe: []string{wire.Filter(wire.UpRecords)}, Handler: into(up)})
	till := dial(mqtt.Options{ClientID: "till-1", User: "till-1", Subscribe: []string{own.On(wire.DownAck)}, Handler: into(down)})
	publish := func(c *mqtt.Conn, topic, text string) {
		if err := c.Publish(t.Context(), topic, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	publish(till, own.On(wire.UpRecords), "mine")
	publish(platform, own.On(wire.DownAck), "yours")
	want(t, up, "mine")
	want(t, down, "yours")

	thief := dial(mqtt.Options{ClientID: "till-2", User: "till-2", Subscribe: []string{other.On(wire.DownAck)}, Handler: into(down)})
	publish(thief, own.On(wire.UpRecords), "forged") // the broker may end the connection for it
	honest := dial(mqtt.Options{ClientID: "till-3", User: "till-3"})
	publish(honest, wire.Topic{Merchant: "shop", Till: "till-3"}.On(wire.UpRecords), "last")
	want(t, up, "last")
}

func want(t *testing.T, from <-chan mqtt.Message, text string) {
	t.Helper()
	select {
	case m := <-from:
		if string(m.Payload) != text {
			t.Errorf("%s came on %s, not %q", m.Payload, m.Topic, text)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("%q did not come", text)
	}
}
