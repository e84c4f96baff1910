package zvtsim

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"go.uber.org/goleak"
)

// TestMain keeps the memories of the terminals where a flush costs nothing: hundreds of them are made, and no power is lost here.
func TestMain(m *testing.M) {
	const volatile = "/dev/shm"
	if f, err := os.CreateTemp(volatile, ""); err == nil {
		_ = f.Close()
		_ = os.Remove(f.Name())
		_ = os.Setenv("TMPDIR", volatile)
	}
	goleak.VerifyTestMain(m)
}

// till is a scripted ECR on the other end of the wire.
type till struct {
	t     *testing.T
	wire  net.Conn
	pt    *Terminal
	done  chan error
	quiet bool // gets APDUs on a stream
}

// play switches a terminal on in virtual time, with a till on its wire.
func play(t *testing.T, o Options, script func(*till)) {
	t.Helper()
	o.Path = filepath.Join(t.TempDir(), "terminal.json")
	synctest.Test(t, func(t *testing.T) {
		pt, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		c := &till{t: t, pt: pt, quiet: o.Stream}
		c.plug()
		script(c)
		c.unplug()
		if err := pt.Close(); err != nil {
			t.Error(err)
		}
	})
}

// plug connects a new wire.
func (c *till) plug() {
	near, far := net.Pipe()
	c.wire, c.done = near, make(chan error, 1)
	go func() { c.done <- c.pt.Serve(context.Background(), far) }()
}

// unplug cuts the wire and waits until the terminal has noticed.
func (c *till) unplug() {
	_ = c.wire.Close()
	if err := <-c.done; !errors.Is(err, errLost) {
		c.t.Errorf("Serve: %v", err)
	}
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// puts writes raw bytes.
func (c *till) puts(raw string) {
	c.t.Helper()
	if _, err := c.wire.Write(unhex(raw)); err != nil {
		c.t.Fatal(err)
	}
}

// gets reads exactly the raw bytes.
func (c *till) gets(raw string) {
	c.t.Helper()
	want := unhex(raw)
	got := make([]byte, len(want))
	_ = c.wire.SetReadDeadline(time.Now().Add(10 * time.Minute))
	if n, err := io.ReadFull(c.wire, got); err != nil || !bytes.Equal(got, want) {
		c.t.Fatalf("the terminal sent % x (%v)\nwant % x", got[:n], err, want)
	}
}

// says sends an APDU, framed and acknowledged where the wire is serial.
func (c *till) says(apdu string) {
	c.t.Helper()
	if c.quiet {
		c.puts(apdu)
		return
	}
	if _, err := c.wire.Write(codec.Frame(unhex(apdu))); err != nil {
		c.t.Fatal(err)
	}
	c.gets("06")
}

// hears reads the next APDU and acknowledges its frame.
func (c *till) hears() codec.APDU {
	c.t.Helper()
	var decoder codec.Decoder
	var splitter codec.Splitter
	one := make([]byte, 1)
	_ = c.wire.SetReadDeadline(time.Now().Add(10 * time.Minute))
	for {
		if _, err := io.ReadFull(c.wire, one); err != nil {
			c.t.Fatalf("waiting for a message: %v", err)
		}
		if c.quiet {
			if ev, ok := splitter.Feed(one[0]); ok {
				return ev.Message
			}
			continue
		}
		for _, ev := range decoder.Feed(one[0]) {
			if ev.Kind != codec.GotFrame {
				c.t.Fatalf("event %+v on the line", ev)
			}
			c.puts("06")
			return ev.Message
		}
	}
}

// expects reads the next APDU, checks how it begins, and accepts it if it is a command.
func (c *till) expects(begin string) codec.APDU {
	c.t.Helper()
	m := c.hears()
	raw, _ := m.Marshal()
	if want := unhex(begin); !bytes.HasPrefix(raw, want) {
		c.t.Fatalf("the terminal sent % x, want % x ...", raw, want)
	}
	if !m.Reply() {
		c.says("80 00 00")
	}
	return m
}

// silent checks that the terminal sends nothing for a while.
func (c *till) silent(d time.Duration) {
	c.t.Helper()
	_ = c.wire.SetReadDeadline(time.Now().Add(d))
	if n, err := c.wire.Read(make([]byte, 1)); n > 0 || err == nil {
		c.t.Fatalf("the terminal sent something")
	}
}

// registers with a configuration byte and no TLV.
func (c *till) registers(config string) {
	c.t.Helper()
	c.says("06 00 06 00 00 00" + config + "09 78")
	c.expects("80 00 00")
	c.expects("06 0F")
}

// result is the 04 0F that comes after any number of 04 FF; it is not answered.
func (c *till) result() codec.Fields {
	c.t.Helper()
	for {
		m := c.hears()
		if m.Is(0x04, 0xFF) {
			c.says("80 00 00")
			continue
		}
		if !m.Is(0x04, 0x0F) {
			c.t.Fatalf("%s instead of a result", name(m))
		}
		fields, _, err := codec.ParseFields(m.Data)
		if err != nil {
			c.t.Fatal(err)
		}
		return fields
	}
}

// pays sends 06 01 over 10.23 EUR.
func (c *till) pays() {
	c.t.Helper()
	c.says("06 01 0A 04 00 00 00 00 10 23 49 09 78")
	c.expects("80 00 00")
}

// holds checks the number and sum of what the terminal took.
func (c *till) holds(count int, amount int64) {
	c.t.Helper()
	synctest.Wait()
	m, err := Load(c.pt.options.Path)
	if err != nil {
		c.t.Fatal(err)
	}
	if got := m.Totals()["card"]["EUR"]; got.Count != count || int64(got.Amount) != amount {
		c.t.Errorf("the terminal holds %+v, want %d payments over %d", got, count, amount)
	}
}
