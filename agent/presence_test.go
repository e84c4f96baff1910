package agent_test

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/wire"
)

// TestATillSaysThatItIsThereAndThatItGoes listens as the platform does: to what the broker has kept, and to what comes.
func TestATillSaysThatItIsThereAndThatItGoes(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.online()
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	births := make(chan *wire.Birth, 16)
	c, err := mqtt.Dial(t.Context(), mqtt.Options{Broker: "tcp://" + w.broker, ClientID: "platform-listener", User: "platform",
		Subscribe: []string{wire.Filter(wire.UpBirth)}, Handler: func(_ string, message []byte) {
			if b, err := codec.DecodeBirth(message); err == nil {
				births <- b
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	next := func() *wire.Birth {
		t.Helper()
		select {
		case b := <-births:
			return b
		case <-time.After(20 * time.Second):
			t.Fatal("the till says nothing")
			return nil
		}
	}
	w.start()
	came := next()
	if !came.Online || came.Till != "till-1" || came.Seq == 0 || came.ConnectedAt == 0 || len(came.Devices) != 1 || came.Devices[0].Name != "counter" {
		t.Errorf("%+v", came)
	}
	w.stop()
	gone := next()
	for gone.Online { // it may have said once more that it is there
		gone = next()
	}
	if gone.ConnectedAt != came.ConnectedAt || gone.Seq < came.Seq {
		t.Errorf("%+v, after %+v", gone, came)
	}
}
