package drivertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// patience bounds every call, in virtual time: longer than any protocol lets a customer look for his PIN.
const patience = 30 * time.Minute

// stand is one device with a till on it.
type stand struct {
	t        *testing.T
	bench    Bench
	peer     Peer
	wire     *tap
	terminal drivers.CardTerminal
	before   drivers.Last
	of       drivers.Last // the sale that a void takes back, or the reservation that is booked or released

	commands   int          // made so far, which gives each a name of its own
	ref        string       // of the last of them
	told       atomic.Int64 // what was shown to the cashier of it
	failCommit error
	stored     []drivers.Result
	totals     []drivers.Totals
	onCommit   func()
	cancel     chan struct{}
}

// inBubble runs a test in virtual time on a fresh device with a sale in its memory, so that an old transaction is there
// to be mistaken for a new one.
func inBubble(t *testing.T, bench Bench, test func(s *stand)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stand{t: t, bench: bench, peer: bench.NewPeer(t)}
		defer s.peer.Close()
		s.open()
		defer func() { s.wire.Close() }()
		s.sell(100)
		test(s)
	})
}

// open plugs a new wire in and opens the terminal on it.
func (s *stand) open() {
	s.t.Helper()
	if s.wire != nil {
		s.wire.Close()
	}
	s.wire = newTap(s.peer.Plug())
	terminal, err := s.bench.Driver().NewCardTerminal(s.wire, s.bench.Settings())
	if err != nil {
		s.t.Fatalf("new terminal: %v", err)
	}
	s.terminal = terminal
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	last, err := terminal.Open(ctx)
	if err != nil {
		s.t.Fatalf("open: %v", err)
	}
	s.before = last
}

func (s *stand) money(amount pos.Minor) pos.Money {
	return pos.Money{Amount: amount, Currency: s.bench.Settings().Currency}
}

// sell makes a good sale, which becomes the one that voids take back.
func (s *stand) sell(amount pos.Minor) {
	s.t.Helper()
	out, err := s.sale(amount)
	if err != nil || out.Result.Decision != drivers.Approved {
		s.t.Fatalf("sale: %+v, %v", out, err)
	}
	s.before = drivers.Last{Trace: out.Result.Trace, ReceiptNo: out.Result.ReceiptNo}
	s.of, s.stored = s.before, nil
	synctest.Wait() // until the device has what it needs for this sale to be final
}

// begin makes what a command over the amount needs: a void a sale, a booking a reservation of more, a release one of just that.
func (s *stand) begin(what drivers.Transaction, amount pos.Minor) {
	s.t.Helper()
	switch what {
	case drivers.VoidOf:
		s.sell(amount)
	case drivers.BookingOf:
		s.reserve(amount + spare)
	case drivers.ReleaseOf:
		s.reserve(amount)
	}
}

func (s *stand) sale(amount pos.Minor) (drivers.Outcome, error) { return s.act(drivers.SaleOf, amount) }

func (s *stand) act(what drivers.Transaction, amount pos.Minor) (drivers.Outcome, error) {
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	defer synctest.Wait() // until the device has the last acknowledgement, where nothing follows it
	return s.actIn(ctx, what, s.money(amount))
}

func (s *stand) actIn(ctx context.Context, what drivers.Transaction, m pos.Money) (drivers.Outcome, error) {
	s.commands++
	s.ref = fmt.Sprintf("command %d", s.commands)
	command := drivers.Sale{Amount: m, Ref: s.ref, Cancel: s.cancel, Progress: func(drivers.Progress) { s.told.Add(1) }, Commit: s.commit}
	switch what {
	case drivers.VoidOf:
		return s.terminal.Void(ctx, command, s.of)
	case drivers.RefundOf:
		return s.terminal.Refund(ctx, command)
	case drivers.ReservationOf:
		return s.terminal.(drivers.Reserver).Reserve(ctx, command)
	case drivers.BookingOf:
		return s.terminal.(drivers.Reserver).Book(ctx, command, s.of)
	case drivers.ReleaseOf:
		return s.terminal.(drivers.Reserver).Release(ctx, command, s.of)
	}
	return s.terminal.Sale(ctx, command)
}

func (s *stand) commit(r drivers.Result) error {
	if s.onCommit != nil {
		s.onCommit()
	}
	if s.failCommit == nil {
		s.stored = append(s.stored, r)
	}
	return s.failCommit
}

func (s *stand) settle() (drivers.Totals, error) {
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	defer synctest.Wait()
	return s.terminal.Settle(ctx, func(drivers.Progress) {}, func(t drivers.Totals) error {
		if s.onCommit != nil {
			s.onCommit()
		}
		if s.failCommit == nil {
			s.totals = append(s.totals, t)
		}
		return s.failCommit
	})
}

