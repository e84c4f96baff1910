package scenario

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tillproof/tillproof/simulator/network"
	"github.com/tillproof/tillproof/simulator/wire"
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
	outlet   wire.Outlet
	terminal *zvtsim.Terminal
	cancel   context.CancelFunc
	workers  sync.WaitGroup

	control *http.Server
	address string // of the control API
}

// Ready are the addresses of a running demo.
type Ready struct {
	Till       string `json:"till"`
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
	if d.places, err = makePlaces(d.opts.Data, d.opts.Listen); err != nil {
		return err
	}
	if err := d.places.installTerminal(); err != nil {
		return err
	}
	if err := d.plugTerminal(background); err != nil {
		return err
	}
	if err := d.places.writeConfigs(d.terminalConfig(), d.shop.Addr(), d.centre.Addr()); err != nil {
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
	return d.awaitTerminal(ctx)
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

// plugTerminal switches the card terminal on and keeps serving it, each time on a new wire when it was unplugged.
func (d *Demo) plugTerminal(ctx context.Context) (err error) {
	if d.outlet, err = wire.Open(filepath.Join(d.places.devices, "terminal.tty")); err != nil {
		return err
	}
	d.terminal, err = zvtsim.New(zvtsim.Options{Path: d.places.terminal, TerminalID: terminalID, Currency: currency, Stream: d.outlet.Stream(),
		PlainStatus: true, CardAfter: d.opts.pace().card})
	if err != nil {
		return err
	}
	d.workers.Go(func() { _ = d.terminal.Run(ctx, d.outlet.Next) }) // ends with ctx
	return nil
}

// awaitTerminal waits until the agent has registered with the card terminal.
func (d *Demo) awaitTerminal(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		s, err := d.client.status(ctx)
		if err == nil && len(s.Devices) > 0 && s.Devices[0].State == "ready" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the card terminal is not ready, see %s: %w", d.agent.log, ctx.Err())
		case <-time.After(probeEvery):
		}
	}
}

// Ready tells the addresses.
func (d *Demo) Ready() Ready {
	return Ready{Till: "http://" + d.places.till, Backoffice: "http://" + d.places.platform, Control: "http://" + d.address,
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
	if d.outlet != nil {
		errs = append(errs, d.outlet.Close())
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

// freeAddress finds a port on loopback that nobody uses now. A child listens there a moment later, and again after a kill.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
