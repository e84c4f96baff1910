package scenario

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/simulator/network"
	"github.com/tillproof/tillproof/simulator/scannersim"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// Options of a demo.
type Options struct {
	Data   string // folder of everything; made if missing
	Exe    string // the program whose commands run, platform and broker start the children
	Listen string // address of the till's API; port 0 takes a free one

	Brisk bool // customers and card terminal lose no time, as in a script
}

// Demo is a whole shop with its platform. It owns the children and its goroutines; Stop ends them.
type Demo struct {
	opts     Options
	places   places
	client   *client
	agent    *process
	platform *process
	broker   *process
	shop     *network.Proxy // between the till and the broker
	centre   *network.Proxy // between the platform and the broker
	bank     *bank          // the acquirer
	terminal *zvtsim.Terminal
	scanner  *scannersim.Scanner
	sockets  struct{ terminal, scanner *plug }
	cancel   context.CancelFunc
	workers  sync.WaitGroup

	control *http.Server
	address string // of the control API
	shown   lastCode
	cable   struct {
		sync.Mutex
		cut bool // the till's network was cut by hand
	}
}

// Ready are the addresses of a running demo.
type Ready struct {
	Till       string `json:"till"`
	Display    string `json:"display"`
	Backoffice string `json:"backoffice"`
	Control    string `json:"control"`
	Broker     string `json:"broker"`
	Token      string `json:"token"`
	Data       string `json:"data"`
}

// Start makes the folder and starts everything: networks, broker, platform, card terminal and agent, in this order.
func Start(ctx context.Context, opts Options) (*Demo, error) {
	d := &Demo{opts: opts}
	if err := d.start(ctx); err != nil {
		return nil, errors.Join(err, d.Stop())
	}
	return d, nil
}

func (d *Demo) start(ctx context.Context) (err error) {
	background, cancel := context.WithCancel(context.Background())
	d.cancel = cancel
	brokerAddress, err := freeAddress()
	if err != nil {
		return err
	}
	if d.shop, err = network.New("127.0.0.1:0", brokerAddress); err != nil {
		return err
	}
	if d.centre, err = network.New("127.0.0.1:0", brokerAddress); err != nil {
		return err
	}
	if d.places, err = makePlaces(d.opts.Data, d.opts.Listen, brokerAddress); err != nil {
		return err
	}
	if err := d.places.installTerminal(); err != nil {
		return err
	}
	if d.bank, err = openBank(filepath.Join(d.places.devices, BooksFile)); err != nil {
		return err
	}
	if err := errors.Join(d.plugTerminal(background), d.plugScanner(background)); err != nil {
		return err
	}
	if err := d.writeConfigs(); err != nil {
		return err
	}
	d.makeProcesses(brokerAddress)
	for _, p := range []*process{d.broker, d.platform, d.agent} {
		if err := p.start(ctx); err != nil {
			return err
		}
	}
	token, err := os.ReadFile(d.places.token)
	if err != nil {
		return err
	}
	d.client.token = strings.TrimSpace(string(token))
	if err := d.serveControl(); err != nil {
		return err
	}
	return d.awaitDevices(ctx)
}

func (d *Demo) makeProcesses(brokerAddress string) {
	d.client = newClient("http://"+d.places.till, "")
	platform := newClient("http://"+d.places.platform, "")
	logs := func(name string) string { return filepath.Join(d.opts.Data, name+".log") }
	d.broker = &process{name: "broker", exe: d.opts.Exe, args: []string{"broker", "--listen", brokerAddress}, log: logs("broker"),
		ready: func(ctx context.Context) error { return dial(ctx, brokerAddress) }}
	d.platform = &process{name: "platform", exe: d.opts.Exe, args: []string{"platform", "-c", d.places.platformConfig}, log: logs("platform"),
		ready: platform.healthy}
	d.agent = &process{name: "agent", exe: d.opts.Exe, args: []string{"run", "-c", d.places.tillConfig}, log: logs("agent"), ready: d.client.healthy}
}

// awaitDevices waits until the agent has registered with the card terminal and found the scanner.
func (d *Demo) awaitDevices(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		s, err := d.client.status(ctx)
		if err == nil && len(s.Devices) > 0 && !slices.ContainsFunc(s.Devices, func(x api.Device) bool { return x.State != engine.Ready }) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("card terminal and scanner are not ready, see %s: %w", d.agent.log, ctx.Err())
		case <-time.After(probeEvery):
		}
	}
}

// Ready tells the addresses.
func (d *Demo) Ready() Ready {
	return Ready{Till: "http://" + d.places.till, Display: "http://" + d.places.till + "/display", Backoffice: "http://" + d.places.platform, Control: "http://" + d.address,
		Broker: "tcp://" + d.shop.Addr(), Token: d.client.token, Data: d.places.root}
}

// StopProcesses ends agent, platform and broker, in this order, and leaves their files to be read.
func (d *Demo) StopProcesses() error {
	var errs []error
	for _, p := range []*process{d.agent, d.platform, d.broker} {
		if p != nil {
			errs = append(errs, p.stop())
		}
	}
	return errors.Join(errs...)
}

// Stop ends everything. The folder stays.
func (d *Demo) Stop() error {
	errs := []error{d.StopProcesses()}
	if d.control != nil {
		errs = append(errs, d.control.Close())
	}
	d.cancel()
	if d.terminal != nil {
		errs = append(errs, d.terminal.Close())
	}
	if d.scanner != nil {
		errs = append(errs, d.scanner.Close())
	}
	for _, p := range []*plug{d.sockets.terminal, d.sockets.scanner} {
		if p != nil && p.outlet != nil {
			errs = append(errs, p.outlet.Close())
		}
	}
	if d.bank != nil {
		errs = append(errs, d.bank.Close())
	}
	for _, p := range []*network.Proxy{d.shop, d.centre} {
		if p != nil {
			errs = append(errs, p.Close())
		}
	}
	d.workers.Wait()
	return errors.Join(errs...)
}

func dial(ctx context.Context, address string) error {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return c.Close()
}

// The ports that children listen at: below those that systems lend to outgoing connections (RFC 6335 §6 and Linux's own range), so
// that nobody takes one while its child is dead.
const (
	firstPort = 20000
	portCount = 10000
)

// freeAddress finds a port on loopback that nobody uses now, and that is none of those given out before. A child listens there a
// moment later, and again after a kill.
func freeAddress(given ...string) (string, error) {
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(portCount))
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil || !slices.Contains(given, address) {
			return address, err
		}
	}
	return "", fmt.Errorf("no free port was found on 127.0.0.1 from %d to %d", firstPort, firstPort+portCount-1)
}
