package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/all"
	"github.com/tillproof/tillproof/drivers/serialport"
	"github.com/tillproof/tillproof/drivers/trace"
	"github.com/tillproof/tillproof/pos"
)

// The pauses before a wire is opened again; a part of each is random.
const (
	leastPause = 200 * time.Millisecond
	mostPause  = 10 * time.Second
	dialTime   = 5 * time.Second
	openTime   = 5 * time.Minute // a terminal that is still busy with an old sale is waited for
	logOffTime = 3 * time.Second
)

// supervisor owns one device: it opens the wire, makes the driver and lends its goroutine to the engine until the wire fails.
type supervisor struct {
	config   DeviceConfig
	driver   drivers.Driver
	currency pos.Currency
	engine   *engine.Engine
	scanned  func(engine.Scan) // tells the screens what became of a scan
	tap      *trace.Tap        // records the wire while a technician wants it
	log      *slog.Logger
	reported string // the last reason, so that the log tells each once
}

// findDriver finds the driver that a device's configuration names.
func findDriver(d DeviceConfig, currency pos.Currency) (drivers.Driver, error) {
	var names []string
	for _, driver := range all.Drivers() {
		if driver.Name == d.Driver {
			if driver.Kind != d.Kind {
				return drivers.Driver{}, fmt.Errorf("device %q: driver %s is for kind %s, not %q", d.Name, d.Driver, driver.Kind, d.Kind)
			}
			if err := tryOptions(driver, d.settings(currency)); err != nil {
				return driver, fmt.Errorf("device %q: %w", d.Name, err)
			}
			return driver, nil
		}
		names = append(names, driver.Name)
	}
	return drivers.Driver{}, fmt.Errorf("device %q: there is no driver %q, only %v", d.Name, d.Driver, names)
}

// tryOptions makes a driver without a wire, which only proves that it understands its options.
func tryOptions(driver drivers.Driver, settings drivers.Settings) (err error) {
	switch driver.Kind {
	case drivers.KindScanner:
		_, err = driver.NewScanner(nil, settings)
	case drivers.KindReader:
		_, err = driver.NewCardReader(nil, settings)
	default:
		_, err = driver.NewCardTerminal(nil, settings)
	}
	return err
}

// run serves the device until ctx ends. It opens the wire again, with growing pauses, for as long as that takes.
func (s *supervisor) run(ctx context.Context) {
	for pause := leastPause; ; pause = min(2*pause, mostPause) {
		opened, err := s.serve(ctx)
		if ctx.Err() != nil {
			return
		}
		if opened {
			pause = leastPause
		}
		s.report(err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause/2 + rand.N(pause/2)):
		}
	}
}

// report tells why the device is not there. Absent: nothing answers at the configured place; failed: something does, wrongly.
func (s *supervisor) report(err error) {
	state, text, code := engine.Failed, "it does not answer as expected", pos.ErrorCode("")
	var known *pos.Error
	if errors.As(err, &known) {
		text, code = known.Text+" "+known.Next, known.Code
		if known.Code == "device_unavailable" {
			state = engine.Absent
		}
	}
	if text != s.reported {
		s.log.Warn("device not available; it is tried again", "state", state, "error", err)
	}
	s.reported = text
	s.engine.FailDevice(s.config.Name, state, code, text)
}

// serve is one life of the wire. opened says whether the terminal answered.
func (s *supervisor) serve(ctx context.Context) (opened bool, err error) {
	conn, err := s.dial(ctx)
	if err != nil {
		return false, err
	}
	conn = s.tap.Wrap(conn, s.config.TCP != "")
	defer conn.Close()
	settings := s.config.settings(s.currency)
	switch s.driver.Kind {
	case drivers.KindScanner:
		return s.serveScanner(ctx, conn, settings)
	case drivers.KindReader:
		return s.serveReader(ctx, conn, settings)
	}
	return s.serveTerminal(ctx, conn, settings)
}

// serveScanner hands every code that is read to the engine until the wire fails.
func (s *supervisor) serveScanner(ctx context.Context, conn drivers.Conn, settings drivers.Settings) (opened bool, err error) {
	scanner, err := s.driver.NewScanner(conn, settings)
	if err != nil {
		return false, err
	}
	if err := scanner.Open(ctx); err != nil {
		return false, err
	}
	s.log.Info("device ready")
	s.reported = ""
	s.engine.SetDevice(s.config.Name, engine.Ready, "")
	for {
		scan, err := scanner.Scan(ctx)
		if err != nil {
			return true, err
		}
		s.scanned(s.engine.Scanned(s.config.Name, scan.Text, scan.Symbology))
	}
}

func (s *supervisor) serveTerminal(ctx context.Context, conn drivers.Conn, settings drivers.Settings) (opened bool, err error) {
	terminal, err := s.driver.NewCardTerminal(conn, settings)
	if err != nil {
		return false, err
	}
	bounded, stop := context.WithTimeout(ctx, openTime)
	last, err := terminal.Open(bounded)
	stop()
	if err != nil {
		return false, err
	}
	s.log.Info("device ready")
	s.reported = ""
	if err = s.engine.Attend(ctx, s.config.Name, terminal, last); err != nil {
		return true, err
	}
	logOff, stop := context.WithTimeout(context.WithoutCancel(ctx), logOffTime)
	defer stop()
	return true, terminal.Close(logOff)
}

// dial opens the wire that the configuration names.
func (s *supervisor) dial(ctx context.Context) (drivers.Conn, error) {
	if s.config.TCP == "" {
		line, err := s.config.line(s.driver)
		if err != nil {
			return nil, err
		}
		return serialport.Open(s.config.Port, line)
	}
	conn, err := (&net.Dialer{Timeout: dialTime}).DialContext(ctx, "tcp", s.config.TCP)
	if err != nil {
		return nil, pos.NewError("device_unavailable", pos.Transient, pos.NoneMoved, fmt.Sprintf("Nothing answers at %s.", s.config.TCP),
			"Check power and network of the device; it is opened again by itself.").Because(err)
	}
	return conn, nil
}
