// Package brokertest starts the brokers that tests run against: the embedded one and a real Mosquitto.
package brokertest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tillproof/tillproof/sync/broker"
)

// Start starts a broker on an address, "" for any free one, and returns the address and what stops it. Stopping twice does no harm.
type Start func(t testing.TB, addr string) (address string, stop func())

// Embedded starts the embedded broker.
func Embedded(acl broker.ACL) Start {
	return func(t testing.TB, addr string) (string, func()) {
		t.Helper()
		if addr == "" {
			addr = "127.0.0.1:0"
		}
		b, err := broker.Listen(addr, acl)
		if err != nil {
			t.Fatal(err)
		}
		return b.Addr(), func() { b.Close() }
	}
}

// Mosquitto starts a real Mosquitto with further lines of configuration. It skips the test by name where there is none.
func Mosquitto(t testing.TB, lines ...string) Start {
	t.Helper()
	binary := findMosquitto(t)
	return func(t testing.TB, addr string) (string, func()) {
		t.Helper()
		if addr == "" {
			addr = freeAddress(t)
		}
		_, stop := run(t, binary, addr, lines)
		return addr, stop
	}
}

// Reloading starts a real Mosquitto like [Mosquitto], on any free address, until the test ends; reload has it read its certificates and lists again.
func Reloading(t testing.TB, lines ...string) (address string, reload func()) {
	t.Helper()
	address = freeAddress(t)
	process, _ := run(t, findMosquitto(t), address, lines)
	return address, func() {
		if err := process.Signal(syscall.SIGHUP); err != nil {
			t.Error(err)
		}
	}
}

func findMosquitto(t testing.TB) string {
	t.Helper()
	binary, err := exec.LookPath("mosquitto")
	if err != nil {
		if binary, err = exec.LookPath("/usr/sbin/mosquitto"); err != nil {
			t.Skip("mosquitto is not installed: apt-get install mosquitto")
		}
	}
	return binary
}

// run starts the process and waits until it answers.
func run(t testing.TB, binary, addr string, lines []string) (process *os.Process, stop func()) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	config := append([]string{fmt.Sprintf("listener %s %s", port, host), "allow_anonymous true", "set_tcp_nodelay true", "persistence false",
		"max_inflight_messages 0", "max_queued_messages 100000", "user root"}, lines...)
	path := filepath.Join(t.TempDir(), "mosquitto.conf")
	if err := os.WriteFile(path, []byte(strings.Join(config, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "-c", path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	stop = func() {
		if !ended {
			ended = true
			_ = cmd.Process.Kill() // it may have ended by itself
			_ = cmd.Wait()         // the signal is the expected answer
		}
	}
	t.Cleanup(stop)
	waitFor(t, addr)
	return cmd.Process, stop
}

// waitFor returns when somebody listens.
func waitFor(t testing.TB, addr string) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 500 {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return
		}
		<-tick.C
	}
	t.Fatalf("nobody listens on %s", addr)
}

// freeAddress is an address that nobody used a moment ago.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