// held says whether the device holds what the command wanted.
func (s *stand) held(what drivers.Transaction, m pos.Money) bool {
	switch what {
	case drivers.VoidOf:
		return !slices.Contains(s.peer.Booked(), m)
	case drivers.RefundOf:
		return slices.Contains(s.peer.Returned(), m)
	case drivers.ReservationOf:
		return slices.Contains(s.holding(), m)
	case drivers.ReleaseOf:
		return !slices.Contains(s.holding(), m)
	}
	return slices.Contains(s.peer.Booked(), m)
}

// booked says how many of the amounts at the device are this one.
func (s *stand) booked(m pos.Money) int {
	n := 0
	for _, b := range s.peer.Booked() {
		if b == m {
			n++
		}
	}
	return n
}

// wantUnknown checks an error that leaves the money unknown.
func (s *stand) wantUnknown(err error) {
	s.t.Helper()
	var e *pos.Error
	if !errors.As(err, &e) || e.Retry != pos.OutcomeUnknown || e.Money != pos.MoneyUnknown {
		s.t.Errorf("error %v, want class OutcomeUnknown with money unknown", err)
	}
}

// wantNothing checks an error that says that nothing moved.
func (s *stand) wantNothing(err error) {
	s.t.Helper()
	var e *pos.Error
	if !errors.As(err, &e) || e.Retry == pos.OutcomeUnknown || e.Money != pos.NoneMoved {
		s.t.Errorf("error %v, want one that says that nothing moved", err)
	} else if e.Text == "" || e.Next == "" {
		s.t.Errorf("error %v does not say what happened and what to do", err)
	}
}

// wantCommands checks how many money commands the device has got.
func (s *stand) wantCommands(n int) {
	s.t.Helper()
	if got := s.peer.Commands(); got != n {
		s.t.Errorf("%d money commands reached the device, want %d", got, n)
	}
}

// pending is what a journal would know.
func (s *stand) pending(what drivers.Transaction, m pos.Money) drivers.Pending {
	p := drivers.Pending{What: what, Of: s.of, Ref: s.ref, Amount: m, Before: s.before}
	if n := len(s.stored); n > 0 {
		p.Stored = &s.stored[n-1]
	}
	return p
}

// can says whether the family has a function.
func (s *stand) can(f drivers.Function) bool { return s.bench.Driver().Can(f, s.bench.Settings()) }

// tells says whether the family tells what became of a lost command.
func (s *stand) tells(what drivers.Transaction) bool {
	switch what {
	case drivers.VoidOf, drivers.ReleaseOf:
		return s.can(drivers.RecoverVoids)
	case drivers.RefundOf:
		return s.can(drivers.RecoverRefunds)
	}
	return s.can(drivers.RecoverSales)
}

// wantVerdict opens the terminal anew, asks until it has a verdict, and compares that with what the device holds. A family that cannot tell may leave it
// undecided, and may not be wrong.
func (s *stand) wantVerdict(what drivers.Transaction, m pos.Money) {
	s.t.Helper()
	pending, commands := s.pending(what, m), s.peer.Commands()
	s.peer.Next(Script{Card: Approves})
	s.open()
	got := s.ask(pending)
	want := drivers.NotCharged
	if s.held(what, m) {
		want = drivers.Charged
	}
	if got.Verdict == drivers.Undecided && got.Text != "" && !s.tells(what) {
		want = drivers.Undecided
	}
	if got.Verdict != want || got.Text == "" {
		s.t.Errorf("verdict %q (%s); the device holds %v and gave back %v, want %q", got.Verdict, got.Text, s.peer.Booked(), s.peer.Returned(), want)
	}
	if got.Verdict == drivers.Charged && got.Result.Amount != m {
		s.t.Errorf("recovered %v, want %v", got.Result.Amount, m)
	}
	s.wantCommands(commands)
	s.before = got.Last
}

// ask recovers, again and again while the device may still change its mind.
func (s *stand) ask(pending drivers.Pending) drivers.Recovery {
	s.t.Helper()
	for range 10 {
		ctx, done := context.WithTimeout(context.Background(), patience)
		got, err := s.terminal.Recover(ctx, pending)
		done()
		if err != nil {
			s.t.Errorf("recover: %v", err)
			return got
		}
		if got.Again == 0 {
			return got
		}
		if got.Verdict != drivers.Undecided || got.Text == "" {
			s.t.Errorf("a device that may change its mind is believed: %+v", got)
		}
		time.Sleep(got.Again)
	}
	s.t.Error("the recovery never comes to an end")
	return drivers.Recovery{}
}
