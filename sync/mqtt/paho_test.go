package mqtt_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/sync/mqtt"
)

// The first four bits of a packet are its type (MQTT 3.1.1, §2.2.1).
const (
	connect   = 1
	publish   = 3
	subscribe = 8
	pingreq   = 12
)

// stub is a broker on a pipe that answers as little as it is told to.
type stub struct {
	confirms bool // it sends PUBACK
	pings    bool // it answers pings

	mu      sync.Mutex
	seen    []byte // types of the packets of the newest connection
	lives   int
	wire    net.Conn
	deaf    chan struct{} // closed when it reads no more
	workers sync.WaitGroup
}

func (b *stub) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen, b.wire, b.deaf = nil, far, make(chan struct{})
	b.lives++
	deaf := b.deaf
	b.workers.Go(func() { b.serve(far, deaf) })
	return near, nil
}

func (b *stub) options() mqtt.Options {
	return mqtt.Options{Broker: "tcp://broker:1883", ClientID: "till-1", DialContext: b.dial, Subscribe: []string{"down"}}
}

func (b *stub) serve(c net.Conn, deaf chan struct{}) {
	in := bufio.NewReader(c)
	for {
		head, err := in.ReadByte()
		if err != nil {
			return
		}
		length, err := binary.ReadUvarint(in) // the remaining length has the same form (§2.2.3)
		body := make([]byte, length)
		if err == nil {
			_, err = io.ReadFull(in, body)
		}
		if err != nil {
			return
		}
		b.mu.Lock()
		b.seen = append(b.seen, head>>4)
		b.mu.Unlock()
		if answer := b.answer(head>>4, body); answer != nil {
			if _, err := c.Write(answer); err != nil {
				return
			}
		}
		select {
		case <-deaf:
			return // the pipe stays open and takes nothing any more
		default:
		}
	}
}

func (b *stub) answer(kind byte, body []byte) []byte {
	switch kind {
	case connect:
		return []byte{0x20, 2, 0, 0}
	case subscribe:
		return []byte{0x90, 3, body[0], body[1], 1}
	case publish:
		if at := 2 + int(binary.BigEndian.Uint16(body)); b.confirms {
			return []byte{0x40, 2, body[at], body[at+1]}
		}
	case pingreq:
		if b.pings {
			return []byte{0xd0, 0}
		}
	}
	return nil
}

func (b *stub) packets() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.seen)
}

// withStub opens a connection to the stub in a bubble, and closes it behind f.
func withStub(t *testing.T, b *stub, f func(c *mqtt.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, err := mqtt.Dial(t.Context(), b.options())
		if err != nil {
			t.Fatal(err)
		}
		f(c)
		c.Close()
		_ = b.wire.Close()
		b.workers.Wait()
	})
}

// TestASilentLineIsFoundDead: nothing comes any more and nothing says so. Pings find it, whether the till is idle or sends.
func TestASilentLineIsFoundDead(t *testing.T) {
	for name, busy := range map[string]bool{"idle": false, "busy": true} {
		t.Run(name, func(t *testing.T) {
			withStub(t, &stub{}, func(c *mqtt.Conn) {
				began := time.Now()
				var sender sync.WaitGroup
				if busy {
					sender.Go(func() {
						for c.Publish(context.Background(), "up", []byte("x")) == nil {
							time.Sleep(time.Second)
						}
					})
				}
				<-c.Done()
				defer sender.Wait()
				if took := time.Since(began); took > 15*time.Second {
					t.Errorf("found after %s", took)
				}
			})
		})
	}
}

// TestALineThatAnswersIsKept: no ping is missed on an idle line.
func TestALineThatAnswersIsKept(t *testing.T) {
	withStub(t, &stub{pings: true, confirms: true}, func(c *mqtt.Conn) {
		select {
		case <-c.Done():
			t.Error("a line that answers was given up")
		case <-time.After(time.Hour):
		}
	})
}

