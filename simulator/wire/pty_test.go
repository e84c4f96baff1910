//go:build linux || darwin

package wire

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/serialport"
)

func openPort(t *testing.T, path string) *serialport.Port {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir()) // another process may still hold the lock on a pseudo-terminal that had this number before
	p, err := serialport.Open(path, drivers.Line{Baud: 9600, DataBits: 8, Parity: drivers.NoParity, StopBits: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// echo exchanges every byte value both ways.
func echo(t *testing.T, device io.ReadWriter, till io.ReadWriter) {
	t.Helper()
	for _, way := range [][2]io.ReadWriter{{device, till}, {till, device}} {
		all := make([]byte, 256)
		for i := range all {
			all[i] = byte(i)
		}
		if _, err := way[0].Write(all); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(all))
		if _, err := io.ReadFull(way[1], got); err != nil || string(got) != string(all) {
			t.Fatalf("got %x, %v", got, err)
		}
	}
}

func TestSocketIsReplugged(t *testing.T) {
	link := filepath.Join(t.TempDir(), "ttyTerminal")
	outlet, err := Open(link)
	if err != nil {
		t.Fatal(err)
	}
	if outlet.Address() != link || outlet.Stream() {
		t.Errorf("outlet %s, stream %v", outlet.Address(), outlet.Stream())
	}
	for range 2 {
		device, err := outlet.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		till := openPort(t, link)
		echo(t, device, till)
		if err := device.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := till.Read(make([]byte, 1)); err == nil {
			t.Error("the unplug is not seen")
		}
		if _, err := os.Lstat(link); !os.IsNotExist(err) {
			t.Errorf("the link of an unplugged device: %v", err)
		}
		_ = till.Close()
	}
	if err := outlet.Close(); err != nil {
		t.Error(err)
	}
}

func TestKilledTillDoesNotHangUp(t *testing.T) {
	device, err := OpenPTY()
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	till := openPort(t, device.Path())
	echo(t, device, till)
	_ = till.Close() // what the system does for a killed process
	got := make(chan byte, 1)
	go func() {
		one := make([]byte, 1)
		_, _ = io.ReadFull(device, one)
		got <- one[0]
	}()
	till = openPort(t, device.Path())
	if _, err := till.Write([]byte{7}); err != nil {
		t.Fatal(err)
	}
	select {
	case b := <-got:
		if b != 7 {
			t.Errorf("got %d", b)
		}
	case <-time.After(30 * time.Second):
		t.Error("the wire is dead after the till went away")
	}
}

func TestCloseFreesAWaitingRead(t *testing.T) {
	device, err := OpenPTY()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := device.Read(make([]byte, 1))
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("Read does not wait: %v", err)
	case <-time.After(2 * shareTick):
	}
	_ = device.Close()
	select {
	case err := <-done:
		if err == nil {
			t.Error("Read after Close succeeds")
		}
	case <-time.After(30 * time.Second):
		t.Error("Read is not freed")
	}
}

func TestLinkOfAReplacedDeviceStays(t *testing.T) {
	link := filepath.Join(t.TempDir(), "tty")
	outlet, err := NewSocket(link)
	if err != nil {
		t.Fatal(err)
	}
	first, err := outlet.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	second, err := outlet.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	_ = first.Close()
	if target, err := os.Readlink(link); err != nil || target != second.(*PTY).Path() {
		t.Errorf("link to %s, %v", target, err)
	}
	if _, err := NewSocket(filepath.Join(link, "below")); err == nil {
		t.Error("a link below a file is taken")
	}
	lost, err := NewSocket(filepath.Join(t.TempDir(), "no", "folder"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lost.Next(context.Background()); err == nil {
		t.Error("a link in a missing folder is made")
	}
}
