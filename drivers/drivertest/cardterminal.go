package drivertest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// patience bounds every call, in virtual time: longer than any protocol lets a customer look for his PIN.
const patience = 30 * time.Minute

// CardTerminal runs the laws of a card terminal against the bench.
func CardTerminal(t *testing.T, bench Bench) {
	for _, law := range []struct {
		name string
		test func(*testing.T, Bench)
	}{
		{"sales end as the device says", endsAsTheDeviceSays},
		{"the result is durable before it is acknowledged", commitsBeforeAcknowledging},
		{"a result that is not durable is not acknowledged", refusesWhatIsNotDurable},
		{"a repeated result is one result", takesARepetitionOnce},
		{"impossible amounts never reach the device", refusesAmounts},
		{"the cashier can stop", stopsForTheCashier},
		{"the end of the context ends the wait", endsWithContext},
		{"after a fault the money is known or asked for", survivesFaults},
		{"an unknown option is refused", refusesUnknownOptions},
		{"the device says when it is ready", tellsStatus},
	} {
		t.Run(law.name, func(t *testing.T) { law.test(t, bench) })
	}
}

// stand is one device with a till on it.
type stand struct {
	t        *testing.T
	bench    Bench
	peer     Peer
	conn     drivers.Conn
	terminal drivers.CardTerminal
	before   drivers.Last

	failCommit error
	stored     []drivers.Result
	onCommit   func()
	cancel     chan struct{}
	onProgress func()
}

// inBubble runs a test in virtual time on a fresh device with a sale in its memory, so that an old transaction is there
// to be mistaken for a new one.
func inBubble(t *testing.T, bench Bench, test func(s *stand)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stand{t: t, bench: bench, peer: bench.NewPeer(t)}
		defer s.peer.Close()
		s.open()
		defer func() { s.conn.Close() }()
		out, err := s.sale(100)
		if err != nil {
			t.Fatalf("first sale: %v", err)
		}
		s.before = drivers.Last{Trace: out.Result.Trace, ReceiptNo: out.Result.ReceiptNo}
		s.stored = nil
		synctest.Wait() // until the device has what it needs for this sale to be final
		test(s)
	})
}

// open plugs a new wire in and opens the terminal on it.
func (s *stand) open() {
	s.t.Helper()
	if s.conn != nil {
		s.conn.Close()
	}
	s.conn = s.peer.Plug()
	terminal, err := s.bench.Driver().NewCardTerminal(s.conn, s.bench.Settings())
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

func (s *stand) sale(amount pos.Minor) (drivers.Outcome, error) {
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	return s.saleIn(ctx, s.money(amount))
}

func (s *stand) saleIn(ctx context.Context, m pos.Money) (drivers.Outcome, error) {
	return s.terminal.Sale(ctx, drivers.Sale{
		Amount: m,
		Cancel: s.cancel,
		Progress: func(drivers.Progress) {
			if s.onProgress != nil {
				s.onProgress()
			}
		},
		Commit: func(r drivers.Result) error {
			if s.onCommit != nil {
				s.onCommit()
			}
			if s.failCommit == nil {
				s.stored = append(s.stored, r)
			}
			return s.failCommit
		},
	})
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
func (s *stand) wantNothing(err error, commands int) {
	s.t.Helper()
	var e *pos.Error
	if !errors.As(err, &e) || e.Retry == pos.OutcomeUnknown || e.Money != pos.NoneMoved {
		s.t.Errorf("error %v, want one that says that nothing moved", err)
	} else if e.Text == "" || e.Next == "" {
		s.t.Errorf("error %v does not say what happened and what to do", err)
	}
	if got := s.peer.Commands(); got != commands {
		s.t.Errorf("%d money commands reached the device, want %d", got, commands)
	}
}

// wantVerdict opens the terminal anew, recovers, and compares with what the device holds.
func (s *stand) wantVerdict(m pos.Money) {
	s.t.Helper()
	pending := drivers.Pending{Amount: m, Before: s.before}
	if n := len(s.stored); n > 0 {
		pending.Stored = &s.stored[n-1]
	}
	commands := s.peer.Commands()
	s.peer.Next(Script{Card: Approves})
	s.open()
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	got, err := s.terminal.Recover(ctx, pending)
	want := drivers.NotCharged
	if s.booked(m) > 0 {
		want = drivers.Charged
	}
	if err != nil || got.Verdict != want || got.Text == "" {
		s.t.Errorf("verdict %q (%s), %v; the device holds %v, want %q", got.Verdict, got.Text, err, s.peer.Booked(), want)
	}
	if want == drivers.Charged && got.Result.Amount != m {
		s.t.Errorf("recovered %v, want %v", got.Result.Amount, m)
	}
	if n := s.peer.Commands(); n != commands {
		s.t.Errorf("recovery sent %d money commands", n-commands)
	}
}
