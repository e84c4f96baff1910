package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
)

// scene is a till that pumps through a network to a platform, in virtual time.
type scene struct {
	t       *testing.T
	journal *outboxtest.Journal
	model   *model
	net     *network
	outbox  *outbox.Outbox
	ended   chan error // what Run returned
	stop    context.CancelFunc
}

// play runs f in a bubble with a good network. Journals must be made inside: virtual time stands still while anybody waits on a
// channel from outside.
func play(t *testing.T, f func(s *scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &scene{t: t, model: newModel(t)}
		f(s)
		s.end()
	})
}

// begin starts the outbox of a journal on a network with faults.
func (s *scene) begin(journal *outboxtest.Journal, faults ...func(n *network)) {
	s.journal = journal
	o, err := outbox.New(outbox.Options{Till: journal.Till, Merchant: "shop", Source: journal, Platform: keys(s.model)})
	if err != nil {
		s.t.Fatal(err)
	}
	s.outbox, s.net = o, &network{model: s.model, outbox: o}
	for _, f := range faults {
		f(s.net)
	}
	s.connect()
}

// connect runs the outbox once more.
func (s *scene) connect() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	s.stop, s.ended = cancel, ended
	go func() { ended <- s.outbox.Run(ctx, s.net) }()
}

// end stops the outbox and waits for what is on the wire.
func (s *scene) end() {
	s.stop()
	<-s.ended
	s.net.workers.Wait()
}

// within waits until everything is acknowledged, and fails after the given time.
func (s *scene) within(d time.Duration) {
	s.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if s.outbox.Status().Backlog == 0 {
			break
		}
	}
	if st := s.outbox.Status(); st.Backlog > 0 || !s.model.holds(s.journal) {
		s.t.Fatalf("after %s: %+v, answers %v", d, st, s.model.answers())
	}
}

// fill adds commits of one to three records.
func fill(j *outboxtest.Journal, commits int) {
	for i := range commits {
		var bodies []record.Body
		for range i%3 + 1 {
			bodies = append(bodies, &record.Boot{Version: fmt.Sprint("v", i), Reason: record.Started})
		}
		j.Commit(bodies...)
	}
}

func TestDrainsInOrder(t *testing.T) {
	play(t, func(s *scene) {
		j := outboxtest.New("till-1")
		fill(j, 2000)
		s.begin(j)
		s.within(time.Second)
		if st := s.outbox.Status(); st.Acked != j.Head() || !st.Connected || !st.Online || st.Err != nil || st.LastAckAt.IsZero() {
			t.Errorf("%+v", st)
		}
		if n := s.net.count(); n != 9 {
			t.Errorf("%d batches for 3,999 records", n)
		}
	})
}

func TestSellingWhileConnected(t *testing.T) {
	play(t, func(s *scene) {
		s.begin(outboxtest.New("till-1"))
		for range 20 {
			fill(s.journal, 1)
			s.within(20 * time.Millisecond)
			time.Sleep(time.Minute)
		}
		if n := s.net.count(); n != 20 {
			t.Errorf("%d batches for 20 records: something was sent twice", n)
		}
	})
}

// TestBadNetworks loses, repeats and reorders in both directions, from many seeds.
func TestBadNetworks(t *testing.T) {
	for seed := range uint64(12) {
		play(t, func(s *scene) {
			j := outboxtest.New("till-1")
			fill(j, 300)
			j.NewEpoch()
			fill(j, 300)
			s.model.source = j
			s.begin(j)
			s.net.set(func() {
				s.net.rng = rand.New(rand.NewPCG(seed, 1))
				s.net.lose, s.net.repeat, s.net.delay = 0.3, 0.2, 800*time.Millisecond
			})
			for i := range 5 {
				time.Sleep(time.Duration(i) * time.Second)
				fill(j, 10)
			}
			s.within(10 * time.Minute)
			if d := j.Divergences(); len(d) > 0 {
				t.Errorf("seed %d: %v", seed, d)
			}
		})
	}
}

