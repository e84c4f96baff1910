package mqtt_test

import (
	"context"
	"fmt"
	"net"
	"testing"

	"github.com/tillproof/tillproof/sync/mqtt"
)

// TestAClientThatComesBackAtOnceHears connects again under the same id while the broker still ends the connection before: the new one must keep what it
// has asked for.
func TestAClientThatComesBackAtOnceHears(t *testing.T) {
	b := newBroker(t, "127.0.0.1:0")
	sender := dial(t, b, mqtt.Options{ClientID: "sender"})
	wire, got := make(chan net.Conn, 1), make(chan mqtt.Message, 10)
	o := mqtt.Options{ClientID: "restless", Subscribe: []string{"news"}, Handler: into(got), DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		wire <- c
		return c, err
	}}
	dial(t, b, o)
	for n := range 400 {
		before := <-wire
		if n%2 == 0 { // else the broker ends it when it meets the new one
			_ = before.Close()
		}
		dial(t, b, o)
		want := fmt.Sprint(n)
		if err := sender.Publish(t.Context(), "news", []byte(want)); err != nil {
			t.Fatal(err)
		}
		if m := receive(t, got); string(m.Payload) != want {
			t.Fatalf("%q, not %q", m.Payload, want)
		}
	}
}
