//go:build linux

package faults

import (
	"context"
	"math/rand/v2"
	"sync"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/platform"
	"github.com/tillproof/tillproof/sync/wire"
)

// replicas runs two platforms on one database, and kills one of them again and again while three tills drain.
func replicas(s *site) {
	tills := []*till{s.laden(), s.newTill("till-2"), s.newTill("till-3")}
	kills := []func(){s.spawn(s.broker), s.spawn(s.broker)}
	for _, t := range tills {
		t.start(s.broker)
		t.sell()
	}
	var then books
	for n := range 2 * rounds() {
		s.until("some is acknowledged", func() bool { return tills[0].status().AckedSeq > 0 })
		kills[n%2]()
		if n == 0 {
			then = s.ledger("till-1")
		}
		for _, t := range tills {
			for range 5 {
				t.sell()
			}
		}
		kills[n%2] = s.spawn(s.broker)
	}
	for _, t := range tills {
		t.sell()
		t.drained()
		t.stop()
	}
	kills[0]()
	kills[1]()
	s.unequal(then, tills[0].journal())
	for _, t := range tills {
		s.proved(t.journal())
	}
}

// fight lets two replicas that both believe that a till is theirs take the same batches at the same time, each in an order of its own, with repetitions:
// the ledger's own checks must make that harmless. The batches are those of a real till, overheard on the broker.
func fight(s *site) {
	t := s.laden()
	var mu sync.Mutex
	var batches [][]byte
	s.dial(mqtt.Options{Broker: "tcp://" + s.broker, ClientID: broker.PlatformPrefix + "ear", User: broker.PlatformUser,
		Subscribe: []string{wire.Filter(wire.UpRecords)}, Handler: func(_ string, m []byte) {
			mu.Lock()
			defer mu.Unlock()
			batches = append(batches, m)
		}})
	down := s.up(s.broker)
	t.start(s.broker)
	for range 10 {
		t.sell()
	}
	t.drained()
	t.stop()
	down()
	s.database = s.ground.newDatabase(s.t) // the ledger begins again
	dice := s.dice()
	var group sync.WaitGroup
	answers := make([]map[wire.AckState]int, 2)
	for n := range answers {
		r := rand.New(rand.NewPCG(dice.Uint64(), dice.Uint64()))
		group.Go(func() { answers[n] = s.takeAll(t, batches, r) })
	}
	group.Wait()
	for n, a := range answers {
		if a[wire.AckOK] == 0 || a[wire.AckFork] > 0 {
			s.t.Errorf("replica %d answered %v", n, a)
		}
	}
	s.t.Logf("%d batches: the replicas answered %v", len(batches), answers)
	s.proved(t.journal())
}

// takeAll brings all batches into the ledger, in random order, again and again, until nothing is missing any more.
func (s *site) takeAll(t *till, batches [][]byte, dice *rand.Rand) map[wire.AckState]int {
	answers := map[wire.AckState]int{}
	custody, err := platform.OpenCustody(context.Background(), s.database)
	if err != nil {
		s.t.Error(err)
		return answers
	}
	defer custody.Close()
	tills, err := platform.NewTills(map[pos.TillID]cose.PublicKey{t.id: t.public})
	if err != nil {
		s.t.Error(err)
		return answers
	}
	for gaps := -1; gaps != answers[wire.AckGap]; { // until a turn has met none; each brings one batch more at least
		gaps = answers[wire.AckGap]
		for _, n := range dice.Perm(len(batches)) {
			b := batches[n]
			d, err := tills.Verify(t.id, b)
			if err != nil {
				s.t.Error(err)
				return answers
			}
			acks, err := custody.Take(context.Background(), d)
			if err != nil {
				s.t.Error(err)
				return answers
			}
			answers[acks[0].State]++
		}
	}
	return answers
}
