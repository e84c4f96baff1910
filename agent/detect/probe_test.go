//go:build linux || darwin

package detect_test

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/agent/detect"
	"github.com/tillproof/tillproof/drivers/serialport"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/wire"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// port is a device on a pseudo-terminal that says nothing.
func port(t *testing.T) string {
	t.Helper()
	far, err := wire.OpenPTY()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _, _ = io.Copy(io.Discard, far) }()
	t.Cleanup(func() { _ = far.Close(); <-done })
	return far.Path()
}

func TestAProbeEnds(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	path := port(t)
	if _, err := detect.Probe(ctx, path, detect.Probing{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	release, err := serialport.Hold(path)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	var e *pos.Error
	if _, err := detect.Probe(t.Context(), path, detect.Probing{}); !errors.As(err, &e) || e.Code != "device_unavailable" {
		t.Errorf("a port that a till has open: %v", err)
	}
	if _, err := detect.Probe(t.Context(), "tcp:127.0.0.1:1", detect.Probing{}); !errors.As(err, &e) || e.Money != pos.NoneMoved {
		t.Errorf("an address that nobody has: %v", err)
	}
}

// zvt switches a simulated ZVT terminal on.
func zvt(t *testing.T, stream bool, next func(context.Context) (io.ReadWriteCloser, error)) {
	t.Helper()
	pt, err := zvtsim.New(zvtsim.Options{Path: filepath.Join(t.TempDir(), "terminal.json"), Stream: stream})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = pt.Run(context.Background(), next) }()
	t.Cleanup(func() { _ = pt.Close(); <-done })
}

func TestAProbeFindsASimulatedZVTTerminal(t *testing.T) {
	t.Parallel()
	far, err := wire.OpenPTY()
	if err != nil {
		t.Fatal(err)
	}
	plugged := false
	zvt(t, false, func(ctx context.Context) (io.ReadWriteCloser, error) {
		if plugged {
			return nil, io.EOF
		}
		plugged = true
		return far, nil
	})
	r, err := detect.Probe(t.Context(), far.Path(), detect.Probing{})
	if err != nil || r.Found == nil || r.Found.Family != "zvt" || r.Found.Baud != 9600 || !strings.Contains(r.Config, "driver: zvt") {
		t.Fatalf("%+v, %v", r, err)
	}
	if last := r.Steps[len(r.Steps)-1]; !strings.Contains(last.Asks, "06 0f") {
		t.Errorf("the completion was not answered: %+v", last)
	}
}

func TestAProbeFindsASimulatedZVTTerminalOnTheNetwork(t *testing.T) {
	t.Parallel()
	outlet, err := wire.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	zvt(t, true, outlet.Next)
	t.Cleanup(func() { _ = outlet.Close() })
	r, err := detect.Probe(t.Context(), "tcp:"+outlet.Address(), detect.Probing{})
	if err != nil || r.Found == nil || r.Found.Family != "zvt" || !strings.Contains(r.Config, `tcp: "127.0.0.1:`) {
		t.Fatalf("%+v, %v", r, err)
	}
}
