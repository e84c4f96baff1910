//go:build linux || darwin

package doctor

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/simulator/wire"
)

// TestARunningTillTellsThatADeviceSpeaksAnotherProtocol runs a whole till whose device is configured as ZVT and answers as ECR17 does.
func TestARunningTillTellsThatADeviceSpeaksAnotherProtocol(t *testing.T) {
	w := newWorld(t)
	far, err := wire.OpenPTY()
	if err != nil {
		t.Fatal(err)
	}
	answering := make(chan struct{})
	go func() {
		defer close(answering)
		for buf := make([]byte, 64); ; {
			if _, err := far.Read(buf); err != nil {
				return
			}
			if _, err := far.Write([]byte{0x15, 0x03, 0x69}); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _ = far.Close(); <-answering })
	w.link("dev/ttyUSB0", far.Path())
	w.edit(byID, far.Path())
	w.edit(w.listen, "127.0.0.1:0")
	path := w.write()
	config, err := agent.LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- agent.Run(ctx, config, agent.Options{Version: "v1", Ready: func(address string) { ready <- address }})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	w.edit("127.0.0.1:0", <-ready)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for until := time.Now().Add(30 * time.Second); ; <-tick.C {
		list := w.examine()
		found := slices.IndexFunc(list, func(f Finding) bool { return f.State == Problem && strings.Contains(f.Text, "another protocol") })
		if found >= 0 && strings.Contains(list[found].Next, "--probe "+far.Path()) && Verdict(list) == Wrong {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("not told:%s", show(list))
		}
	}
}
