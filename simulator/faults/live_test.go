//go:build linux

package faults

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/wire"
)

// live measures how long a sale waits for the platform's signature while a drain of 6,300 records runs: one of another till, and one of the till
// that drains, which comes behind its backlog since records arrive in their order. Beside them the round trip of a bare publish.
func live(s *site) {
	dir := filepath.Join(s.t.TempDir(), "till-1")
	fill(s.t, dir, "till-1", 1, 2100*rounds())
	drains, other := s.adopt("till-1", dir), s.newTill("till-2")
	down := s.up(s.broker)
	defer down()
	other.start(s.broker)
	other.sell()
	other.drained()
	alone, quiet := s.signed(other, 20), s.called(other, 20)
	bare := s.bare(20)
	drains.start(s.broker)
	var own time.Duration
	var beside, calls []time.Duration
	s.until("the drain has begun", func() bool { return drains.status().AckedSeq > 0 })
	began := time.Now()
	p := drains.sell()
	for drains.status().AckedSeq < p.Record.Seq {
		beside, calls = append(beside, s.signed(other, 1)...), append(calls, s.called(drains, 1)...)
	}
	own = time.Since(began)
	drains.drained()
	drains.stop()
	other.stop()
	down()
	s.t.Logf("signed after (median, most): another till's sale %v, alone %v; bare publish %v; the draining till's own sale, behind %d records, %s",
		spread(beside), spread(alone), spread(bare), p.Record.Seq, own.Round(time.Millisecond))
	s.t.Logf("a customer's code answered after (median, most): at the draining till %v, at a quiet one %v", spread(calls), spread(quiet))
	s.proved(drains.journal())
	s.proved(other.journal())
}

// spread is the median and the largest.
func spread(times []time.Duration) [2]time.Duration {
	slices.Sort(times)
	return [2]time.Duration{times[len(times)/2].Round(10 * time.Microsecond), times[len(times)-1].Round(10 * time.Microsecond)}
}

// signed is how long sales of a till wait for the platform's signature, from the answer to the cashier on.
func (s *site) signed(t *till, sales int) (times []time.Duration) {
	s.t.Helper()
	for range sales {
		p := t.sell()
		began := time.Now()
		for t.status().AckedSeq < p.Record.Seq {
			if time.Since(began) > patience {
				s.t.Fatal("a sale is not signed for")
			}
		}
		times = append(times, time.Since(began))
	}
	return times
}

// called is how long a payment by a customer's code takes from the scan to the platform's answer. This platform has no acquirer, so it declines at once.
func (s *site) called(t *till, times int) (list []time.Duration) {
	s.t.Helper()
	for range times {
		t.sales++
		order := map[string]any{"order": fmt.Sprintf("code-%s-%d", t.id, t.sales), "amount": 100, "currency": "EUR", "tender": "code", "code": fmt.Sprintf("13%016d", t.sales)}
		var p api.Payment
		began := time.Now()
		if status := t.ask(http.MethodPost, "/v1/payments?wait=20s", order, &p); status != http.StatusCreated || p.Status != pos.Declined {
			s.t.Fatalf("a code was answered with %d, %s", status, p.Status)
		}
		list = append(list, time.Since(began))
	}
	return list
}

// bare is the time from a PUBLISH with QoS 1 to its PUBACK (MQTT 3.1.1, §3.3 and §3.4) on a connection that carries nothing else.
func (s *site) bare(times int) (list []time.Duration) {
	s.t.Helper()
	c, err := net.Dial("tcp", s.broker)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	text := func(v string) []byte { return append([]byte{byte(len(v) >> 8), byte(len(v))}, v...) }
	hello := append(append(text("MQTT"), 4, 0x82, 0, 60), append(text("till-3"), text("till-3")...)...)
	s.exchange(c, append([]byte{0x10, byte(len(hello))}, hello...))
	topic := wire.Topic{Merchant: "shop", Till: "till-3"}.On(wire.UpBirth)
	message := append(text(topic), 0, 1, 'x')
	for range times {
		began := time.Now()
		s.exchange(c, append([]byte{0x32, byte(len(message))}, message...))
		list = append(list, time.Since(began))
	}
	return list
}

// exchange sends a packet and reads the four bytes of CONNACK or PUBACK.
func (s *site) exchange(c net.Conn, packet []byte) {
	s.t.Helper()
	if _, err := c.Write(packet); err != nil {
		s.t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 4)); err != nil {
		s.t.Fatal(err)
	}
}
