package drivertest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// transactions lists what moves money at the bench's device.
func transactions(bench Bench) []drivers.Transaction {
	list := []drivers.Transaction{drivers.SaleOf}
	for what, f := range map[drivers.Transaction]drivers.Function{drivers.VoidOf: drivers.Voiding, drivers.RefundOf: drivers.Refunding,
		drivers.ReservationOf: drivers.Reserving, drivers.BookingOf: drivers.Reserving, drivers.ReleaseOf: drivers.Reserving} {
		if bench.Driver().Can(f, bench.Settings()) {
			list = append(list, what)
		}
	}
	return list
}

// refusesWhatItCannot asks for everything that the family lacks. Nothing of it reaches the device.
func refusesWhatItCannot(t *testing.T, bench Bench) {
	inBubble(t, bench, func(s *stand) {
		asked := map[drivers.Function]func() error{
			drivers.Voiding:   func() error { _, err := s.act(drivers.VoidOf, 100); return err },
			drivers.Refunding: func() error { _, err := s.act(drivers.RefundOf, 100); return err },
			drivers.Settling:  func() error { _, err := s.settle(); return err },
		}
		_, reserves := s.terminal.(drivers.Reserver)
		if reserves {
			asked[drivers.Reserving] = func() error { _, err := s.act(drivers.ReservationOf, 100); return err }
		}
		if !reserves && s.can(drivers.Reserving) {
			s.t.Error("no reservations, although the driver says that it can")
		}
		for f, ask := range asked {
			if s.can(f) {
				continue
			}
			err := ask()
			s.wantNothing(err)
			if known := (*pos.Error)(nil); errors.As(err, &known) && known.Code != "not_supported" {
				s.t.Errorf("%s: %v", f, err)
			}
		}
		s.wantCommands(1)
		_, counts := s.terminal.(drivers.Counter)
		_, reprints := s.terminal.(drivers.Reprinter)
		if counts != s.can(drivers.Counting) || reprints != s.can(drivers.Reprinting) {
			s.t.Errorf("totals %v, reprint %v: not as the driver says of itself", counts, reprints)
		}
	})
}

func endsAsTheDeviceSays(t *testing.T, bench Bench) {
	for _, what := range transactions(bench) {
		for card, want := range map[Card]drivers.Decision{Approves: drivers.Approved, Declines: drivers.Declined, Aborts: drivers.Cancelled} {
			t.Run(fmt.Sprintf("%s %s", what, card), func(t *testing.T) {
				inBubble(t, bench, func(s *stand) {
					s.begin(what, 1023)
					commands := s.peer.Commands()
					s.peer.Next(Script{Card: card})
					out, err := s.act(what, 1023)
					if card == Aborts && !s.can(drivers.TellingAborts) {
						want = drivers.Declined
					}
					if err != nil || out.Result.Decision != want {
						s.t.Fatalf("%+v, %v; want %s", out, err, want)
					}
					if s.held(what, s.money(1023)) != (want == drivers.Approved) {
						s.t.Errorf("%s, and the device holds %v and gave back %v", want, s.peer.Booked(), s.peer.Returned())
					}
					if len(s.stored) != 1 || s.stored[0] != out.Result {
						s.t.Errorf("stored %+v, outcome %+v", s.stored, out.Result)
					}
					s.wantCommands(commands + 1)
				})
			})
		}
	}
}

func commitsBeforeAcknowledging(t *testing.T, bench Bench) {
	for _, what := range transactions(bench) {
		inBubble(t, bench, func(s *stand) {
			s.begin(what, 1023)
			calls := s.watchCommits()
			before := s.peer.Acknowledged()
			if _, err := s.act(what, 1023); err != nil || *calls != 1 || s.peer.Acknowledged() != before+acknowledgements(bench) {
				s.t.Errorf("%s: %v; %d commits, %d acknowledgements", what, err, *calls, s.peer.Acknowledged()-before)
			}
		})
	}
}

// watchCommits counts the commits to come and looks for acknowledgements before them.
func (s *stand) watchCommits() *int {
	before, calls := s.peer.Acknowledged(), 0
	s.onCommit = func() {
		calls++
		synctest.Wait()
		if n := s.peer.Acknowledged(); n != before {
			s.t.Error("the acknowledgement was there before the result was stored")
		}
	}
	return &calls
}

func refusesWhatIsNotDurable(t *testing.T, bench Bench) {
	for _, what := range transactions(bench) {
		inBubble(t, bench, func(s *stand) {
			s.begin(what, 1023)
			before := s.peer.Acknowledged()
			s.failCommit = errors.New("disk full")
			_, err := s.act(what, 1023)
			s.wantUnknown(err)
			if !errors.Is(err, s.failCommit) {
				s.t.Errorf("%v hides its cause", err)
			}
			if n := s.peer.Acknowledged() - before; n != 0 {
				s.t.Errorf("%d acknowledgements of a result that was not stored", n)
			}
			s.wantVerdict(what, s.money(1023))
		})
	}
}

func takesARepetitionOnce(t *testing.T, bench Bench) {
	for _, what := range transactions(bench) {
		inBubble(t, bench, func(s *stand) {
			s.begin(what, 1023)
			commands := s.peer.Commands()
			s.peer.Next(Script{Card: Approves, Repeat: true})
			out, err := s.act(what, 1023)
			if err != nil || out.Result.Decision != drivers.Approved || !s.held(what, s.money(1023)) {
				s.t.Errorf("%s: %+v, %v; device holds %v", what, out, err, s.peer.Booked())
			}
			s.wantCommands(commands + 1)
		})
	}
}

