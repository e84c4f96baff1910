package engine_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/qr/code"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/view"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const till pos.TillID = "till-1"

// shop is an engine on a real journal, with simulated card terminals that keep their memory while the agent comes and goes.
type shop struct {
	t       testing.TB
	dir     string
	journal *journal.Journal
	engine  *engine.Engine
	offline atomic.Bool
	zone    *time.Location             // of the shop; nil is UTC
	steps   map[pos.Currency]pos.Minor // of cash, where they are not the usual ones
	away    time.Duration              // since the platform was heard
	tenders []pos.Tender
	devices []*counter
	orders  int
	apart   bool                                            // a person decided, so that the journal and the terminals need not agree
	swiper  *swiper                                         // nil for a shop without a card reader
	centre  *centre                                         // nil for a shop without a platform
	goods   engine.Goods                                    // of a shop with a platform
	codes   func() code.Table                               // of the same; nil for the built-in one
	lacks   []drivers.Function                              // of every terminal; counts from the next start
	dress   func(drivers.CardTerminal) drivers.CardTerminal // what the engine gets instead of the driver; nil for the driver
	running sync.WaitGroup
	leave   context.CancelFunc
}

// counter is one card terminal and its place at the till.
type counter struct {
	*shop
	name   pos.DeviceName
	pt     *zvtsim.Terminal
	stream bool
	thin   func(net.Conn) net.Conn // wraps the device's end; nil for a good wire
	wire   net.Conn                // the device's end
	ended  chan error              // of the life of the wire; nil when there is none
	stop   context.CancelFunc
}

// inShop runs a test in virtual time, in a shop with one card terminal for each of the options.
func inShop(t *testing.T, test func(s *shop), terminals ...zvtsim.Options) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, dir, terminals...)
		defer s.close()
		test(s)
	})
}

func newShop(t testing.TB, dir string, terminals ...zvtsim.Options) *shop {
	t.Helper()
	s := &shop{t: t, dir: dir, tenders: []pos.Tender{pos.Cash, pos.Card}}
	for i, o := range terminals {
		name := pos.DeviceName([]string{"left", "right"}[i])
		o.Path = filepath.Join(dir, string(name)+".json")
		pt, err := zvtsim.New(o)
		if err != nil {
			t.Fatal(err)
		}
		s.devices = append(s.devices, &counter{shop: s, name: name, pt: pt, stream: o.Stream})
	}
	s.start()
	for _, c := range s.devices {
		c.plug()
	}
	return s
}

