package drivertest

import (
	"errors"
	"io"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/drivers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWireIsAConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till, device := Wire()
		var _ drivers.Conn = till
		buf := make([]byte, 2)
		if n, err := till.Write([]byte("abc")); n != 3 || err != nil {
			t.Fatalf("write: %d, %v", n, err)
		}
		for _, want := range []string{"ab", "c"} {
			if n, err := device.Read(buf); err != nil || string(buf[:n]) != want {
				t.Errorf("read %q, %v", buf[:n], err)
			}
		}
		begun := time.Now()
		_ = till.SetReadDeadline(begun.Add(time.Minute))
		if n, err := till.Read(buf); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begun) != time.Minute {
			t.Errorf("deadline: %d, %v after %v", n, err, time.Since(begun))
		}
		_ = till.SetReadDeadline(time.Time{})
		time.AfterFunc(time.Second, func() { _, _ = device.Write([]byte("x")) })
		if n, err := till.Read(buf); n != 1 || err != nil {
			t.Errorf("after a deadline: %d, %v", n, err)
		}
	})
}

func TestClosedWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till, device := Wire()
		buf := make([]byte, 8)
		if _, err := device.Write([]byte("last")); err != nil {
			t.Fatal(err)
		}
		device.Close()
		if n, err := till.Read(buf); err != nil || string(buf[:n]) != "last" {
			t.Errorf("what was under way: %q, %v", buf[:n], err)
		}
		if _, err := till.Read(buf); !errors.Is(err, io.EOF) {
			t.Errorf("then: %v", err)
		}
		if n, err := till.Write(buf); n != 0 || !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("write: %d, %v", n, err)
		}
	})
}

func TestCloseFreesAReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till, _ := Wire()
		time.AfterFunc(time.Second, func() { till.Close() })
		if _, err := till.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	})
}
