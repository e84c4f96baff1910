//go:build linux || darwin

package idtechsim_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/idtech"
	"github.com/tillproof/tillproof/drivers/serialport"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/idtechsim"
	"github.com/tillproof/tillproof/simulator/wire"
)

// counter is a simulated reader behind a real pseudo-terminal, and the till's end of it.
type counter struct {
	t       *testing.T
	sim     *idtechsim.Reader
	address string
	port    *serialport.Port
	reader  drivers.CardReader
}

func newCounter(t *testing.T) *counter {
	t.Helper()
	dir := t.TempDir()
	sim, err := idtechsim.New(idtechsim.Options{Path: filepath.Join(dir, "reader.json"), Chunk: 16, Away: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	outlet, err := wire.Open(filepath.Join(dir, "ttyReader"))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- sim.Run(context.Background(), outlet.Next) }()
	t.Cleanup(func() {
		_ = sim.Close()
		if err := <-done; !errors.Is(err, idtechsim.ErrClosed) {
			t.Errorf("Run: %v", err)
		}
		_ = outlet.Close()
	})
	c := &counter{t: t, sim: sim, address: outlet.Address()}
	c.open()
	t.Cleanup(func() { _ = c.port.Close() })
	return c
}

// open opens port and reader, again until the device is there.
func (c *counter) open() {
	c.t.Helper()
	if c.port != nil {
		_ = c.port.Close()
	}
	for until := time.Now().Add(20 * time.Second); ; {
		err := c.tryOpen()
		if err == nil {
			return
		}
		if time.Now().After(until) {
			c.t.Fatal(err)
		}
		retry := time.NewTimer(20 * time.Millisecond)
		<-retry.C
	}
}

func (c *counter) tryOpen() (err error) {
	d := idtech.Driver()
	if c.port, err = serialport.Open(c.address, d.Line); err != nil {
		return err
	}
	if c.reader, err = d.NewCardReader(c.port, drivers.Settings{}); err != nil {
		return err
	}
	if _, err = c.reader.Open(context.Background()); err != nil {
		_ = c.port.Close()
	}
	return err
}

func (c *counter) read() (drivers.Swipe, error) {
	ctx, done := context.WithTimeout(context.Background(), 20*time.Second)
	defer done()
	return c.reader.Read(ctx, func(drivers.Progress) {})
}

func (c *counter) take() {
	c.t.Helper()
	if err := c.sim.Swipe(idtechsim.TestCardOfBothTracks()); err != nil {
		c.t.Fatal(err)
	}
	if got, err := c.read(); err != nil || got.Last4 != "1111" {
		c.t.Fatalf("%v, %v", got, err)
	}
}

// TestSerial reads cards over a pseudo-terminal and loses the wire at random bytes of a swipe; the reader is opened anew each time and goes on with its keys.
func TestSerial(t *testing.T) {
	c := newCounter(t)
	c.take()
	for range 8 {
		frame, err := c.sim.Draw(idtechsim.TestCardOfBothTracks())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.sim.Send(frame[:rand.IntN(len(frame))]); err != nil {
			t.Fatal(err)
		}
		c.sim.Unplug()
		_, err = c.read()
		var e *pos.Error
		if !errors.As(err, &e) || e.Code != "device_unavailable" || e.Money != pos.NoneMoved {
			t.Fatal(err)
		}
		c.open()
		c.take()
	}
}