func TestLostAnswersAreAskedForAgain(t *testing.T) {
	play(t, func(s *scene) {
		j := outboxtest.New("till-1")
		fill(j, 3)
		s.begin(j)
		s.net.set(func() { s.net.down = true })
		time.Sleep(4 * time.Second)
		if n := s.net.count(); n != 1 {
			t.Errorf("%d batches before the time-out", n)
		}
		s.net.set(func() { s.net.down = false })
		s.within(2 * time.Second)
	})
}

func TestOnlineEndsWithinTwoSecondsOfTheFirstUnanswered(t *testing.T) {
	play(t, func(s *scene) {
		j := outboxtest.New("till-1")
		s.begin(j)
		time.Sleep(time.Hour)
		if !s.outbox.Status().Online {
			t.Error("an idle till is offline")
		}
		s.net.set(func() { s.net.down = true })
		fill(j, 1)
		time.Sleep(1400 * time.Millisecond)
		if !s.outbox.Status().Online {
			t.Error("offline too early")
		}
		for range 30 { // through several time-outs
			time.Sleep(500 * time.Millisecond)
			if st := s.outbox.Status(); st.Online || !st.Connected || st.Backlog != 1 {
				t.Fatalf("%+v", st)
			}
		}
		s.net.set(func() { s.net.down = false })
		s.within(6 * time.Second)
		if !s.outbox.Status().Online {
			t.Error("still offline")
		}
	})
}

// TestAPlatformThatIsAwayIsNotFlooded: ten thousand tills with a backlog would send four full batches each, every five seconds. One small batch asks.
func TestAPlatformThatIsAwayIsNotFlooded(t *testing.T) {
	play(t, func(s *scene) {
		j := outboxtest.New("till-1")
		fill(j, 1200)
		s.begin(j, func(n *network) { n.down = true })
		time.Sleep(4 * time.Second)
		if n := s.net.count(); n != 4 {
			t.Errorf("%d batches before the first time-out", n)
		}
		first := s.net.volume()
		time.Sleep(time.Minute)
		if n, bytes := s.net.count()-4, s.net.volume()-first; n != 12 || bytes > 12*first/10 {
			t.Errorf("in a minute without an answer %d batches of %d bytes; the first four had %d", n, bytes, first)
		}
		s.net.set(func() { s.net.down = false })
		s.within(6 * time.Second)
		if n := s.net.count(); n > 22 {
			t.Errorf("%d batches in all: the drain went on in small ones", n)
		}
	})
}

// TestACourierThatBringsNothingIsGivenUp: a broker may have lost what a connection asked for. The till must not stay deaf for ever.
func TestACourierThatBringsNothingIsGivenUp(t *testing.T) {
	play(t, func(s *scene) {
		j := outboxtest.New("till-1")
		fill(j, 1)
		began := time.Now()
		s.begin(j, func(n *network) { n.down = true })
		if err := <-s.ended; !errors.Is(err, outbox.ErrDeaf) {
			t.Errorf("Run returned %v", err)
		}
		if took := time.Since(began); took < 2*time.Minute || took > 2*time.Minute+10*time.Second {
			t.Errorf("given up after %v", took)
		}
		s.net.set(func() { s.net.down = false })
		s.connect()
		s.within(time.Second)
	})
}

func TestFlushSendsNow(t *testing.T) {
	play(t, func(s *scene) {
		j := outboxtest.New("till-1")
		fill(j, 1)
		s.begin(j)
		s.net.set(func() { s.net.down = true })
		s.outbox.Flush()
		time.Sleep(10 * time.Millisecond)
		s.net.set(func() { s.net.down = false })
		s.outbox.Flush()
		s.within(10 * time.Millisecond)
	})
}

