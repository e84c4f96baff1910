package agent_test

import (
	"context"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/wire"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

func TestAMissingDeviceDoesNotKeepTheShopClosed(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.start()
	w.until("the device is reported as absent", func() bool { d := w.status().Devices[0]; return d.State == "absent" && d.Text != "" })
	if p := w.pay("cash", "A-1", 500, "0s"); p.Status != pos.Approved {
		t.Errorf("%+v", p)
	}
	if status, code := w.ask(http.MethodPost, "/v1/payments", sale{"A-2", 1, 100, "EUR", "card"}, nil); status != 503 || code != "device_unavailable" {
		t.Errorf("%d %s", status, code)
	}
	if status, _ := w.ask(http.MethodGet, "/healthz", nil, nil); status != 200 {
		t.Errorf("healthz %d", status)
	}
	w.plug()
	w.ready()
	if p := w.pay("card", "A-2", 100, "30s"); p.Status != pos.Approved {
		t.Errorf("%+v", p)
	}
}

// A cable that is pulled in the middle of a sale: the outcome is what the terminal holds when it is back.
func TestAPulledCableIsSettledWhenItIsBack(t *testing.T) {
	for _, c := range []struct {
		do    zvtsim.Do
		after time.Duration
		want  pos.Status
		held  pos.Minor
	}{{zvtsim.Approve, time.Minute, pos.Cancelled, 100}, {zvtsim.LoseResult, time.Millisecond, pos.Approved, 1350}} {
		t.Run(string(c.do), func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			w.plug()
			w.start()
			w.ready()
			w.pay("card", "A-1", 100, "30s")
			pulled := make(chan struct{})
			pull := sync.OnceFunc(func() { close(pulled) })
			w.pt.Observe(func(e zvtsim.Event) {
				if e.Moment == zvtsim.Delivered && e.Command == "80 00" { // the till has the answer to its 06 01
					pull()
				}
			})
			w.pt.Next(zvtsim.Card{Do: c.do, After: c.after})
			p := w.pay("card", "A-2", 1250, "0s")
			<-pulled
			w.pt.Observe(nil)
			if c.do == zvtsim.Approve {
				w.unplug()
			}
			w.until("the outcome is unknown", func() bool { return w.payment(p.ID).Status == pos.Unknown })
			if status, code := w.ask(http.MethodPost, "/v1/payments", sale{"A-3", 1, 100, "EUR", "card"}, nil); status != 409 || code != "device_unresolved" {
				t.Errorf("%d %s", status, code)
			}
			w.pay("cash", "A-4", 100, "0s")
			w.unplug()
			w.plug()
			w.until("the payment is resolved", func() bool { return w.payment(p.ID).Status == c.want })
			w.ready()
			if held := w.pt.Memory().Totals()[pos.Card]["EUR"].Amount; held != c.held || len(w.status().Unknown) != 0 {
				t.Errorf("the terminal holds %d, unknown %v", held, w.status().Unknown)
			}
		})
	}
}

func TestAnIdleCableThatWasPulledComesBack(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.plug()
	w.start()
	w.ready()
	w.unplug()
	p := w.pay("card", "A-1", 100, "60s")
	if p.Status != pos.Cancelled || p.Next == nil || p.Next.Code != "retry" {
		t.Errorf("%+v", p)
	}
	w.until("the device is reported as absent", func() bool { return w.status().Devices[0].State == "absent" })
	w.plug()
	w.ready()
	if p := w.pay("card", "A-2", 100, "30s"); p.Status != pos.Approved {
		t.Errorf("%+v", p)
	}
}

func TestARestartInTheMiddleOfASale(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.plug()
	w.start()
	w.ready()
	w.pay("card", "A-1", 100, "30s")
	w.pt.Next(zvtsim.Card{After: time.Second})
	p := w.pay("card", "A-2", 1250, "0s")
	w.stop() // waits for the customer
	w.start()
	if p := w.payment(p.ID); p.Status != pos.Approved {
		t.Errorf("%+v", p)
	}
	w.stop()
	w.verify()
}

// A terminal on the network is the same terminal, on a stream.
func TestATerminalOnTheNetwork(t *testing.T) {
	outlet, err := wire.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := outlet.Address()
	if err := outlet.Close(); err != nil { // the terminal is switched off at first
		t.Fatal(err)
	}
	w := newWorld(t, t.TempDir())
	w.config.Devices[0].Port, w.config.Devices[0].TCP = "", address
	if w.pt, err = zvtsim.New(zvtsim.Options{Path: filepath.Join(t.TempDir(), "terminal.json"), Stream: true}); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.until("the device is reported as absent", func() bool { return w.status().Devices[0].State == "absent" })
	if outlet, err = wire.Listen(address); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = w.pt.Run(ctx, outlet.Next) // ends with ctx
	}()
	w.ready()
	if p := w.pay("card", "A-1", 100, "30s"); p.Status != pos.Approved || p.ReceiptNo != "0001" {
		t.Errorf("%+v", p)
	}
	w.stop()
	cancel()
	<-ended
	if err := outlet.Close(); err != nil {
		t.Error(err)
	}
}
