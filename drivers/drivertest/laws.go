package drivertest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

func endsAsTheDeviceSays(t *testing.T, bench Bench) {
	for card, want := range map[Card]drivers.Decision{Approves: drivers.Approved, Declines: drivers.Declined, Aborts: drivers.Cancelled} {
		t.Run(string(card), func(t *testing.T) {
			inBubble(t, bench, func(s *stand) {
				s.peer.Next(Script{Card: card})
				out, err := s.sale(1023)
				if err != nil || out.Result.Decision != want {
					s.t.Fatalf("%+v, %v; want %s", out, err, want)
				}
				if held := s.booked(s.money(1023)) == 1; held != (want == drivers.Approved) {
					s.t.Errorf("%s, and the device holds %v", want, s.peer.Booked())
				}
				if len(s.stored) != 1 || s.stored[0] != out.Result {
					s.t.Errorf("stored %+v, outcome %+v", s.stored, out.Result)
				}
				if n := s.peer.Commands(); n != 2 {
					s.t.Errorf("%d money commands for two sales", n)
				}
			})
		})
	}
}

func commitsBeforeAcknowledging(t *testing.T, bench Bench) {
	inBubble(t, bench, func(s *stand) {
		before, calls := s.peer.Acknowledged(), 0
		s.onCommit = func() {
			calls++
			synctest.Wait()
			if n := s.peer.Acknowledged(); n != before {
				s.t.Error("the acknowledgement was there before the result was stored")
			}
		}
		if _, err := s.sale(1023); err != nil || calls != 1 || s.peer.Acknowledged() != before+1 {
			s.t.Errorf("%v; %d commits, %d acknowledgements", err, calls, s.peer.Acknowledged()-before)
		}
	})
}

func refusesWhatIsNotDurable(t *testing.T, bench Bench) {
	inBubble(t, bench, func(s *stand) {
		before := s.peer.Acknowledged()
		s.failCommit = errors.New("disk full")
		_, err := s.sale(1023)
		s.wantUnknown(err)
		if !errors.Is(err, s.failCommit) {
			s.t.Errorf("%v hides its cause", err)
		}
		if n := s.peer.Acknowledged() - before; n != 0 {
			s.t.Errorf("%d acknowledgements of a result that was not stored", n)
		}
		s.wantVerdict(s.money(1023))
	})
}

func takesARepetitionOnce(t *testing.T, bench Bench) {
	inBubble(t, bench, func(s *stand) {
		s.peer.Next(Script{Card: Approves, Repeat: true})
		out, err := s.sale(1023)
		if err != nil || out.Result.Decision != drivers.Approved || s.booked(s.money(1023)) != 1 || s.peer.Commands() != 2 {
			s.t.Errorf("%+v, %v; device holds %v", out, err, s.peer.Booked())
		}
	})
}

func refusesAmounts(t *testing.T, bench Bench) {
	inBubble(t, bench, func(s *stand) {
		foreign := pos.Currency("JPY")
		if s.bench.Settings().Currency == foreign {
			foreign = "KWD"
		}
		for _, m := range []pos.Money{s.money(0), s.money(-1), s.money(pos.MaxAmount + 1), {Amount: 100, Currency: foreign}} {
			_, err := s.saleIn(context.Background(), m)
			s.wantNothing(err, 1)
		}
	})
}

func stopsForTheCashier(t *testing.T, bench Bench) {
	inBubble(t, bench, func(s *stand) {
		s.peer.Next(Script{Card: Waits})
		s.cancel = make(chan struct{})
		stop := time.AfterFunc(20*time.Second, func() { close(s.cancel) })
		defer stop.Stop()
		begun := time.Now()
		out, err := s.sale(1023)
		if err != nil || out.Result.Decision != drivers.Cancelled || s.booked(s.money(1023)) != 0 {
			s.t.Errorf("%+v, %v; device holds %v", out, err, s.peer.Booked())
		}
		if took := time.Since(begun); took < 20*time.Second || took > 50*time.Second {
			s.t.Errorf("took %v", took)
		}
	})
}

func endsWithContext(t *testing.T, bench Bench) {
	for _, fault := range []Fault{NoFault, Mute} {
		t.Run("fault "+string(fault), func(t *testing.T) {
			inBubble(t, bench, func(s *stand) {
				s.peer.Next(Script{Card: Waits, Fault: fault, At: AfterCommand})
				ctx, done := context.WithTimeout(context.Background(), 10*time.Second)
				defer done()
				begun := time.Now()
				out, err := s.saleIn(ctx, s.money(1023))
				if took := time.Since(begun); took > 40*time.Second {
					s.t.Errorf("returned %v after the end of its context", took-10*time.Second)
				}
				if err != nil {
					s.wantUnknown(err)
				} else if out.Result.Decision != drivers.Cancelled {
					s.t.Errorf("%+v", out)
				}
				s.wantVerdict(s.money(1023))
			})
		})
	}
}

// survivesFaults breaks the wire in every way at every moment. Whatever the driver says must fit what the device holds,
// and it never asks for the money twice.
func survivesFaults(t *testing.T, bench Bench) {
	for _, fault := range []Fault{Unplug, Mute} {
		for _, at := range []Moment{BeforeCommand, AfterCommand, AfterResult, AfterAcknowledgement} {
			for _, keep := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %s, keep %v", fault, at, keep), func(t *testing.T) {
					inBubble(t, bench, func(s *stand) { s.survive(Script{Card: Approves, Fault: fault, At: at, Keep: keep}) })
				})
			}
		}
	}
}

func (s *stand) survive(script Script) {
	s.peer.Next(script)
	synctest.Wait()
	out, err := s.sale(1023)
	s.checkClaim(script, out, err)
	if n := s.peer.Commands(); n > 2 {
		s.t.Errorf("%d money commands for two sales", n)
	}
	s.wantVerdict(s.money(1023))
	if _, err := s.sale(55); err != nil || s.booked(s.money(55)) != 1 {
		s.t.Errorf("the next sale: %v; device holds %v", err, s.peer.Booked())
	}
}

// checkClaim compares what the driver says after a fault with what it can know.
func (s *stand) checkClaim(script Script, out drivers.Outcome, err error) {
	s.t.Helper()
	switch {
	case script.At == BeforeCommand && script.Fault == Unplug:
		s.wantNothing(err, 1)
	case err != nil:
		s.wantUnknown(err)
	case script.At != AfterAcknowledgement || out.Result.Decision != drivers.Approved:
		s.t.Errorf("an outcome out of nothing: %+v", out)
	case s.booked(s.money(1023)) != 1:
		s.t.Errorf("approved, and the device holds %v", s.peer.Booked())
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