func TestBrokenCourierEndsTheRunAndTheNextOneGoesOn(t *testing.T) {
	play(t, func(s *scene) {
		j := outboxtest.New("till-1")
		fill(j, 1)
		s.begin(j)
		s.within(time.Second)
		s.net.set(func() { s.net.broken = true })
		fill(j, 2)
		if err := <-s.ended; !errors.Is(err, errBroken) {
			t.Errorf("Run returned %v", err)
		}
		if st := s.outbox.Status(); st.Connected || st.Online || st.Backlog != 3 {
			t.Errorf("%+v", st)
		}
		s.net.set(func() { s.net.broken = false })
		s.connect()
		s.within(time.Second)
	})
}

func TestHeldIsCustody(t *testing.T) {
	play(t, func(s *scene) {
		j := outboxtest.New("till-1")
		fill(j, 3)
		s.begin(j)
		s.model.mu.Lock()
		s.model.held[2] = true
		s.model.mu.Unlock()
		s.outbox.Flush()
		s.within(time.Second)
	})
}

// TestFirstContactFromTheOwnMark lets a till begin behind what was acknowledged in its last life.
func TestFirstContactFromTheOwnMark(t *testing.T) {
	play(t, func(s *scene) {
		j := outboxtest.New("till-1")
		fill(j, 3)
		s.begin(j)
		s.within(time.Second)
		s.end()
		fill(j, 3)
		s.begin(j)
		s.within(time.Second)
		if got := s.model.answers(); !slices.Equal(got, []string{"ok 6", "ok 12"}) {
			t.Errorf("%v", got)
		}
	})
}

// TestPlatformThatForgot answers with a gap below what it had signed for; the journal still holds it.
func TestPlatformThatForgot(t *testing.T) {
	play(t, func(s *scene) {
		j := outboxtest.New("till-1")
		fill(j, 1000)
		s.begin(j)
		s.within(time.Second)
		acked := j.Acked()
		s.model.mu.Lock()
		s.model.chains[j.Head().Epoch] = s.model.chains[j.Head().Epoch][:101]
		s.model.mu.Unlock()
		fill(j, 1)
		s.within(5 * time.Second)
		if len(j.Divergences()) > 0 || j.Acked() == acked {
			t.Errorf("%v, acked %v", j.Divergences(), j.Acked())
		}
	})
}

// TestGapDoesNotStartAnAvalanche loses one batch in the middle of a drain.
func TestGapDoesNotStartAnAvalanche(t *testing.T) {
	play(t, func(s *scene) {
		j := outboxtest.New("till-1")
		fill(j, 1500) // seven batches
		s.begin(j, func(n *network) { n.loseNext = 1 })
		s.within(time.Second)
		if n := s.net.count(); n != 11 {
			t.Errorf("%d batches were sent, not four, the same four again, and three: %v", n, s.model.answers())
		}
	})
}

// TestRestoredFromBackup: the platform holds more of the epoch than the till.
func TestRestoredFromBackup(t *testing.T) {
	play(t, func(s *scene) {
		j := outboxtest.New("till-1")
		fill(j, 4)
		backup := j.Clone()
		fill(j, 4)
		s.begin(j)
		s.within(time.Second)
		s.end()
		s.begin(backup)
		s.within(10 * time.Second)
		if got := backup.Divergences(); !slices.Equal(got, []string{fmt.Sprint("restored ", j.Head().Seq)}) {
			t.Errorf("%v", got)
		}
		if backup.Head().Epoch == j.Head().Epoch {
			t.Error("no new epoch")
		}
	})
}

// TestForked: another journal lived under our name and reached the platform first. All of ours still comes into custody.
func TestForked(t *testing.T) {
	for _, own := range []int{1, 40, 1500} {
		t.Run(fmt.Sprint(own), func(t *testing.T) {
			play(t, func(s *scene) {
				j := outboxtest.New("till-1")
				fill(j, 4)
				other := j.Clone()
				fill(other, 40)
				s.begin(other)
				s.within(time.Second)
				s.end()
				for range own {
					j.Commit(&record.Boot{Version: "mine", Reason: record.Started})
				}
				mark := other.Head().Seq
				s.begin(j)
				s.within(20 * time.Second)
				if got := j.Divergences(); !slices.Equal(got, []string{fmt.Sprint("forked ", mark)}) {
					t.Errorf("%v", got)
				}
			})
		})
	}
}

