package network

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// target answers every connection with what it receives, and counts what it received.
type target struct {
	net.Listener
	received atomic.Int64
}

func newTarget(t *testing.T) *target {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &target{Listener: l}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go g.echo(c)
		}
	}()
	t.Cleanup(func() { _ = l.Close() })
	return g
}

func (g *target) echo(c net.Conn) {
	defer c.Close()
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		g.received.Add(int64(n))
		if _, broken := c.Write(buf[:n]); err != nil || broken != nil {
			return
		}
	}
}

func newProxy(t *testing.T) (*Proxy, *target) {
	t.Helper()
	g := newTarget(t)
	p, err := New("127.0.0.1:0", g.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p, g
}

func dial(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}

// works says whether an exchange of one byte goes through.
func works(c net.Conn) bool {
	one := []byte{1}
	if _, err := c.Write(one); err != nil {
		return false
	}
	_, err := io.ReadFull(c, one)
	return err == nil
}

// reaches says whether a new connection works.
func reaches(p *Proxy) bool {
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return works(c)
}

func TestForwardsAndHandsOnTheEnd(t *testing.T) {
	p, _ := newProxy(t)
	c := dial(t, p)
	all := bytes.Repeat([]byte("tillproof"), 50_000)
	go func() {
		_, _ = c.Write(all)
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, all) {
		t.Errorf("got %d bytes back, %v", len(got), err)
	}
	if p.Passed(Up) != int64(len(all)) || p.Passed(Down) != int64(len(all)) {
		t.Errorf("passed %d and %d", p.Passed(Up), p.Passed(Down))
	}
}

func TestCutResetsAndRefusesUntilRestore(t *testing.T) {
	p, _ := newProxy(t)
	c := dial(t, p)
	if !works(c) {
		t.Fatal("the proxy does not forward")
	}
	p.Cut()
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a cut must look like a broken network: %v", err)
	}
	if reaches(p) {
		t.Error("a new connection works while the network is cut")
	}
	p.Restore()
	if !reaches(p) {
		t.Error("the network is not restored")
	}
}

func TestHoldLetsBytesPileUp(t *testing.T) {
	p, g := newProxy(t)
	c := dial(t, p)
	p.Hold(Down)
	p.Hold(Down)
	if _, err := c.Write([]byte("abc")); err != nil {
		t.Fatal(err)
	}
	for g.received.Load() < 3 && p.Passed(Up) <= 3 { // the target has committed
		_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
		if n, _ := c.Read(make([]byte, 1)); n > 0 {
			t.Fatal("a held direction lets bytes through")
		}
	}
	p.Release(Down)
	p.Release(Down)
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	got := make([]byte, 3)
	if _, err := io.ReadFull(c, got); err != nil || string(got) != "abc" {
		t.Errorf("after the release: %q, %v", got, err)
	}
}

func TestCutLosesWhatPiledUp(t *testing.T) {
	p, g := newProxy(t)
	c := dial(t, p)
	if !works(c) {
		t.Fatal("the proxy does not forward")
	}
	p.Hold(Up)
	_, _ = c.Write([]byte("lost"))
	p.Cut()
	p.Release(Up)
	p.Restore()
	if !reaches(p) || g.received.Load() != 2 {
		t.Errorf("the target received %d bytes", g.received.Load())
	}
}

func TestAfterStopsAtTheByte(t *testing.T) {
	p, g := newProxy(t)
	var at []int64
	p.After(Up, 70, func() { at = append(at, p.Passed(Up)); p.Cut() })
	p.After(Up, 10, func() { at = append(at, p.Passed(Up)) })
	p.After(Up, 0, func() { at = append(at, p.Passed(Up)) })
	c := dial(t, p)
	_, _ = c.Write(make([]byte, 100))
	_, _ = io.Copy(io.Discard, c)
	_ = p.Close()
	if len(at) != 3 || at[0] != 0 || at[1] != 10 || at[2] != 70 {
		t.Errorf("hooks ran at %v", at)
	}
	if g.received.Load() > 70 {
		t.Errorf("the target received %d bytes", g.received.Load())
	}
}

func TestAfterRunsWithoutAnotherByte(t *testing.T) {
	p, _ := newProxy(t)
	ran := make(chan struct{})
	p.After(Up, 3, func() { close(ran) })
	_, _ = dial(t, p).Write([]byte("abc"))
	select {
	case <-ran:
	case <-time.After(10 * time.Second):
		t.Error("the hook waits for a fourth byte")
	}
}

func TestTargetAway(t *testing.T) {
	p, g := newProxy(t)
	_ = g.Close()
	if reaches(p) {
		t.Error("a connection to nowhere works")
	}
	if _, err := New("127.0.0.1:0x", ""); err == nil {
		t.Error("a bad address is taken")
	}
}

func TestCloseEndsHeldConnections(t *testing.T) {
	p, _ := newProxy(t)
	c := dial(t, p)
	if !works(c) {
		t.Fatal("the proxy does not forward")
	}
	p.Hold(Up)
	_, _ = c.Write([]byte("x"))
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if works(c) {
		t.Error("a closed proxy forwards")
	}
}
