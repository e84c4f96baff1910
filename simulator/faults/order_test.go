//go:build linux

package faults

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/wire"
)

// carrier takes messages from one broker to another like a bridge that nobody should build: some are lost, some come twice or much later, and none is
// sure of its place.
type carrier struct {
	dice                    *rand.Rand
	lost, doubled, overtook atomic.Int64
	in                      chan mqtt.Message
	conns                   []*mqtt.Conn
	stop                    chan struct{}
	group                   sync.WaitGroup
}

// pool is the number of messages that a carrier mixes.
const pool = 6

// carry brings what the till says on its own broker to the platform's, and back.
func (s *site) carry(t *till, from, to string, dice *rand.Rand) *carrier {
	s.t.Helper()
	c := &carrier{dice: dice, stop: make(chan struct{}), in: make(chan mqtt.Message, 10_000)}
	topic := wire.Topic{Merchant: "shop", Till: t.id}
	into := func(name string, payload []byte) { c.in <- mqtt.Message{Topic: name, Payload: payload} }
	near := s.dial(mqtt.Options{Broker: "tcp://" + from, ClientID: broker.PlatformPrefix + "carrier", User: broker.PlatformUser, Handler: into,
		Subscribe: []string{topic.On(wire.UpRecords), topic.On(wire.UpCall)}})
	far := s.dial(mqtt.Options{Broker: "tcp://" + to, ClientID: string(t.id), User: string(t.id), Handler: into,
		Subscribe: []string{topic.On(wire.DownAck), topic.On(wire.DownReply)}})
	c.conns = []*mqtt.Conn{near, far}
	up := map[string]bool{topic.On(wire.UpRecords): true, topic.On(wire.UpCall): true}
	c.group.Go(func() {
		c.run(func(m mqtt.Message) {
			conn := near
			if up[m.Topic] {
				conn = far
			}
			_ = conn.Publish(s.t.Context(), m.Topic, m.Payload) // a carrier that has closed loses what it holds
		})
	})
	return c
}

func (s *site) dial(o mqtt.Options) *mqtt.Conn {
	s.t.Helper()
	c, err := mqtt.Dial(s.t.Context(), o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return c
}

func (c *carrier) run(deliver func(mqtt.Message)) {
	tick := time.NewTicker(15 * time.Millisecond)
	defer tick.Stop()
	var waiting []mqtt.Message
	for {
		select {
		case <-c.stop:
			return
		case m := <-c.in:
			waiting = c.add(waiting, m)
		case <-tick.C: // what waits moves on, if nothing follows
		}
		if n := len(waiting); n > 0 && (n >= pool || len(c.in) == 0) {
			i := c.dice.IntN(n)
			if i > 0 {
				c.overtook.Add(1)
			}
			deliver(waiting[i])
			waiting = append(waiting[:i], waiting[i+1:]...)
		}
	}
}

func (c *carrier) add(waiting []mqtt.Message, m mqtt.Message) []mqtt.Message {
	switch c.dice.IntN(10) {
	case 0:
		c.lost.Add(1)
		return waiting
	case 1, 2, 3:
		c.doubled.Add(1)
		waiting = append(waiting, m)
	}
	return append(waiting, m)
}

func (c *carrier) close() {
	close(c.stop)
	c.group.Wait()
	for _, conn := range c.conns {
		conn.Close()
	}
}

// mixed brings batches and acknowledgements twice, out of order or not at all.
func mixed(s *site) {
	t := s.laden()
	other, halt := s.start(s.t, "")
	defer halt()
	c := s.carry(t, other, s.broker, s.dice())
	down := s.up(s.broker)
	defer down()
	t.start(other)
	s.until("some is acknowledged", func() bool { return t.status().AckedSeq > 0 })
	then := s.ledger(t.id)
	s.until("enough was lost, doubled and overtaken", func() bool {
		t.sell()
		t.hurry()
		least := int64(5 * rounds())
		return c.lost.Load() >= least && c.doubled.Load() >= 3*least && c.overtook.Load() >= 4*least
	})
	t.drained()
	t.stop()
	c.close()
	down()
	s.t.Logf("%d messages lost, %d doubled, %d overtaken", c.lost.Load(), c.doubled.Load(), c.overtook.Load())
	s.unequal(then, t.journal())
	s.proved(t.journal())
}