// TestAFullSocketEndsTheConnection: without a write deadline the ping would block behind the message, and nobody would ever notice.
func TestAFullSocketEndsTheConnection(t *testing.T) {
	b := &stub{}
	withStub(t, b, func(c *mqtt.Conn) {
		close(b.deaf)
		began := time.Now()
		for c.Publish(t.Context(), "up", make([]byte, 1000)) == nil {
			time.Sleep(10 * time.Millisecond)
		}
		<-c.Done()
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("noticed after %s", took)
		}
	})
}

// TestNothingIsSentAgainByItself: what a broker did not confirm dies with its connection. The next one subscribes anew and carries only what the outbox
// gives it, in the outbox's order.
func TestNothingIsSentAgainByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &stub{pings: true}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			ended <- mqtt.Keep(ctx, b.options(), func(ctx context.Context, c *mqtt.Conn) error {
				b.mu.Lock()
				first := b.lives == 1
				b.mu.Unlock()
				for range 3 {
					if first && c.Publish(ctx, "up", []byte("x")) != nil {
						t.Error("not published")
					}
				}
				<-ctx.Done()
				return ctx.Err()
			})
		}()
		time.Sleep(time.Second)
		if got := b.packets(); !slices.Equal(got, []byte{connect, subscribe, publish, publish, publish}) {
			t.Errorf("first connection: %v", got)
		}
		_ = b.wire.Close()
		time.Sleep(5 * time.Second)
		if got := b.packets(); !slices.Equal(got, []byte{connect, subscribe}) || b.lives != 2 {
			t.Errorf("connection %d: %v", b.lives, got)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		_ = b.wire.Close()
		b.workers.Wait()
	})
}

// TestRunningOutOfMessageIdsIsAnError: a broker that confirms nothing uses the 65,535 ids up. The connection says so; it does not hang.
func TestRunningOutOfMessageIdsIsAnError(t *testing.T) {
	withStub(t, &stub{pings: true}, func(c *mqtt.Conn) {
		for n := range 70_000 {
			if err := c.Publish(t.Context(), "up", nil); err != nil {
				if n < 65_000 {
					t.Errorf("refused after %d: %v", n, err)
				}
				return
			}
			if n%100 == 0 {
				synctest.Wait()
			}
		}
		t.Error("70,000 messages under way with 65,535 ids")
	})
}

// countedConn counts the reads that reach the system.
type countedConn struct {
	net.Conn
	reads *atomic.Int64
}

func (c *countedConn) Read(b []byte) (int, error) {
	c.reads.Add(1)
	return c.Conn.Read(b)
}

// TestPacketsAreReadInBulk: paho alone reads every packet in three pieces.
func TestPacketsAreReadInBulk(t *testing.T) {
	var reads atomic.Int64
	near, far := net.Pipe()
	got := make(chan mqtt.Message, 100)
	go func() {
		in := bufio.NewReader(far)
		for _, answer := range [][]byte{{0x20, 2, 0, 0}, {0x90, 3, 0, 1, 1}} {
			head, _ := in.Peek(2)
			packet := make([]byte, int(head[1])+2)
			_, _ = io.ReadFull(in, packet)
			if packet[0]>>4 == subscribe {
				answer[2], answer[3] = packet[2], packet[3]
			}
			_, _ = far.Write(answer)
		}
		var many []byte
		for range 100 {
			many = append(many, 0x30, 5, 0, 1, 'd', 'h', 'i')
		}
		_, _ = far.Write(many)
		_, _ = io.Copy(io.Discard, in)
	}()
	o := mqtt.Options{Broker: "tcp://broker:1883", ClientID: "till-1", Subscribe: []string{"d"}, Handler: into(got),
		DialContext: func(context.Context, string, string) (net.Conn, error) { return &countedConn{near, &reads}, nil }}
	c, err := mqtt.Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		receive(t, got)
	}
	if n := reads.Load(); n > 20 {
		t.Errorf("%d reads for 102 packets", n)
	}
	c.Close()
	_ = far.Close()
}
