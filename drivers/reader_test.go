package drivers_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
)

func TestReaderWaitsForEachByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer near.Close()
		r := drivers.NewReader(near)
		if _, err := r.Next(time.Now().Add(time.Second)); !errors.Is(err, drivers.ErrQuiet) || !r.Heard().IsZero() {
			t.Errorf("silence: %v", err)
		}
		go func() {
			<-time.After(time.Second)
			_, _ = far.Write([]byte("ab"))
			_ = far.Close()
		}()
		for _, want := range []byte("ab") {
			if b, err := r.Next(time.Now().Add(2 * time.Second)); err != nil || b != want {
				t.Errorf("%c, %v", b, err)
			}
		}
		if time.Since(r.Heard()) != 0 {
			t.Error("nothing was heard")
		}
		if _, err := r.Next(time.Now().Add(-time.Second)); !errors.Is(err, drivers.ErrQuiet) {
			t.Errorf("a deadline that is over: %v", err)
		}
		for range 2 {
			if _, err := r.Next(time.Now().Add(time.Second)); !errors.Is(err, io.EOF) {
				t.Errorf("a wire that has gone: %v", err)
			}
		}
	})
}
