package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
)

func TestListenerGivesConnections(t *testing.T) {
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	for range 2 {
		till, err := net.Dial("tcp", l.Address())
		if err != nil {
			t.Fatal(err)
		}
		device, err := l.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = till.Write([]byte{9})
		one := make([]byte, 1)
		if _, err := io.ReadFull(device, one); err != nil || one[0] != 9 {
			t.Errorf("got %x, %v", one, err)
		}
		_, _ = till.Close(), device.Close()
	}
	go cancel()
	if _, err := l.Next(ctx); !errors.Is(err, context.Canceled) || !l.Stream() {
		t.Errorf("Next: %v", err)
	}
	_ = l.Close()
	if _, err := l.Next(context.Background()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Next after Close: %v", err)
	}
	if _, err := Listen("nowhere:x"); err == nil {
		t.Error("a bad address is taken")
	}
}
