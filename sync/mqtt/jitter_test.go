package mqtt_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/sync/mqtt"
)

// fleet is many connections to one broker that can be restarted.
type fleet struct {
	mu    sync.Mutex
	away  bool
	wires []net.Conn
	dials []time.Time
	group sync.WaitGroup
}

// dial notes the moment, and connects to a broker that answers everybody who says CONNECT.
func (f *fleet) dial(context.Context, string, string) (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dials = append(f.dials, time.Now())
	if f.away {
		return nil, errors.New("refused")
	}
	near, far := net.Pipe()
	f.wires = append(f.wires, far)
	f.group.Go(func() { welcome(far) })
	return near, nil
}

// welcome answers CONNECT with CONNACK and every PINGREQ (MQTT 3.1.1, §3.1, §3.2, §3.12).
func welcome(c net.Conn) {
	in := bufio.NewReader(c)
	for {
		head, err := in.Peek(2)
		if err != nil {
			return
		}
		if _, err := io.CopyN(io.Discard, in, int64(head[1])+2); err != nil {
			return
		}
		answer := []byte{0x20, 2, 0, 0}
		if head[0] == 0xc0 {
			answer = []byte{0xd0, 0}
		}
		if _, err := c.Write(answer); err != nil {
			return
		}
	}
}

// restart ends every connection at once.
func (f *fleet) restart(away bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.away, f.dials = away, nil
	for _, w := range f.wires {
		_ = w.Close()
	}
	f.wires = nil
}

func (f *fleet) back() []time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]time.Time(nil), f.dials...)
}

// run keeps n tills connected while play goes on.
func (f *fleet) run(t *testing.T, n int, play func()) {
	ctx, cancel := context.WithCancel(t.Context())
	o := mqtt.Options{Broker: "tcp://broker:1883", ClientID: "till-1", DialContext: f.dial, Spread: 10 * time.Second}
	for range n {
		f.group.Go(func() {
			_ = mqtt.Keep(ctx, o, func(ctx context.Context, _ *mqtt.Conn) error { <-ctx.Done(); return ctx.Err() })
		})
	}
	play()
	cancel()
	f.restart(true)
	f.group.Wait()
}

// busiest is the largest share that comes within one second.
func busiest(times []time.Time) float64 {
	slices.SortFunc(times, time.Time.Compare)
	most, first := 0, 0
	for i := range times {
		for times[i].Sub(times[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return float64(most) / float64(len(times))
}

// uniform is the largest distance of the times from an even spread over limit (Kolmogorov and Smirnov), in units of its usual size: above 1.95 is
// chance once in a thousand.
func uniform(from time.Time, times []time.Time, limit time.Duration) float64 {
	slices.SortFunc(times, time.Time.Compare)
	n, worst := float64(len(times)), 0.0
	for i, at := range times {
		x := at.Sub(from).Seconds() / limit.Seconds()
		worst = max(worst, math.Abs(x-float64(i)/n), math.Abs(float64(i+1)/n-x))
	}
	return worst * math.Sqrt(n)
}

// TestTillsDoNotComeBackTogether: after a day's connection the broker restarts. The tills come back over ten seconds, evenly, the first try too.
func TestTillsDoNotComeBackTogether(t *testing.T) {
	const tills = 200
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{}
		f.run(t, tills, func() {
			time.Sleep(time.Minute)
			cut := time.Now()
			f.restart(false)
			time.Sleep(time.Minute)
			back := f.back()
			if len(back) != tills {
				t.Fatalf("%d of %d tills came back", len(back), tills)
			}
			if share := busiest(back); share > 0.25 {
				t.Errorf("%.0f %% of the tills came back within one second", 100*share)
			}
			if d := uniform(cut, back, 10*time.Second); d > 2.2 {
				t.Errorf("the first tries are not spread evenly over ten seconds: %.2f", d)
			}
		})
	})
}

// TestTillsDoNotComeBackTogetherAfterAnOutage: the broker is away for five minutes; then the tries of all tills lie anywhere within half a minute.
func TestTillsDoNotComeBackTogetherAfterAnOutage(t *testing.T) {
	const tills = 200
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{}
		f.run(t, tills, func() {
			time.Sleep(time.Minute)
			f.restart(true)
			time.Sleep(5 * time.Minute)
			f.restart(false)
			time.Sleep(31 * time.Second)
			back := f.back()
			if len(back) != tills {
				t.Fatalf("%d of %d tills came back", len(back), tills)
			}
			if share := busiest(back); share > 0.15 {
				t.Errorf("%.0f %% of the tills came back within one second", 100*share)
			}
		})
	})
}

// TestAFailedConnectionDidNotLive: a broker whose answer does not come costs a try ten seconds. That is no connection that had lived; the pauses grow.
func TestAFailedConnectionDidNotLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		tries := 0
		o := mqtt.Options{Broker: "tcp://broker:1883", ClientID: "till-1", DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			tries++
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		_ = mqtt.Keep(ctx, o, nil)
		if tries > 200 { // 10 s each and 15 s between two: about 144
			t.Errorf("%d tries in an hour", tries)
		}
	})
}
