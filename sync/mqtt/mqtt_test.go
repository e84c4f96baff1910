package mqtt_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/mqtt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newBroker(t *testing.T, addr string) *broker.Broker {
	t.Helper()
	b, err := broker.Listen(addr, broker.Everyone)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func dial(t *testing.T, b *broker.Broker, o mqtt.Options) *mqtt.Conn {
	t.Helper()
	o.Broker = "tcp://" + b.Addr()
	c, err := mqtt.Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// receive waits for a message or fails.
func receive(t *testing.T, from <-chan mqtt.Message) mqtt.Message {
	t.Helper()
	select {
	case m := <-from:
		return m
	case <-time.After(10 * time.Second):
		t.Fatal("no message came")
		return mqtt.Message{}
	}
}

func into(c chan mqtt.Message) func(string, []byte) {
	return func(topic string, payload []byte) { c <- mqtt.Message{Topic: topic, Payload: payload} }
}

func TestPublishAndReceiveInOrder(t *testing.T) {
	b := newBroker(t, "127.0.0.1:0")
	got := make(chan mqtt.Message, 100)
	dial(t, b, mqtt.Options{ClientID: "listener", Subscribe: []string{"a/+", "b"}, Handler: into(got)})
	sender := dial(t, b, mqtt.Options{ClientID: "sender"})
	large := strings.Repeat("x", 200_000)
	for _, m := range []string{"one", "two", large, "three"} {
		if err := sender.Publish(t.Context(), "a/b", []byte(m)); err != nil {
			t.Fatal(err)
		}
		if r := receive(t, got); string(r.Payload) != m || r.Topic != "a/b" {
			t.Errorf("%s: %d bytes", r.Topic, len(r.Payload))
		}
	}
}

func TestWillIsPublishedWhenTheWireBreaksOnly(t *testing.T) {
	b := newBroker(t, "127.0.0.1:0")
	got := make(chan mqtt.Message, 10)
	dial(t, b, mqtt.Options{ClientID: "listener", Subscribe: []string{"#"}, Handler: into(got)})
	wire := make(chan net.Conn, 1)
	will := func() mqtt.Message { return mqtt.Message{Topic: "gone", Payload: []byte("dying"), Retained: true} }
	o := mqtt.Options{ClientID: "dying", Will: will, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		wire <- c
		return c, err
	}}
	c := dial(t, b, o)
	if err := (<-wire).(*net.TCPConn).CloseRead(); err != nil { // as if the broker had gone
		t.Fatal(err)
	}
	<-c.Done()
	if m := receive(t, got); m.Topic != "gone" || string(m.Payload) != "dying" {
		t.Errorf("%+v", m)
	}
	late := make(chan mqtt.Message, 1)
	dial(t, b, mqtt.Options{ClientID: "late", Subscribe: []string{"gone"}, Handler: into(late)})
	if m := receive(t, late); string(m.Payload) != "dying" {
		t.Errorf("%+v: a will that was to be kept", m)
	}
	if err := c.Publish(t.Context(), "x", nil); !errors.Is(err, mqtt.ErrClosed) {
		t.Errorf("publish on a dead connection: %v", err)
	}
	o.Will = func() mqtt.Message { return mqtt.Message{Topic: "never", Payload: []byte("dying")} }
	polite := dial(t, b, o)
	<-wire
	polite.Close()
	<-polite.Done()
	sender := dial(t, b, mqtt.Options{ClientID: "sender"})
	if err := sender.Publish(t.Context(), "last", nil); err != nil {
		t.Fatal(err)
	}
	m := receive(t, got)
	for m.Topic == "gone" { // a broker may bring what it keeps once more to a subscription that is new
		m = receive(t, got)
	}
	if m.Topic != "last" {
		t.Errorf("%+v: a will of a connection that said DISCONNECT", m)
	}
}

func TestDialFails(t *testing.T) {
	b, err := broker.Listen("127.0.0.1:0", broker.OwnTopics)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	for name, c := range map[string]struct {
		ctx context.Context
		o   mqtt.Options
	}{
		"no address":           {t.Context(), mqtt.Options{ClientID: "x"}},
		"no port":              {t.Context(), mqtt.Options{ClientID: "x", Broker: "tcp://localhost"}},
		"other scheme":         {t.Context(), mqtt.Options{ClientID: "x", Broker: "http://localhost:1"}},
		"no client id":         {t.Context(), mqtt.Options{Broker: "tcp://" + b.Addr()}},
		"wildcard":             {t.Context(), mqtt.Options{ClientID: "a+b", Broker: "tcp://" + b.Addr()}},
		"nobody listens":       {t.Context(), mqtt.Options{ClientID: "x", Broker: "tcp://127.0.0.1:1"}},
		"nobody answers":       {short, mqtt.Options{ClientID: "x", Broker: "tcp://" + silent.Addr().String()}},
		"subscription refused": {t.Context(), mqtt.Options{ClientID: "x", Broker: "tcp://" + b.Addr(), Subscribe: []string{"#"}}},
		"no TLS there":         {t.Context(), mqtt.Options{ClientID: "x", Broker: "tls://" + b.Addr()}},
	} {
		if conn, err := mqtt.Dial(c.ctx, c.o); err == nil {
			t.Errorf("%s: connected", name)
			conn.Close()
		}
	}
}

func TestKeepConnectsAgain(t *testing.T) {
	b := newBroker(t, "127.0.0.1:0")
	ctx, cancel := context.WithCancel(t.Context())
	lives := make(chan *mqtt.Conn)
	ended := make(chan error, 1)
	o := mqtt.Options{Broker: "tcp://" + b.Addr(), ClientID: "till-1", Scale: 0.01}
	go func() {
		ended <- mqtt.Keep(ctx, o, func(ctx context.Context, c *mqtt.Conn) error {
			lives <- c
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	first := <-lives
	b.Close()
	<-first.Done()
	newBroker(t, b.Addr())
	if second := <-lives; second == first {
		t.Error("the connection was reused")
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestKeepRefusesBadOptions(t *testing.T) {
	if err := mqtt.Keep(t.Context(), mqtt.Options{}, nil); err == nil {
		t.Error("accepted")
	}
}

// TestKeepPausesWithJitter counts the tries of an hour: the pauses double up to 30 s, each a random part of its limit.
func TestKeepPausesWithJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var tries []time.Time
		o := mqtt.Options{Broker: "tcp://nowhere:1883", ClientID: "till-1", DialContext: func(context.Context, string, string) (net.Conn, error) {
			tries = append(tries, time.Now())
			return nil, errors.New("no route")
		}}
		if err := mqtt.Keep(ctx, o, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if len(tries) < 150 || len(tries) > 450 {
			t.Errorf("%d tries in an hour; about 240 are expected", len(tries))
		}
		distinct := map[time.Duration]bool{}
		for i := 1; i < len(tries); i++ {
			pause := tries[i].Sub(tries[i-1])
			if limit := min(30*time.Second, 200*time.Millisecond<<min(i-1, 16)); pause > limit {
				t.Errorf("pause %d is %s, over %s", i, pause, limit)
			}
			distinct[pause] = true
		}
		if len(distinct) < len(tries)/2 {
			t.Error("the pauses are not random")
		}
	})
}
