package scenario

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"sync"
	"time"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/scannersim"
	"github.com/tillproof/tillproof/simulator/wire"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// plug is a device's plug in its socket. Its methods are safe for concurrent use.
type plug struct {
	outlet wire.Outlet

	mu   sync.Mutex
	wire io.Closer // the present one, nil while there is none
	away time.Time // not plugged in before
}

// openPlug makes a socket that the till finds at path.
func openPlug(path string) (*plug, error) {
	o, err := wire.Open(path)
	return &plug{outlet: o}, err
}

// next plugs the device in, when it is no longer to be away.
func (p *plug) next(ctx context.Context) (io.ReadWriteCloser, error) {
	p.mu.Lock()
	away := time.Until(p.away)
	p.mu.Unlock()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(away):
	}
	w, err := p.outlet.Next(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wire = w
	return w, nil
}

// pull unplugs the device for a while.
func (p *plug) pull(away time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = time.Now().Add(away)
	if p.wire == nil {
		return errors.New("it is not plugged in")
	}
	w := p.wire
	p.wire = nil
	return w.Close()
}

// config is the device's entry in till.yaml.
func (p *plug) config(name pos.DeviceName, kind drivers.Kind, driver string, options map[string]string) agent.DeviceConfig {
	c := agent.DeviceConfig{Name: name, Kind: kind, Driver: driver, Options: options}
	if p.outlet.Stream() {
		c.TCP = p.outlet.Address()
	} else {
		c.Port = p.outlet.Address()
	}
	return c
}

// plugTerminal switches the card terminal on and keeps serving it, each time on a new wire when it was unplugged.
func (d *Demo) plugTerminal(ctx context.Context) (err error) {
	if d.sockets.terminal, err = openPlug(filepath.Join(d.places.devices, "terminal.tty")); err != nil {
		return err
	}
	d.terminal, err = zvtsim.New(zvtsim.Options{Path: d.places.terminal, TerminalID: terminalID, Currency: currency,
		Stream: d.sockets.terminal.outlet.Stream(), PlainStatus: true, CardAfter: d.opts.pace().card})
	if err != nil {
		return err
	}
	d.workers.Go(func() { _ = d.terminal.Run(ctx, d.sockets.terminal.next) }) // ends with ctx
	return nil
}

// plugScanner does the same for the scanner.
func (d *Demo) plugScanner(ctx context.Context) (err error) {
	if d.sockets.scanner, err = openPlug(filepath.Join(d.places.devices, "scanner.tty")); err != nil {
		return err
	}
	if d.scanner, err = scannersim.New(scannersim.Options{AIM: true}); err != nil {
		return err
	}
	d.workers.Go(func() { _ = d.scanner.Run(ctx, d.sockets.scanner.next) }) // ends with ctx
	return nil
}
