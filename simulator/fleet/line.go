package fleet

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/wire"
)

// writeTimeout is how long the broker may refuse to read before the connection counts as dead; dialTimeout how long it may take to answer.
const (
	writeTimeout = 5 * time.Second
	dialTimeout  = 10 * time.Second
)

// readSize is the buffer of a till's connection, in bytes: it holds most acknowledgements whole.
const readSize = 512

func (f *Fleet) topic(till uint32) wire.Topic {
	return wire.Topic{Merchant: f.opts.Merchant, Till: name(till)}
}

// dial connects a till and has its connection read. What fails is tried again after a pause.
func (t *till) dial(ctx context.Context) {
	f := t.fleet
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", f.opts.Broker)
	if err == nil {
		_ = conn.SetWriteDeadline(time.Now().Add(writeTimeout)) // fails on a closed connection only, and then so does the write
		_, err = conn.Write(hello(string(name(t.index)), f.topic(t.index).On(wire.DownAck)))
		if err != nil {
			conn.Close()
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dialling = false
	if err != nil || ctx.Err() != nil {
		if conn != nil {
			conn.Close()
		}
		t.again(err)
		return
	}
	t.conn, t.since, t.spoke = conn, f.now(), f.now()
	f.readers.Go(func() { t.read(conn) })
}

// again plans the next connection after a random part of a pause that doubles with every failure. Called with mu held.
func (t *till) again(err error) {
	limit := min(mostPause, leastPause<<min(t.failures, 16))
	t.failures = min(t.failures+1, 32)
	t.dialAt = t.fleet.now() + moment(rand.N(limit))
	t.fleet.fault(err)
}

// lose ends the connection. Called with mu held.
func (t *till) lose(err error) {
	if t.conn == nil {
		return
	}
	t.conn.Close()
	if t.ready {
		t.fleet.connected.Add(-1)
	}
	if t.fleet.now()-t.since > moment(settled) {
		t.failures = 0
	}
	t.conn, t.ready = nil, false
	t.goBack(t.mark)
	t.again(err)
}

// cut ends the connection without a word, as a network does.
func (t *till) cut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if tcp, ok := t.conn.(*net.TCPConn); ok && t.ready {
		_ = tcp.SetLinger(0) // a reset
		t.fleet.count(func(c *Counts) { c.Cuts++ })
		t.lose(nil)
	}
}

// publishHead is the beginning of the next PUBLISH. Called with mu held.
func (t *till) publishHead(payload int) []byte {
	if t.packet++; t.packet == 0 {
		t.packet = 1
	}
	t.spoke = t.fleet.now()
	return publishHead(t.fleet.topic(t.index).On(wire.UpRecords), t.packet, payload)
}

// publish writes a message. The connection keeps what others write out of it.
func publish(conn net.Conn, head, message []byte) error {
	if err := conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	buffers := net.Buffers{head, message}
	_, err := buffers.WriteTo(conn)
	return err
}

// ping keeps a silent connection alive (§3.12). Called with mu held.
func (t *till) ping() {
	t.spoke = t.fleet.now()
	_ = t.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := t.conn.Write([]byte{pingPacket, 0}); err != nil {
		t.lose(err)
	}
}

// read is the life of one connection. It leaves the work to others, so that its stack stays small.
func (t *till) read(conn net.Conn) {
	err := t.listen(conn)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conn == conn {
		t.lose(err)
	}
}

func (t *till) listen(conn net.Conn) error {
	buffer := make([]byte, readSize)
	for n := 0; ; {
		got, err := conn.Read(buffer[n:])
		if err != nil {
			return err
		}
		rest := buffer[:n+got]
		for {
			p, behind, need, err := cutPacket(rest)
			if err != nil {
				return err
			}
			if need > 0 {
				if need > len(buffer) {
					buffer = append(make([]byte, 0, need), rest...)[:need]
				} else {
					copy(buffer, rest)
				}
				n = len(rest)
				break
			}
			if err := t.receive(conn, p); err != nil {
				return err
			}
			rest = behind
		}
	}
}

func (t *till) receive(conn net.Conn, p packet) error {
	switch p.head & 0xf0 {
	case connackPacket:
		return p.refused()
	case subackPacket:
		if err := p.refused(); err != nil {
			return err
		}
		t.begin(conn)
	case publishPacket:
		id, payload, err := p.publication()
		if err != nil {
			return err
		}
		if id != 0 {
			if _, err := conn.Write(puback(id)); err != nil {
				return err
			}
		}
		return t.fleet.hand(letter{t, payload})
	}
	return nil // PUBACK and PINGRESP: nothing rests on them
}

// begin notes that the till hears acknowledgements from now on.
func (t *till) begin(conn net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conn != conn || t.ready {
		return
	}
	t.ready, t.window = true, 1
	t.fleet.connected.Add(1)
	t.fleet.count(func(c *Counts) { c.Connects++ })
	t.look()
}

// batch makes the next batch behind a point, and says where it ends.
func (f *Fleet) batch(t *till, after point) ([]byte, point, error) {
	k := <-f.kitchens
	defer func() { f.kitchens <- k }()
	for limit := pos.Seq(wire.MaxRecords); ; limit /= 2 {
		message, last, err := k.cook(f, t, after, min(t.tip, after.seq+limit))
		if err != nil {
			return nil, point{}, fmt.Errorf("batch of %s behind record %d: %w", name(t.index), after.seq, err)
		}
		if len(message) <= wire.GoodSize || limit <= wire.MaxCommit {
			return message, last, nil
		}
	}
}