// TestForkedBelowTheOwnMark: the platform came back from a backup and took another branch since.
func TestForkedBelowTheOwnMark(t *testing.T) {
	play(t, func(s *scene) {
		j := outboxtest.New("till-1")
		fill(j, 4)
		other := j.Clone()
		fill(j, 40)
		fill(other, 1)
		other.Commit(&record.Boot{Version: "other", Reason: record.Started})
		s.begin(j)
		s.within(time.Second)
		s.end()
		s.model.mu.Lock()
		clear(s.model.chains)
		s.model.mu.Unlock()
		s.begin(other)
		s.within(time.Second)
		s.end()
		fill(j, 3)
		s.begin(j)
		s.within(20 * time.Second)
		if got := j.Divergences(); len(got) != 1 {
			t.Errorf("%v", got)
		}
	})
}

func TestJournalFaultIsShownAndTriedAgain(t *testing.T) {
	play(t, func(s *scene) {
		j := outboxtest.New("till-1")
		fault := errors.New("the disk does not answer")
		j.Fail(fault)
		fill(j, 1)
		s.begin(j)
		time.Sleep(time.Second)
		if st := s.outbox.Status(); !errors.Is(st.Err, fault) || st.Backlog != 1 {
			t.Errorf("%+v", st)
		}
		j.Fail(nil)
		s.within(6 * time.Second)
		if st := s.outbox.Status(); st.Err != nil {
			t.Errorf("%+v", st)
		}
	})
}

// TestForeignAcknowledgementsFreeNothing: only the platform's signature, for this till, counts.
func TestForeignAcknowledgementsFreeNothing(t *testing.T) {
	play(t, func(s *scene) {
		j := outboxtest.New("till-1")
		fill(j, 1)
		s.begin(j)
		s.net.set(func() { s.net.down = true })
		for _, message := range foreignAcks(t, s.model, j) {
			s.outbox.Receive(message)
		}
		time.Sleep(time.Second)
		if st := s.outbox.Status(); st.Backlog != 1 || st.Acked != (record.Head{}) {
			t.Errorf("%+v", st)
		}
		s.net.set(func() { s.net.down = false })
		s.within(10 * time.Second)
	})
}

func TestReceiveNeverBlocks(t *testing.T) {
	o, err := outbox.New(outbox.Options{Till: "till-1", Merchant: "shop", Source: outboxtest.New("till-1"), Platform: keys(newModel(t))})
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		o.Receive([]byte("x"))
		o.Flush()
	}
}

func TestLargeRecordsMakeSmallerBatches(t *testing.T) {
	play(t, func(s *scene) {
		j := outboxtest.New("till-1")
		rng := rand.New(rand.NewPCG(1, 2))
		for range 300 {
			noise := make([]byte, 400)
			for i := range noise {
				noise[i] = byte('!' + rng.IntN(90))
			}
			j.Commit(&record.Intent{Payment: pos.PaymentID{1}, Order: pos.OrderRef(noise), Attempt: 1})
		}
		s.begin(j)
		s.within(10 * time.Second)
		if n := s.net.count(); n < 2 {
			t.Errorf("%d batches: over the size that brokers carry well", n)
		}
	})
}

// While somebody sells, a drain leaves time between its batches, and the sale itself is not sent later for it.
func TestADrainTakesABreathWhileSomebodySells(t *testing.T) {
	drain := func(selling bool) (took time.Duration) {
		play(t, func(s *scene) {
			j := outboxtest.New("till-1")
			fill(j, 4000)
			<-j.Changed() // long ago
			began := time.Now()
			s.begin(j)
			if selling {
				fill(j, 1)
			}
			s.within(5 * time.Second)
			took = time.Since(began)
		})
		return took
	}
	if alone, beside := drain(false), drain(true); beside < 100*time.Millisecond || alone > beside/2 {
		t.Errorf("7,999 records in %s, and in %s while somebody sells", alone, beside)
	}
}
