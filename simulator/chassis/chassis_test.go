package chassis_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/simulator/chassis"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type memory struct{ N int }

func TestAMemorySurvivesAndADamagedOneIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "memory.json")
	if _, err := chassis.Load[memory](path); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := errors.Join(chassis.Save(path, memory{7}), chassis.Save("", memory{8})); err != nil {
		t.Fatal(err)
	}
	if m, err := chassis.Load[memory](path); err != nil || m.N != 7 {
		t.Errorf("%+v, %v", m, err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := chassis.Load[memory](path); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := chassis.Save(filepath.Join(path, "nowhere"), memory{}); err == nil {
		t.Error("a memory was stored nowhere")
	}
}

func TestBytesAreWaitedForUntilTheWireIsLost(t *testing.T) {
	near, far := net.Pipe()
	i := chassis.NewIntake(near)
	go func() { _, _ = far.Write([]byte("ab")); _ = far.Close() }()
	if got := <-i.Chunks; string(got) != "ab" {
		t.Errorf("%q", got)
	}
	if _, more := <-i.Chunks; more {
		t.Error("bytes from nowhere")
	}
	i.Close()
	near, far = net.Pipe()
	defer far.Close()
	i = chassis.NewIntake(near)
	go func() { _, _ = far.Write([]byte("never taken")) }()
	i.Close()
}

func TestAChunkIsWaitedForUntilALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		i := chassis.NewIntake(near)
		defer i.Close()
		begun := time.Now()
		if _, err := i.Next(t.Context(), begun.Add(time.Minute)); !errors.Is(err, chassis.ErrQuiet) || time.Since(begun) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		go func() { _, _ = far.Write([]byte("a")) }()
		if b, err := i.Next(t.Context(), time.Time{}); err != nil || string(b) != "a" {
			t.Errorf("%q, %v", b, err)
		}
		ended, end := context.WithCancel(t.Context())
		end()
		if _, err := i.Next(ended, time.Time{}); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		_ = far.Close()
		if _, err := i.Next(t.Context(), time.Time{}); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	})
}

func TestWiresAreServedOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on, off := context.WithCancel(context.Background())
		closed, lost := errors.New("off"), errors.New("lost")
		served := 0
		life := chassis.Life{On: on, Closed: closed, Rest: time.Second, Serve: func(context.Context, io.ReadWriteCloser) error {
			served++
			if served == 3 {
				off()
			}
			return lost
		}}
		begun := time.Now()
		next := func(context.Context) (io.ReadWriteCloser, error) { return nil, nil }
		if err := life.Run(context.Background(), next); !errors.Is(err, closed) || served != 3 || time.Since(begun) != 2*time.Second {
			t.Errorf("%v after %d wires and %v", err, served, time.Since(begun))
		}
		life.On = context.Background()
		ctx, cancel := context.WithTimeout(context.Background(), 90500*time.Millisecond) // it ends in a rest
		defer cancel()
		if err := life.Run(ctx, next); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if err := life.Run(context.Background(), func(context.Context) (io.ReadWriteCloser, error) { return nil, lost }); !errors.Is(err, lost) {
			t.Error(err)
		}
	})
}
