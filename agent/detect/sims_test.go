package detect

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/simulator/concertsim"
	"github.com/tillproof/tillproof/simulator/ecr17sim"
	"github.com/tillproof/tillproof/simulator/hypercomsim"
	"github.com/tillproof/tillproof/simulator/idtechsim"
	"github.com/tillproof/tillproof/simulator/transbanksim"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// device is a simulated one.
type device interface {
	Serve(ctx context.Context, wire io.ReadWriteCloser) error
	Close() error
}

// met is one simulated device, and what a probe has to say of it.
type met struct {
	make   func(t *testing.T) (subject, error)
	stream bool
	family string
	text   string
	config string // a line that the offer must have
}

// subject is a device with a look into its memory.
type subject struct {
	device
	memory func() any
}

func holding[M any, D interface {
	device
	Memory() M
}](d D, err error) (subject, error) {
	return subject{d, func() any { return d.Memory() }}, err
}

// TestEverySimulatedFamilyIsFound asks the simulated terminals, which get the questions of all families before their own.
func TestEverySimulatedFamilyIsFound(t *testing.T) {
	for name, c := range map[string]met{
		"zvt": {func(t *testing.T) (subject, error) {
			return holding(zvtsim.New(zvtsim.Options{Path: filepath.Join(t.TempDir(), "m.json")}))
		}, false, "zvt", "ready", "driver: zvt"},
		"zvt on TCP": {func(t *testing.T) (subject, error) {
			return holding(zvtsim.New(zvtsim.Options{Path: filepath.Join(t.TempDir(), "m.json"), Stream: true}))
		}, true, "zvt", "ready", "tcp:"},
		"transbank":    {func(*testing.T) (subject, error) { return holding(transbanksim.New(transbanksim.Options{})) }, false, "transbank", "ready", "driver: transbank"},
		"ecr17":        {func(*testing.T) (subject, error) { return holding(ecr17sim.New(ecr17sim.Options{})) }, false, "ecr17", "ready", "driver: ecr17"},
		"ecr17 on TCP": {func(*testing.T) (subject, error) { return holding(ecr17sim.New(ecr17sim.Options{})) }, true, "ecr17", "ready", "driver: ecr17"},
		"ecr17, scope": {func(*testing.T) (subject, error) {
			return holding(ecr17sim.New(ecr17sim.Options{Scope: stx.PayloadOnly}))
		}, false, "ecr17", "ready", `lrc_scope: "payload"`},
		"hypercom":        {func(*testing.T) (subject, error) { return holding(hypercomsim.New(hypercomsim.Options{})) }, false, "hypercom", "ready", `profile: "razer"`},
		"hypercom on TCP": {func(*testing.T) (subject, error) { return holding(hypercomsim.New(hypercomsim.Options{})) }, true, "hypercom", "ready", `profile: "razer"`},
		"hypercom, no ping": {func(*testing.T) (subject, error) {
			return holding(hypercomsim.New(hypercomsim.Options{Profile: hypercomsim.LinkPOS}))
		}, false, "hypercom", "no ping", `profile: "linkpos"`},
		"concert": {func(*testing.T) (subject, error) { return holding(concertsim.New(concertsim.Options{})) }, false, "concert", "session", ""},
		"concert V3": {func(*testing.T) (subject, error) {
			return holding(concertsim.New(concertsim.Options{Generation: concertsim.V3}))
		}, false, "concert", "session", ""},
		"a reader":                      {func(*testing.T) (subject, error) { return holding(idtechsim.New(idtechsim.Options{})) }, false, "idtech", "encrypts", "kind: reader"},
		"a reader, clear":               {func(*testing.T) (subject, error) { return holding(idtechsim.New(idtechsim.Options{Level: "1"})) }, false, "idtech", "not encrypt", "kind: reader"},
		"a reader of contactless cards": {func(*testing.T) (subject, error) { return holding(idtechsim.New(idtechsim.Options{NEO2: true})) }, false, "idtech", "it encrypts", `protocol: "neo2"`},
		"one in the clear": {func(*testing.T) (subject, error) {
			return holding(idtechsim.New(idtechsim.Options{NEO2: true, Level: "1"}))
		}, false, "idtech", "not encrypt", "baud: 115200"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, err := c.make(t)
				if err != nil {
					t.Fatal(err)
				}
				var wires sync.WaitGroup
				before := d.memory()
				r, err := probe(t.Context(), target{Probing: Probing{Name: "/dev/serial/by-id/it"}, stream: c.stream, address: "10.0.0.7:1"},
					func(drivers.Line) (drivers.Conn, error) {
						wires.Wait()
						near, far := net.Pipe()
						wires.Go(func() { _ = d.Serve(context.WithoutCancel(t.Context()), far) })
						return near, nil
					})
				if err := d.Close(); err != nil {
					t.Error(err)
				}
				wires.Wait()
				if err != nil || r.Found == nil || r.Found.Family != c.family || !strings.Contains(strings.ToLower(r.Found.Text), c.text) || !strings.Contains(r.Config, c.config) {
					t.Errorf("%v\n%+v\nfound %+v", err, r, r.Found)
				}
				if after := d.memory(); !reflect.DeepEqual(before, after) {
					t.Errorf("a probe changed the device's memory:\n%+v\n%+v", before, after)
				}
				load(t, r.Config)
			})
		})
	}
}

// load checks that the lines of an offer are a configuration.
func load(t *testing.T, lines string) {
	t.Helper()
	if lines == "" {
		return
	}
	path := filepath.Join(t.TempDir(), "till.yaml")
	if err := os.WriteFile(path, []byte("till: till-1\nmerchant: shop-1\ncurrency: "+currency(lines)+"\n"+lines), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := agent.LoadConfig(path); err != nil {
		t.Errorf("%v of\n%s", err, lines)
	}
}

func currency(lines string) string {
	if strings.Contains(lines, "transbank") {
		return "CLP"
	}
	return "EUR"
}
