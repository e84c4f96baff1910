//go:build linux

package faults

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// liar is a broker that confirms every message by PUBACK and delivers none, as brokers with full queues have done.
type liar struct {
	listener  net.Listener
	confirmed atomic.Int64
	group     sync.WaitGroup
}

func (s *site) liar() *liar {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	b := &liar{listener: l}
	b.group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b.group.Go(func() { b.serve(c) })
		}
	})
	s.t.Cleanup(func() { _ = l.Close() })
	return b
}

// serve answers the packets of MQTT 3.1.1 that a till sends.
func (b *liar) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		head, err := in.ReadByte()
		if err != nil {
			return
		}
		length, err := binary.ReadUvarint(in)
		body := make([]byte, length)
		if err == nil {
			_, err = io.ReadFull(in, body)
		}
		if err == nil {
			_, err = c.Write(b.answer(head>>4, body))
		}
		if err != nil {
			return
		}
	}
}

func (b *liar) answer(kind byte, body []byte) []byte {
	switch kind {
	case 1: // CONNECT
		return []byte{0x20, 2, 0, 0}
	case 3: // PUBLISH
		b.confirmed.Add(1)
		at := 2 + int(binary.BigEndian.Uint16(body))
		return []byte{0x40, 2, body[at], body[at+1]}
	case 8: // SUBSCRIBE: as many filters as there are, each granted
		granted := []byte{body[0], body[1]}
		for rest := body[2:]; len(rest) > 2; rest = rest[3+int(binary.BigEndian.Uint16(rest)):] {
			granted = append(granted, 1)
		}
		return append([]byte{0x90, byte(len(granted))}, granted...)
	case 12: // PINGREQ
		return []byte{0xd0, 0}
	}
	return nil
}

// lied lets a till talk to a broker that confirms everything and delivers nothing: the till believes none of it. On an honest one it sends all of it.
func lied(s *site) {
	t := s.laden()
	liar := s.liar()
	t.start(liar.listener.Addr().String())
	t.sell()
	s.until("much is confirmed", func() bool { t.hurry(); return liar.confirmed.Load() > 20 })
	s.until("the till says that nobody answers", func() bool { return t.status().Mode == "degraded" })
	if st := t.status(); st.AckedSeq != 0 || st.Backlog.Records < 3*backlogSales {
		s.t.Errorf("a broker's confirmation has freed records: %d of %d are left", st.Backlog.Records, st.Seq)
	}
	t.stop()
	_ = liar.listener.Close()
	liar.group.Wait()
	down := s.up(s.broker)
	then := s.ledger(t.id)
	t.start(s.broker)
	t.drained()
	t.stop()
	down()
	s.unequal(then, t.journal())
	s.proved(t.journal())
}