func refusesAmounts(t *testing.T, bench Bench) {
	inBubble(t, bench, func(s *stand) {
		foreign := pos.Currency("JPY")
		if s.bench.Settings().Currency == foreign {
			foreign = "KWD"
		}
		for _, what := range transactions(bench) {
			for _, m := range []pos.Money{s.money(0), s.money(-1), s.money(pos.MaxAmount + 1), {Amount: 100, Currency: foreign}} {
				_, err := s.actIn(context.Background(), what, m)
				s.wantNothing(err)
			}
		}
		s.wantCommands(1)
	})
}

// voidsOnce takes a sale back twice: the second time nothing moves.
func voidsOnce(t *testing.T, bench Bench) {
	if !bench.Driver().Can(drivers.Voiding, bench.Settings()) {
		return
	}
	inBubble(t, bench, func(s *stand) {
		s.sell(1023)
		if out, err := s.act(drivers.VoidOf, 1023); err != nil || out.Result.Decision != drivers.Approved {
			s.t.Fatalf("%+v, %v", out, err)
		}
		out, err := s.act(drivers.VoidOf, 1023)
		if err != nil {
			s.wantNothing(err)
		} else if out.Result.Decision != drivers.Declined || out.Result.Text == "" {
			s.t.Errorf("taken back twice: %+v", out)
		}
		if s.booked(s.money(1023)) != 0 || s.booked(s.money(100)) != 1 {
			s.t.Errorf("the device holds %v", s.peer.Booked())
		}
	})
}

func refusesBeforeItBegins(t *testing.T, bench Bench) {
	for _, what := range transactions(bench) {
		inBubble(t, bench, func(s *stand) {
			s.begin(what, 1023)
			s.peer.Next(Script{Card: Refuses})
			_, err := s.act(what, 1023)
			s.wantNothing(err)
			if s.held(what, s.money(1023)) || len(s.stored) != 0 {
				s.t.Errorf("%s: stored %+v; the device holds %v", what, s.stored, s.peer.Booked())
			}
		})
	}
}

// stopsForTheCashier wishes to stop after 20 s. Where the device cannot be asked, its customer gives up after a minute, and meanwhile the cashier is told
// what to do.
func stopsForTheCashier(t *testing.T, bench Bench) {
	for _, what := range transactions(bench) {
		if what != drivers.SaleOf && what != drivers.RefundOf && what != drivers.ReservationOf {
			continue // no customer is needed
		}
		inBubble(t, bench, func(s *stand) {
			s.peer.Next(Script{Card: Waits})
			s.cancel = make(chan struct{})
			var told atomic.Int64 // before the wish
			stop := time.AfterFunc(20*time.Second, func() { told.Store(s.told.Load()); close(s.cancel) })
			defer stop.Stop()
			begun := time.Now()
			out, err := s.act(what, 1023)
			s.wantStopped(out, err)
			if s.held(what, s.money(1023)) {
				s.t.Errorf("%s: device holds %v", what, s.peer.Booked())
			}
			limit := 50 * time.Second
			if !s.can(drivers.Stopping) {
				limit = 2 * time.Minute
				if s.told.Load() == told.Load() {
					s.t.Error("the cashier was not told where to stop it")
				}
			}
			if took := time.Since(begun); took < 20*time.Second || took > limit {
				s.t.Errorf("took %v", took)
			}
		})
	}
}

// wantStopped checks the outcome of a command that was stopped.
func (s *stand) wantStopped(out drivers.Outcome, err error) {
	s.t.Helper()
	want := drivers.Cancelled
	if !s.can(drivers.TellingAborts) {
		want = drivers.Declined
	}
	if err != nil || out.Result.Decision != want {
		s.t.Errorf("%+v, %v; want %s", out, err, want)
	}
}

func endsWithContext(t *testing.T, bench Bench) {
	for _, what := range transactions(bench) {
		for _, fault := range []Fault{NoFault, Mute} {
			t.Run(fmt.Sprintf("%s, fault %s", what, fault), func(t *testing.T) {
				inBubble(t, bench, func(s *stand) {
					s.begin(what, 1023)
					s.peer.Next(Script{Card: Waits, Fault: fault, At: AfterCommand})
					ctx, done := context.WithTimeout(context.Background(), 10*time.Second)
					defer done()
					begun := time.Now()
					out, err := s.actIn(ctx, what, s.money(1023))
					if took := time.Since(begun); took > 40*time.Second {
						s.t.Errorf("returned %v after the end of its context", took-10*time.Second)
					}
					if err != nil {
						s.wantUnknown(err)
					} else {
						s.wantStopped(out, nil)
					}
					s.wantVerdict(what, s.money(1023))
				})
			})
		}
	}
}

func refusesUnknownOptions(t *testing.T, bench Bench) {
	settings := bench.Settings()
	settings.Options = map[string]string{"no_such_option": "1"}
	till, device := Wire()
	defer till.Close()
	defer device.Close()
	if _, err := bench.Driver().NewCardTerminal(till, settings); err == nil {
		t.Error("an unknown option was taken")
	}
}

func tellsStatus(t *testing.T, bench Bench) {
	inBubble(t, bench, func(s *stand) {
		ctx, done := context.WithTimeout(context.Background(), patience)
		defer done()
		if state, err := s.terminal.Status(ctx); err != nil || !state.Ready {
			s.t.Errorf("%+v, %v", state, err)
		}
		if err := s.terminal.Close(ctx); err != nil {
			s.t.Errorf("close: %v", err)
		}
	})
}
