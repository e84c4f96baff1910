package security_test

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// raw speaks MQTT 3.1.1 byte by byte, so that an attacker is not kept from anything by a well-mannered library.
type raw struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

// patience bounds what a broker may take to answer.
const patience = 10 * time.Second

// knock opens the wire. With TLS 1.3 a refused certificate is only noticed when something is read.
func knock(t testing.TB, addr string, config *tls.Config) (*raw, error) {
	t.Helper()
	dialer := &net.Dialer{Timeout: patience}
	var conn net.Conn
	var err error
	if config == nil {
		conn, err = dialer.Dial("tcp", addr)
	} else {
		conn, err = tls.DialWithDialer(dialer, "tcp", addr, config)
	}
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { conn.Close() })
	return &raw{t, conn, bufio.NewReader(conn)}, conn.SetDeadline(time.Now().Add(patience))
}

func text(s string) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...) }

func (r *raw) send(kind byte, body []byte) error {
	packet := []byte{kind}
	for n := len(body); ; {
		b := byte(n % 128)
		if n /= 128; n > 0 {
			b |= 0x80
		}
		packet = append(packet, b)
		if n == 0 {
			break
		}
	}
	_, err := r.conn.Write(append(packet, body...))
	return err
}

// next reads one packet.
func (r *raw) next() (kind byte, body []byte, err error) {
	if err := r.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return 0, nil, err
	}
	if kind, err = r.in.ReadByte(); err != nil {
		return 0, nil, err
	}
	n, err := binary.ReadUvarint(r.in)
	if err != nil {
		return 0, nil, err
	}
	body = make([]byte, n)
	_, err = io.ReadFull(r.in, body)
	return kind, body, err
}

// errRefused says that the broker has said no.
var errRefused = errors.New("refused by the broker")

// connect says CONNECT (MQTT 3.1.1 §3.1), with a retained last will where a topic is named.
func (r *raw) connect(client, user, will string) error {
	flags := byte(0x02)
	if user != "" {
		flags |= 0x80
	}
	if will != "" {
		flags |= 0x04 | 0x08 | 0x20
	}
	body := append(text("MQTT"), 4, flags, 0, 60)
	body = append(body, text(client)...)
	if will != "" {
		body = append(append(body, text(will)...), text("the will of a thief")...)
	}
	if user != "" {
		body = append(body, text(user)...)
	}
	if err := r.send(0x10, body); err != nil {
		return err
	}
	kind, answer, err := r.next()
	if err == nil && (kind != 0x20 || len(answer) != 2 || answer[1] != 0) {
		err = errRefused
	}
	return err
}

// subscribe says SUBSCRIBE (§3.8) for one filter.
func (r *raw) subscribe(filter string) error {
	if err := r.send(0x82, append(append([]byte{0, 1}, text(filter)...), 1)); err != nil {
		return err
	}
	kind, answer, err := r.next()
	if err == nil && (kind != 0x90 || len(answer) != 3 || answer[2] > 2) {
		err = errRefused
	}
	return err
}

// publish says PUBLISH (§3.3) with QoS 1, and waits until the broker has dealt with it: it answers the PINGREQ behind it, or hangs up.
func (r *raw) publish(topic, payload string, retained bool) {
	kind := byte(0x32)
	if retained {
		kind |= 1
	}
	if err := r.send(kind, append(append(text(topic), 0, 2), payload...)); err != nil {
		return
	}
	if r.send(0xc0, nil) != nil {
		return
	}
	for kind, _, err := r.next(); err == nil && kind != 0xd0; kind, _, err = r.next() {
	}
}

// heard reads messages until one has the payload that ends it, and returns the topics of all before.
func (r *raw) heard(last string) (topics []string) {
	r.t.Helper()
	for {
		kind, body, err := r.next()
		if err != nil {
			r.t.Errorf("%q did not come: %v", last, err)
			return topics
		}
		if kind&0xf0 != 0x30 {
			continue
		}
		n := 2 + int(binary.BigEndian.Uint16(body))
		topic, payload := string(body[2:n]), body[n:]
		if kind&0x06 != 0 {
			id := payload[:2]
			payload = payload[2:]
			if err := r.send(0x40, id); err != nil {
				r.t.Error(err)
			}
		}
		if string(payload) == last {
			return topics
		}
		topics = append(topics, topic)
	}
}
