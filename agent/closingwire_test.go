package agent_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/ecr17sim"
	"github.com/tillproof/tillproof/simulator/wire"
)

// A card terminal on the network that closes its end after each sale is there again before the next customer, and none of his sales fails for it.
func TestATerminalThatClosesItsEndAfterEachSale(t *testing.T) {
	outlet, err := wire.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	pt, err := ecr17sim.New(ecr17sim.Options{Path: filepath.Join(t.TempDir(), "terminal.json"), CloseAfter: true, CardAfter: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = pt.Run(ctx, outlet.Next) // ends with ctx
	}()
	w := newWorld(t, t.TempDir())
	device := &w.config.Devices[0]
	device.Port, device.TCP, device.Driver, device.Options = "", outlet.Address(), "ecr17", nil
	w.start()
	for i := range 3 {
		w.ready()
		if p := w.pay("card", fmt.Sprintf("A-%d", i), 100, "30s"); p.Status != pos.Approved || p.Trace == "" {
			t.Errorf("%+v", p)
		}
		w.until("the till has found the wire closed", func() bool { return w.status().Devices[0].State != "ready" })
	}
	if held := pt.Memory().Totals()[pos.Card]["EUR"]; held.Count != 3 || held.Amount != 300 {
		t.Errorf("the terminal holds %+v", held)
	}
	w.stop()
	w.verify()
	cancel()
	<-ended
	if err := outlet.Close(); err != nil {
		t.Error(err)
	}
}
