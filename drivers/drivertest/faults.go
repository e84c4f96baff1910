package drivertest

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

// eachFault breaks the wire in every way at every moment.
func eachFault(t *testing.T, test func(t *testing.T, script Script)) {
	for _, fault := range []Fault{Unplug, Mute} {
		for _, at := range []Moment{BeforeCommand, AfterCommand, AfterResult, AfterAcknowledgement} {
			for _, keep := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %s, keep %v", fault, at, keep), func(t *testing.T) {
					test(t, Script{Card: Approves, Fault: fault, At: at, Keep: keep})
				})
			}
		}
	}
}

// survivesFaults checks that whatever the driver says fits what the device holds, and that it never asks for the money twice.
func survivesFaults(t *testing.T, bench Bench) {
	for _, what := range transactions(bench) {
		t.Run(string(what), func(t *testing.T) {
			eachFault(t, func(t *testing.T, script Script) {
				inBubble(t, bench, func(s *stand) { s.survive(what, script) })
			})
		})
	}
}

func (s *stand) survive(what drivers.Transaction, script Script) {
	s.begin(what, 1023)
	commands := s.peer.Commands()
	s.peer.Next(script)
	synctest.Wait()
	out, err := s.act(what, 1023)
	synctest.Wait() // until the device has noticed, too
	switch {
	case script.At == BeforeCommand && (script.Fault == Unplug || pos.MoneyOf(err) == pos.NoneMoved): // a driver that asks first knows it of a mute one too
		s.wantNothing(err)
		s.wantCommands(commands)
	case err != nil:
		s.wantUnknown(err)
	case script.At == AfterCommand || script.At == AfterResult && !s.bench.Keeps() || out.Result.Decision != drivers.Approved:
		s.t.Errorf("an outcome out of nothing: %+v", out)
	case !s.held(what, s.money(1023)):
		s.t.Errorf("approved, and the device holds %v and gave back %v", s.peer.Booked(), s.peer.Returned())
	}
	if n := s.peer.Commands(); n > commands+1 {
		s.t.Errorf("%d money commands for one %s", n-commands, what)
	}
	s.wantVerdict(what, s.money(1023))
	s.sellsOn()
}

// sellsOn checks that the next sale works.
func (s *stand) sellsOn() {
	s.t.Helper()
	if _, err := s.sale(55); err != nil || s.booked(s.money(55)) != 1 {
		s.t.Errorf("the next sale: %v; device holds %v", err, s.peer.Booked())
	}
}

// waitsForTheLateReversal meets a device that tells a transaction as its last one and takes it back half a minute after the loss of the wire.
func waitsForTheLateReversal(t *testing.T, bench Bench) {
	if bench.Keeps() {
		return
	}
	for _, what := range transactions(bench) {
		for _, at := range []Moment{AfterResult, AfterAcknowledgement} {
			for _, rest := range []time.Duration{0, 20 * time.Second, time.Minute} {
				t.Run(fmt.Sprintf("%s %s, asked after %v", what, at, rest), func(t *testing.T) {
					inBubble(t, bench, func(s *stand) {
						s.begin(what, 1023)
						s.peer.Next(Script{Card: Approves, Fault: Unplug, At: at, Late: 30 * time.Second})
						_, err := s.act(what, 1023)
						s.wantUnknown(err)
						if !s.held(what, s.money(1023)) {
							s.t.Fatalf("the device holds %v and gave back %v", s.peer.Booked(), s.peer.Returned())
						}
						time.Sleep(rest)
						s.wantVerdict(what, s.money(1023))
						if s.held(what, s.money(1023)) {
							s.t.Error("the device did not take it back")
						}
					})
				})
			}
		}
	}
}

// survivesEveryByte loses the wire behind each byte of a whole course, in both directions and in every way. The device keeps what it has no
// acknowledgement of, takes it back at once, or does so late.
func survivesEveryByte(t *testing.T, bench Bench) {
	for _, what := range courses(bench) {
		for _, fault := range []Fault{Unplug, Mute, OneWay} {
			t.Run(fmt.Sprintf("%s, %s", what, fault), func(t *testing.T) {
				length, step := measure(t, bench, what), stride(bench)
				if fault == OneWay {
					step *= 5 // beside the two losses that are tried at each byte
				}
				for way, bytes := range length {
					for limit := 0; limit < bytes; limit += step {
						inBubble(t, bench, func(s *stand) { s.loseAt(what, way, limit, fault) })
					}
				}
				if length[inward] == 0 || length[outward] == 0 {
					t.Errorf("a course of %v bytes", length)
				}
			})
		}
	}
}

// closingTheDay stands for an end of day among the transactions.
const closingTheDay drivers.Transaction = "end of day"

// courses lists what can be lost at any byte.
func courses(bench Bench) []drivers.Transaction {
	if list := transactions(bench); !bench.Driver().Can(drivers.Settling, bench.Settings()) {
		return list
	}
	return append(transactions(bench), closingTheDay)
}

// measure is how many bytes a good course has in each direction.
func measure(t *testing.T, bench Bench, what drivers.Transaction) (length [2]int) {
	inBubble(t, bench, func(s *stand) {
		s.begin(what, 1023)
		s.wire.arm(inward, 0, NoFault)
		var err error
		if what == closingTheDay {
			_, err = s.settle()
		} else {
			_, err = s.act(what, 1023)
		}
		if err != nil {
			t.Error(err)
		}
		length = s.wire.passed
	})
	return length
}

// loseAt loses the wire behind so many bytes and compares what is proven in the end with what the device holds.
func (s *stand) loseAt(what drivers.Transaction, way, limit int, fault Fault) {
	defer func() {
		if s.t.Failed() {
			s.t.Fatalf("lost behind byte %d of direction %d", limit, way)
		}
	}()
	s.begin(what, 1023)
	s.peer.Next(Script{Card: Approves, Keep: limit%3 == 1, Late: time.Duration(limit%3) * 15 * time.Second})
	s.wire.arm(way, limit, fault)
	if what == closingTheDay {
		s.checkDay(s.settle())
		return
	}
	commands := s.peer.Commands()
	out, err := s.act(what, 1023)
	synctest.Wait() // until the device has noticed, too
	var known *pos.Error
	switch {
	case err == nil && out.Result.Decision != drivers.Approved:
		s.t.Errorf("%+v", out)
	case err == nil && !s.held(what, s.money(1023)):
		s.t.Errorf("approved, and the device holds %v and gave back %v", s.peer.Booked(), s.peer.Returned())
	case errors.As(err, &known) && known.Money == pos.NoneMoved:
		s.wantNothing(err)
		s.wantCommands(commands)
	case err != nil:
		s.wantUnknown(err)
	}
	s.wantVerdict(what, s.money(1023))
	if n := s.peer.Commands(); n > commands+1 {
		s.t.Errorf("%d money commands for one %s", n-commands, what)
	}
}
