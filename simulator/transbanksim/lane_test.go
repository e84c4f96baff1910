package transbanksim_test

import (
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/transbank"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/transbanksim"
	"github.com/tillproof/tillproof/simulator/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lane is a till's driver at a simulated terminal, in virtual time.
type lane struct {
	t        *testing.T
	pt       *transbanksim.Terminal
	options  map[string]string
	near     *drivertest.End
	worn     *wire.Options // what the next wire does to its bytes; nil for nothing
	served   chan struct{}
	driver   drivers.CardTerminal
	last     drivers.Last
	sales    int
	progress []string
	stored   *drivers.Result

	mu       sync.Mutex
	said     []byte // by the terminal, on this wire
	commands int
}

// inLane runs a test on a terminal without a history.
func inLane(t *testing.T, o transbanksim.Options, options map[string]string, test func(l *lane)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		pt, err := transbanksim.New(o)
		if err != nil {
			t.Fatal(err)
		}
		l := &lane{t: t, pt: pt, options: options}
		pt.Observe(func(e transbanksim.Event) {
			if e.Moment == transbanksim.Taken {
				l.mu.Lock()
				l.commands++
				l.mu.Unlock()
			}
		})
		l.plug()
		l.open()
		test(l)
		l.unplug()
		if err := pt.Close(); err != nil {
			t.Error(err)
		}
	})
}

// ear hears what the terminal says.
type ear struct {
	io.ReadWriteCloser
	l *lane
}

func (e ear) Write(b []byte) (int, error) {
	e.l.mu.Lock()
	e.l.said = append(e.l.said, b...)
	e.l.mu.Unlock()
	return e.ReadWriteCloser.Write(b)
}

// plug gives driver and terminal a new wire.
func (l *lane) plug() {
	l.t.Helper()
	near, far := drivertest.Wire()
	l.near, l.served, l.said = near, make(chan struct{}), nil
	var end io.ReadWriteCloser = ear{far, l}
	if l.worn != nil {
		end = wire.New(end, *l.worn)
	}
	go func(served chan struct{}) { defer close(served); _ = l.pt.Serve(context.Background(), end) }(l.served)
	d, err := transbank.Driver().NewCardTerminal(near, drivers.Settings{Currency: "CLP", Options: l.options})
	if err != nil {
		l.t.Fatal(err)
	}
	l.driver = d
}

func (l *lane) unplug() {
	_ = l.near.Close()
	<-l.served
}

func (l *lane) open() {
	l.t.Helper()
	last, err := l.driver.Open(context.Background())
	if err != nil {
		l.t.Fatal(err)
	}
	l.last = last
}

// again opens the terminal on a new wire.
func (l *lane) again() { l.t.Helper(); l.unplug(); l.plug(); l.open() }

func pesos(n pos.Minor) pos.Money { return pos.Money{Amount: n, Currency: "CLP"} }

func (l *lane) ref() string { return fmt.Sprintf("payment %d", l.sales) }

// sell makes one sale.
func (l *lane) sell(amount pos.Minor) (drivers.Outcome, error) {
	l.sales++
	l.stored, l.progress = nil, nil
	out, err := l.driver.Sale(context.Background(), l.command(amount))
	synctest.Wait()
	return out, err
}

func (l *lane) command(amount pos.Minor) drivers.Sale {
	return drivers.Sale{Amount: pesos(amount), Ref: l.ref(), Progress: func(p drivers.Progress) { l.progress = append(l.progress, p.Code) },
		Commit: func(r drivers.Result) error { l.stored = &r; return nil }}
}

// sells makes a sale that is approved.
func (l *lane) sells(amount pos.Minor) drivers.Result {
	l.t.Helper()
	out, err := l.sell(amount)
	if err != nil || out.Result.Decision != drivers.Approved {
		l.t.Fatalf("%+v, %v", out, err)
	}
	l.last = drivers.Last{Trace: out.Result.Trace, ReceiptNo: out.Result.ReceiptNo}
	return out.Result
}

// asks recovers the last sale.
func (l *lane) asks(amount pos.Minor) drivers.Recovery {
	l.t.Helper()
	r, err := l.driver.Recover(context.Background(), drivers.Pending{Ref: l.ref(), Amount: pesos(amount), Before: l.last, Stored: l.stored})
	if err != nil {
		l.t.Fatal(err)
	}
	return r
}

func (l *lane) held() pos.Minor { return l.pt.Memory().Totals()[pos.Card]["CLP"].Amount }

// heard counts bytes of the terminal.
func (l *lane) heard(what func(said []byte) int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return what(l.said)
}