func signer(t testing.TB) *cose.Signer {
	t.Helper()
	s, err := cose.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// start opens the journal and makes an engine on it; the terminals are not plugged in.
func (s *shop) start() {
	s.t.Helper()
	j, err := journal.Open(journal.Options{Dir: filepath.Join(s.dir, "journal"), Views: filepath.Join(s.dir, "views.db"), Till: till, Signer: signer(s.t),
		Version: "test", Clock: journal.SystemClock, Segment: 512 << 10})
	if err != nil {
		s.t.Fatal(err)
	}
	var names []pos.DeviceName
	lacks := map[pos.DeviceName][]drivers.Function{}
	for _, c := range s.devices {
		names = append(names, c.name)
		lacks[c.name] = s.lacks
	}
	e, err := engine.New(s.onlineOptions(engine.Options{Till: till, Journal: j, Devices: names, Lacks: lacks, Tenders: s.tenders, Mode: s.mode, Log: slog.New(slog.DiscardHandler),
		People: staff{}, Zone: s.zone, Currency: "EUR", CashSteps: s.steps, PlatformKeys: cose.OneKey(signer(s.t).Public()), Away: func(time.Time) time.Duration { return s.away }}))
	if err != nil {
		s.t.Fatal(err)
	}
	if s.leave != nil {
		s.leave() // the life before
		s.running.Wait()
	}
	s.journal, s.engine = j, e
	ctx, leave := context.WithCancel(context.Background())
	s.leave = leave
	s.running.Go(func() { e.Run(ctx) })
}

func (s *shop) mode() pos.Mode {
	if s.offline.Load() || s.centre != nil && !s.centre.Answering() {
		return pos.Offline
	}
	return pos.Online
}

// crash ends the agent without a word to anybody: nothing gets on disk from here on.
func (s *shop) crash() {
	s.t.Helper()
	_ = s.journal.Close() // what is under way finds it closed
	s.leave()
	s.running.Wait()
	for _, c := range s.devices {
		c.unplug()
	}
}

// restart is a crash and the next life of the agent, with its devices.
func (s *shop) restart() {
	s.t.Helper()
	s.crash()
	s.start()
	for _, c := range s.devices {
		c.plug()
	}
}

// close ends the shop, checks the journal record by record, and compares it with what the terminals hold.
func (s *shop) close() {
	s.t.Helper()
	for _, c := range s.devices {
		c.unplug()
		if err := c.pt.Close(); err != nil {
			s.t.Error(err)
		}
	}
	s.leave()
	s.running.Wait()
	if err := s.journal.Close(); err != nil {
		s.t.Error(err)
	}
	report, err := journal.Verify(filepath.Join(s.dir, "journal"), till, cose.OneKey(signer(s.t).Public()))
	if err != nil || !report.OK {
		s.t.Errorf("verify: %+v, %v", report, err)
	}
	r, err := journal.OpenReader(filepath.Join(s.dir, "journal"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Close()
	payments, err := r.Payments()
	if err != nil {
		s.t.Fatal(err)
	}
	if !s.apart {
		s.checkMoney(payments)
	}
}

// checkMoney compares the terminals' memories with the card payments, and with what went back by card, that the journal believes in.
func (s *shop) checkMoney(payments view.Payments) {
	s.t.Helper()
	for _, c := range s.devices {
		believed, open := c.believed(payments)
		if held := c.held(); !open && held != believed {
			s.t.Errorf("terminal %s holds %d, the journal believes in %d", c.name, held, believed)
		}
	}
}

// believed is what the journal says that a terminal holds; open says that it does not know.
func (c *counter) believed(payments view.Payments) (sum pos.Minor, open bool) {
	for _, p := range payments {
		if p.Intent.Device == c.name {
			open = open || p.Status.Open()
			if p.Status.Taken() || p.Status == pos.Refunded {
				sum += p.Decision.Amount
			}
		}
		for _, o := range p.Operations {
			if o.Request.Device != c.name {
				continue
			}
			open = open || o.Open()
			if o.State == pos.OperationDone && o.Request.What == pos.Refund {
				sum -= o.Request.Amount
			}
		}
	}
	return sum, open
}

// plug gives the terminal a new wire and waits until it can sell, or has to wait for a person.
func (c *counter) plug() {
	c.t.Helper()
	c.connect()
	c.until("the terminal is attended", func() bool { s := c.device(c.name).State; return s == engine.Ready || s == engine.Busy })
}

// until lets virtual time pass until something holds.
func (s *shop) until(what string, holds func() bool) {
	s.t.Helper()
	for range 36_000 {
		if synctest.Wait(); holds() {
			return
		}
		<-time.After(100 * time.Millisecond)
	}
	s.t.Errorf("after an hour still not: %s", what)
}

// connect gives the terminal a new wire and lets the engine attend it, as the supervisor does.
func (c *counter) connect() {
	near, far := net.Pipe()
	if c.thin != nil {
		far = c.thin(far)
	}
	ctx, stop := context.WithCancel(context.Background())
	served, ended := make(chan struct{}), make(chan error, 1)
	c.wire, c.ended, c.stop = far, ended, stop
	e := c.engine
	go func() {
		defer close(served)
		_ = c.pt.Serve(context.Background(), far) // it always says why it ended
	}()
	go func() {
		err := c.attend(ctx, e, near)
		_ = near.Close()
		<-served
		ended <- err
	}()
}

func (c *counter) attend(ctx context.Context, e *engine.Engine, near net.Conn) error {
	driver, err := zvt.Driver().NewCardTerminal(near, drivers.Settings{Currency: "EUR", Stream: c.stream})
	if err != nil {
		return err
	}
	last, err := driver.Open(ctx)
	if err != nil {
		return err
	}
	if c.dress != nil {
		driver = c.dress(driver)
	}
	return e.Attend(ctx, c.name, driver, last)
}

// unplug pulls the cable and waits until both sides have noticed. It returns what the engine said, nil when nothing was plugged in.
func (c *counter) unplug() error {
	if c.ended == nil {
		return nil
	}
	c.stop()
	_ = c.wire.Close()
	return c.lost()
}

// lost waits for the end of a wire that broke by itself.
func (c *counter) lost() error {
	err := <-c.ended
	c.ended = nil
	return err
}

// held is what the terminal itself counts as taken.
func (c *counter) held() pos.Minor { return c.pt.Memory().Totals()[pos.Card]["EUR"].Amount }

// at runs an action the first time that the terminal comes to a moment of a command.
func (c *counter) at(moment zvtsim.Moment, command string, action func()) {
	var once atomic.Bool
	c.pt.Observe(func(e zvtsim.Event) {
		if e.Moment == moment && (command == "" || e.Command == command) && once.CompareAndSwap(false, true) {
			action()
		}
	})
}

// cutAt breaks the wire at a moment.
func (c *counter) cutAt(moment zvtsim.Moment, command string) {
	c.at(moment, command, func() { _ = c.wire.Close() })
}

func euros(minor pos.Minor) pos.Money { return pos.Money{Amount: minor, Currency: "EUR"} }

func minor(m pos.Minor) *pos.Minor { return &m }

// cash and card ask for a payment of a new order.
func (s *shop) cash(amount pos.Minor) engine.Request { return s.order(pos.Cash, amount) }
func (s *shop) card(amount pos.Minor) engine.Request { return s.order(pos.Card, amount) }

func (s *shop) order(tender pos.Tender, amount pos.Minor) engine.Request {
	s.orders++
	return engine.Request{Order: pos.OrderRef(fmt.Sprintf("order-%d", s.orders)), Attempt: 1, Amount: euros(amount), Tender: tender}
}

// again is the next attempt of an order.
func again(r engine.Request) engine.Request {
	r.Attempt++
	return r
}

// begin starts a payment that has to be a new one.
func (s *shop) begin(r engine.Request) *view.Payment {
	s.t.Helper()
	p, created, err := s.engine.Pay(r)
	if err != nil || !created {
		s.t.Fatalf("order %s attempt %d: created %v, %v", r.Order, r.Attempt, created, err)
	}
	return p
}

// pay starts a payment and waits for its outcome.
func (s *shop) pay(r engine.Request) *view.Payment {
	s.t.Helper()
	return s.outcome(s.begin(r).Intent.Payment)
}

// outcome waits until a payment is not pending, and then until nothing moves any more.
func (s *shop) outcome(id pos.PaymentID) *view.Payment {
	s.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), time.Hour)
	defer stop()
	if _, err := s.engine.Wait(ctx, id); err != nil {
		s.t.Fatal(err)
	}
	synctest.Wait()
	return s.payment(id)
}

func (s *shop) payment(id pos.PaymentID) *view.Payment {
	s.t.Helper()
	p, err := s.engine.Payment(id)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// refuses checks that a payment is refused with a code, that the refusal says that no money moved, and that it left nothing in the journal.
func (s *shop) refuses(r engine.Request, code pos.ErrorCode) {
	s.t.Helper()
	before := s.journal.Head()
	_, _, err := s.engine.Pay(r)
	if codeOf(err) != code || pos.MoneyOf(err) != pos.NoneMoved {
		s.t.Errorf("order %s attempt %d: %v, want %s", r.Order, r.Attempt, err, code)
	}
	if s.journal.Head() != before {
		s.t.Errorf("order %s attempt %d was refused and yet journalled", r.Order, r.Attempt)
	}
}

func codeOf(err error) pos.ErrorCode {
	var e *pos.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// status checks a payment's status.
func (s *shop) status(p *view.Payment, want pos.Status) {
	s.t.Helper()
	if p.Status != want {
		s.t.Errorf("payment of order %s, attempt %d is %s (%+v), want %s", p.Intent.Order, p.Intent.Attempt, p.Status, p.Reason, want)
	}
}

// device is the state that the screen shows.
func (s *shop) device(name pos.DeviceName) engine.Device {
	for _, d := range s.engine.Devices() {
		if d.Name == name {
			return d
		}
	}
	return engine.Device{}
}
