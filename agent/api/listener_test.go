package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// event is one that a listener got; a comment has only a name, which begins with a colon.
type event struct {
	name, id, data string
	at             time.Time
}

// member reads a member of an event's data.
func (e event) member(name string) string {
	var data map[string]any
	decoder := json.NewDecoder(strings.NewReader(e.data))
	decoder.UseNumber()
	if decoder.Decode(&data) != nil || data[name] == nil {
		return ""
	}
	if text, isText := data[name].(string); isText {
		return text
	}
	text, _ := json.Marshal(data[name])
	return string(text)
}

// listener reads an event stream over a connection of its own.
type listener struct {
	t      testing.TB
	events chan event
	conn   net.Conn
	ended  chan struct{}
}

// pipes is a net.Listener of net.Pipe, for servers in virtual time.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.IPAddr{} }

func (p *pipes) dial() net.Conn {
	near, far := net.Pipe()
	p.conns <- far
	return near
}

// serve runs the API on a real server until the returned function is called, which says how long that took.
func (s *till) serve() (p *pipes, stop func() time.Duration) {
	s.t.Helper()
	closing := make(chan struct{})
	s.options.Closing = closing
	s.remake()
	p = &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: s.handler}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(p) // ends with Shutdown
	}()
	return p, func() time.Duration {
		s.t.Helper()
		began := time.Now()
		close(closing)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			s.t.Error(err)
		}
		<-ended
		return time.Since(began)
	}
}

// listen asks for the events on a connection; more are further header lines.
func listen(t testing.TB, conn net.Conn, query string, more ...string) *listener {
	t.Helper()
	l := &listener{t: t, events: make(chan event, 4096), conn: conn, ended: make(chan struct{})}
	head := fmt.Sprintf("GET /v1/events%s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n", query, token)
	for _, line := range more {
		head += line + "\r\n"
	}
	if _, err := io.WriteString(conn, head+"\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "text/event-stream" || answer.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", answer.StatusCode, answer.Header)
	}
	go l.read(answer.Body)
	return l
}

func (l *listener) read(body io.Reader) {
	defer close(l.ended)
	defer close(l.events)
	var e event
	for lines := bufio.NewScanner(body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			e.data = value
		case "retry":
			e.name, e.data = name, value
		case "":
			if value != "" {
				e.name = ": " + value
			}
			if e.name != "" {
				e.at = time.Now()
				l.events <- e
			}
			e = event{}
		default:
			l.t.Errorf("a line that is none of an event: %q", lines.Text())
		}
	}
}

// next is the next event of a name; others are passed over.
func (l *listener) next(name string) event {
	l.t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		select {
		case e, more := <-l.events:
			if !more {
				l.t.Fatalf("the stream ended before %s", name)
			}
			if e.name == name {
				return e
			}
		case <-timeout:
			l.t.Fatalf("no event %s came", name)
		}
	}
}

// rest takes what has come so far, comments left out.
func (l *listener) rest() (list []event) {
	for {
		select {
		case e := <-l.events:
			if !strings.HasPrefix(e.name, ":") {
				list = append(list, e)
			}
		default:
			return list
		}
	}
}

func (l *listener) close() {
	_ = l.conn.Close()
	<-l.ended
}
