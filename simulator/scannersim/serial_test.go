//go:build linux || darwin

package scannersim_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/scanner"
	"github.com/tillproof/tillproof/drivers/serialport"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/qr/code"
	"github.com/tillproof/tillproof/simulator/scannersim"
	"github.com/tillproof/tillproof/simulator/wire"
)

// counter is a scanner behind a real pseudo-terminal, and the driver that reads it.
type counter struct {
	t       *testing.T
	sim     *scannersim.Scanner
	address string
	port    *serialport.Port
	driver  drivers.Scanner
	options map[string]string
}

func newCounter(t *testing.T, o scannersim.Options, options map[string]string) *counter {
	t.Helper()
	o.Replug = 50 * time.Millisecond
	sim, err := scannersim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	outlet, err := wire.Open(filepath.Join(t.TempDir(), "ttyScanner"))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- sim.Run(context.Background(), outlet.Next) }()
	t.Cleanup(func() {
		_ = sim.Close()
		if err := <-done; !errors.Is(err, scannersim.ErrClosed) {
			t.Errorf("Run: %v", err)
		}
		_ = outlet.Close()
	})
	c := &counter{t: t, sim: sim, address: outlet.Address(), options: options}
	c.connect()
	t.Cleanup(func() { _ = c.port.Close() })
	return c
}

// connect opens the serial port, again until the device is there, and makes the driver.
func (c *counter) connect() {
	c.t.Helper()
	d := scanner.Driver()
	for until := time.Now().Add(20 * time.Second); ; {
		port, err := serialport.Open(c.address, d.Line)
		if err == nil {
			c.port = port
			if c.driver, err = d.NewScanner(port, drivers.Settings{Options: c.options}); err != nil {
				c.t.Fatal(err)
			}
			return
		}
		if time.Now().After(until) {
			c.t.Fatal(err)
		}
		retry := time.NewTimer(20 * time.Millisecond)
		<-retry.C
	}
}

// expect reads one scan.
func (c *counter) expect(text string) drivers.Scan {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	scan, err := c.driver.Scan(ctx)
	if err != nil || scan.Text != text {
		c.t.Fatalf("scanned %q, %v; want %q", scan.Text, err, text)
	}
	return scan
}

func (c *counter) do(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func TestScansOverAPseudoTerminal(t *testing.T) {
	cpm := "hQVDUFYwMWEVTwegAAAABBAQUAVERUJJVJ8lAhER"
	settings := []scannersim.Options{{}, {Terminator: scannersim.LF}, {Terminator: scannersim.CRLF}, {Terminator: scannersim.CRCR},
		{Terminator: scannersim.Tab}, {Prefix: "\x02", Terminator: scannersim.ETX}, {Terminator: scannersim.NoEnd}, {AIM: true},
		{AIM: true, Baud: 9600}, {Chunks: 4, Pause: 5 * time.Millisecond}, {Encoding: "gb18030"}}
	for i, o := range settings {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			c := newCounter(t, o, map[string]string{"idle_ms": "200"})
			for _, text := range []string{"4006381333931", "134567890123456789", cpm, "苹果 2.50", "\x1d0109506000134352\x1d10A"} {
				c.do(c.sim.Scan(text))
				scan := c.expect(text)
				if aim := scan.AIM != ""; aim != o.AIM {
					t.Errorf("AIM identifier %q", scan.AIM)
				}
				if text == cpm && code.Classify(scan.Text).Scheme != code.EMVCPM {
					t.Error("the payment code is not recognised")
				}
				if text[0] == 0x1d && len(scan.Elements) != 2 {
					t.Errorf("GS1 elements %v", scan.Elements)
				}
			}
			if stats := c.driver.Stats(); stats != (drivers.ScanStats{Scans: 5}) {
				t.Errorf("%+v", stats)
			}
		})
	}
}

func TestHardTimesOverAPseudoTerminal(t *testing.T) {
	c := newCounter(t, scannersim.Options{AIM: true, DropGS: true}, nil)
	c.do(c.sim.Burst("one", "two", "two"))
	c.expect("one")
	c.expect("two")
	c.do(c.sim.Scan("\x1d010950600013435210ABC\x1d17251231"))
	if scan := c.expect("\x1d010950600013435210ABC17251231"); !scan.Ambiguous || len(scan.Elements) != 1 {
		t.Errorf("a dropped separator is not noticed: %+v", scan.Elements)
	}
	sent := make(chan error, 1)
	go func() { sent <- errors.Join(c.sim.Junk(9000), c.sim.Scan("end of it"), c.sim.Scan("after")) }()
	c.expect("after")
	c.do(<-sent)
	if stats := c.driver.Stats(); stats != (drivers.ScanStats{Scans: 4, Duplicates: 1, Overlong: 1}) {
		t.Errorf("%+v", stats)
	}
	c.do(c.sim.Send([]byte("half a co")))
	c.sim.Unplug()
	var e *pos.Error
	if _, err := c.driver.Scan(context.Background()); !errors.As(err, &e) || e.Retry != pos.Transient || strings.Contains(err.Error(), "half") {
		t.Fatalf("the unplug is told as %v", err)
	}
	_ = c.port.Close()
	c.connect()
	c.do(c.sim.Scan("back again"))
	c.expect("back again")
}
