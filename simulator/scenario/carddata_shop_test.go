//go:build linux

package scenario_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/simulator/wire"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/cose"
)

// leakyShop is a till between two terminals that misbehave and a platform, all but the terminals in processes of their own.
type leakyShop struct {
	t     *testing.T
	dir   string
	wire  *tap
	agent *exec.Cmd
	base  string
	token string

	mu      sync.Mutex
	answers bytes.Buffer // of the API
	events  bytes.Buffer // of its event stream
	output  map[string]*output
	serial  *zvtsim.Terminal
	network *zvtsim.Terminal
}

// output is what a process has written.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer].
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) bytes() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return bytes.Clone(o.text.Bytes())
}

func newLeakyShop(t *testing.T) *leakyShop {
	t.Helper()
	s := &leakyShop{t: t, dir: t.TempDir(), output: map[string]*output{}}
	port, tcp := s.terminals()
	device := `{name: %s, kind: card, driver: zvt, %s: %q, options: {result_timeout_s: "2"}}`
	s.open("EUR", fmt.Sprintf(device, "serial", "port", port), fmt.Sprintf(device, "network", "tcp", tcp))
	return s
}

// open starts broker, platform and till, and waits until the devices are ready.
func (s *leakyShop) open(currency string, devices ...string) {
	s.t.Helper()
	broker := s.startBroker()
	s.wire = newTap(s.t, broker)
	s.configure(broker, currency, devices)
	s.start("platform", "platform", "-c", filepath.Join(s.dir, "platform.yaml"))
	s.agent = s.start("agent", "run", "-c", filepath.Join(s.dir, "till.yaml"))
	s.until("the till answers", func() bool {
		_, after, ok := strings.Cut(string(s.output["agent"].bytes()), "api=")
		if s.base = strings.Fields(after + " x")[0]; !ok {
			return false
		}
		token, err := os.ReadFile(agent.PathsIn(filepath.Join(s.dir, "till")).Token)
		s.token = strings.TrimSpace(string(token))
		return err == nil
	})
	s.until("the devices are ready", func() bool {
		return strings.Count(string(s.ask("GET", "/v1/status", "")), `"state":"ready"`) == len(devices)
	})
	s.listen()
}

// start runs a command of the program until the test ends.
func (s *leakyShop) start(name string, args ...string) *exec.Cmd {
	s.t.Helper()
	out := &output{}
	s.output[name] = out
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), "GOTRACEBACK=crash")
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = cmd.Wait()
	})
	return cmd
}

func (s *leakyShop) startBroker() (address string) {
	s.t.Helper()
	s.start("broker", "broker", "--listen", "127.0.0.1:0")
	s.until("the broker listens", func() bool {
		_, line, found := strings.Cut("\n"+string(s.output["broker"].bytes()), "\ntcp://") // beside what it logs
		before, _, whole := strings.Cut(line, "\n")
		address = before
		return found && whole
	})
	return address
}

// terminals switches two card terminals on: one on a serial line, one in the network.
func (s *leakyShop) terminals() (port, tcp string) {
	s.t.Helper()
	port = filepath.Join(s.dir, "terminal.tty")
	line, err := wire.Open(port)
	if err != nil {
		s.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.serial = s.terminal(false, line.Next)
	s.network = s.terminal(true, func(context.Context) (io.ReadWriteCloser, error) { return listener.Accept() })
	s.t.Cleanup(func() {
		line.Close()
		listener.Close()
	})
	return port, listener.Addr().String()
}

// terminal plays one whose wire is leaky.
func (s *leakyShop) terminal(stream bool, next func(context.Context) (io.ReadWriteCloser, error)) *zvtsim.Terminal {
	s.t.Helper()
	pt, err := zvtsim.New(zvtsim.Options{Path: filepath.Join(s.t.TempDir(), "terminal.json"), Stream: stream, CardAfter: 20 * time.Millisecond})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = pt.Run(ctx, func(ctx context.Context) (io.ReadWriteCloser, error) { // ends with the wires
			w, err := next(ctx)
			if err != nil {
				return nil, err
			}
			return &leaky{ReadWriteCloser: w, stream: stream}, nil
		})
	}()
	s.t.Cleanup(func() {
		stop()
		_ = pt.Close() // what it tells is not looked at
		<-ended
	})
	return pt
}

// configure makes the keys and writes the configurations of till and platform.
func (s *leakyShop) configure(broker, currency string, devices []string) {
	s.t.Helper()
	till, err := cose.LoadOrCreate(agent.PathsIn(filepath.Join(s.dir, "till")).Key)
	if err != nil {
		s.t.Fatal(err)
	}
	centre, err := cose.LoadOrCreate(filepath.Join(s.dir, "platform", "platform.pem"))
	if err != nil {
		s.t.Fatal(err)
	}
	texts := map[string]string{
		"till.yaml": fmt.Sprintf("till: till-1\nmerchant: shop\ncurrency: %s\ndata: till\napi: {listen: \"127.0.0.1:0\"}\njournal: {segment_mib: 1}\n"+
			"platform: {broker: \"tcp://%s\", root_key: %q}\ndevices:\n  - %s\n", currency, s.wire.listener.Addr(), hex.EncodeToString(centre.Public()),
			strings.Join(devices, "\n  - ")),
		"platform.yaml": fmt.Sprintf("data: platform\nbroker: \"tcp://%s\"\nmerchants: [{merchant: shop, tills: [{till: till-1, public_key: %q}]}]\n",
			broker, hex.EncodeToString(till.Public())),
	}
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
}
