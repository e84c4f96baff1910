//go:build linux

package faults

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulator/network"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/broker/brokertest"
	"github.com/tillproof/tillproof/sync/platform"
)

// patience is how long a case waits for what must come.
const patience = 30 * time.Second

// quick shortens the pauses of a platform between its connections.
const quick = 0.002

// site is one platform with its broker and database, and the tills that it knows.
type site struct {
	t        *testing.T
	ground   *ground
	dir      string
	start    brokertest.Start
	embedded bool
	postgres bool
	broker   string // address
	halt     func() // of the broker
	database string // address, or path
	key      *cose.Signer
	tills    []*till
	refused  atomic.Int64 // messages that a platform in this process has refused
}

// newSite starts the broker. The platform is started by up or spawn, when all tills are known.
func newSite(t *testing.T, g *ground, embedded, postgres bool) *site {
	t.Helper()
	s := &site{t: t, ground: g, dir: t.TempDir(), embedded: embedded, postgres: postgres}
	s.start = brokertest.Embedded(broker.OwnTopics)
	if !embedded {
		rules := filepath.Join(s.dir, "acl")
		s.write(rules, broker.MosquittoACL())
		s.start = brokertest.Mosquitto(t, "acl_file "+rules)
	}
	s.database = filepath.Join(s.dir, "platform", "ledger.db")
	if postgres {
		s.database = g.newDatabase(t)
	}
	var err error
	if s.key, err = cose.LoadOrCreate(s.keyPath()); err != nil {
		t.Fatal(err)
	}
	s.brokerUp()
	return s
}

func (s *site) keyPath() string { return filepath.Join(s.dir, "platform", "platform.pem") }

// brokerUp starts the broker, at the same address each time.
func (s *site) brokerUp() {
	s.t.Helper()
	s.broker, s.halt = s.start(s.t, s.broker)
	s.t.Cleanup(s.halt)
}

func (s *site) write(path, text string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// configured writes a platform.yaml for a way to the broker and returns its path.
func (s *site) configured(way string) string {
	s.t.Helper()
	place := "data: " + filepath.Dir(s.database)
	if s.postgres {
		place = fmt.Sprintf("database: %q", s.database)
	}
	var tills strings.Builder
	for _, t := range s.tills {
		fmt.Fprintf(&tills, "      - {till: %s, public_key: %q}\n", t.id, hex.EncodeToString(t.public))
	}
	path := filepath.Join(s.t.TempDir(), "platform.yaml")
	s.write(path, fmt.Sprintf("%s\nbroker: \"tcp://%s\"\nkeys: %s\nmerchants:\n  - merchant: shop\n    tills:\n%s", place, way, s.keyPath(), tills.String()))
	return path
}

// up runs a platform in this process on a way to the broker, until the returned function is called, at the latest until the test ends.
func (s *site) up(way string) (down func()) {
	s.t.Helper()
	config, err := platform.LoadConfig(s.configured(way))
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- platform.Serve(ctx, config, platform.Options{Scale: quick, Log: s.log("platform"), Ready: func(a string) { ready <- a }})
	}()
	select {
	case <-ready:
	case err := <-ended:
		cancel()
		s.t.Fatal(err)
	}
	return once(s.t, func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("the platform ended with %v", err)
		}
	})
}

// spawn runs a platform in a process of its own; the returned function kills it with SIGKILL.
func (s *site) spawn(way string) (kill func()) {
	s.t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), roleEnv+"="+s.configured(way), "GORACE=atexit_sleep_ms=0")
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	kill = once(s.t, func() {
		_ = c.Process.Kill()
		_ = c.Wait() // the signal is the expected answer
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		s.t.Fatalf("the platform's process did not start: %q %v", line, err)
	}
	return kill
}

// once calls f at the first call or at the end of the test.
func once(t *testing.T, f func()) func() {
	done := false
	f2 := func() {
		if !done {
			done = true
			f()
		}
	}
	t.Cleanup(f2)
	return f2
}

// proxy is a wire to the broker that can be broken.
func (s *site) proxy() *network.Proxy {
	s.t.Helper()
	p, err := network.New("127.0.0.1:0", s.broker)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = p.Close() })
	return p
}

// log takes what a part says: FAULT_LOG=1 shows it. What a platform refuses is counted.
func (s *site) log(who string) *slog.Logger {
	return slog.New(slog.NewTextHandler(&said{s}, nil)).With("who", who)
}

// said gets lines of a log.
type said struct{ site *site }

// Write implements io.Writer.
func (s *said) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("is refused and not answered")) {
		s.site.refused.Add(1)
	}
	if os.Getenv("FAULT_LOG") != "" {
		fmt.Fprintf(os.Stderr, "%s: %s", s.site.t.Name(), line)
	}
	return len(line), nil
}

// until waits, in real time, for something that other goroutines and processes bring about.
func (s *site) until(what string, holds func() bool) {
	s.t.Helper()
	s.untilWithin(patience, what, holds)
}

func (s *site) untilWithin(limit time.Duration, what string, holds func() bool) {
	s.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(limit); !holds(); <-tick.C {
		if time.Now().After(end) {
			s.t.Fatalf("waited %s until %s", limit, what)
		}
	}
}
