package bench

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tillproof/tillproof/simulator/scannersim"
	"github.com/tillproof/tillproof/simulator/wire"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// The goal of a till with many devices at rest, in percent of a core, and what no machine excuses.
const (
	manyDevices = 16
	goalShare   = 5.0
	worstShare  = 10 * goalShare
)

// BenchmarkTillIdleWithSixteenDevices measures a till at rest with twelve card terminals and four scanners on serial lines.
func BenchmarkTillIdleWithSixteenDevices(b *testing.B) {
	for b.Loop() {
		dir := b.TempDir()
		config, unplug := plugMany(b, dir)
		p := startTill(b, dir, config)
		memory, share := atRest(b, p)
		p.stop()
		unplug()
		b.Logf("\nidle till with %d serial devices: RssAnon %.1f MB, %.2f %% of a core (goal <= %.0f)", manyDevices, memory, share, goalShare)
		b.ReportMetric(memory, "MB")
		b.ReportMetric(share, "%core(goal<=5)")
		if share > worstShare {
			b.Errorf("%.1f %% of a core at rest", share)
		}
	}
}

// runs is a simulated device.
type runs interface {
	Run(ctx context.Context, next func(context.Context) (io.ReadWriteCloser, error)) error
}

// plugMany makes devices on pseudo-terminals and returns their part of till.yaml.
func plugMany(b *testing.B, dir string) (config string, unplug func()) {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	lines := []string{"devices:"}
	for n := range manyDevices {
		outlet, err := wire.Open(filepath.Join(dir, fmt.Sprintf("tty%d", n)))
		if err != nil {
			b.Fatal(err)
		}
		if outlet.Stream() {
			b.Skip("this system has no pseudo-terminals")
		}
		driver, kind := "zvt", "card"
		if n%4 == 3 {
			driver, kind = "scanner", "scanner"
		}
		lines = append(lines, fmt.Sprintf("  - {name: d%d, kind: %s, driver: %s, port: %q}", n, kind, driver, outlet.Address()))
		device, err := simulated(driver, filepath.Join(dir, fmt.Sprintf("memory%d.json", n)))
		if err != nil {
			b.Fatal(err)
		}
		group.Go(func() { _ = device.Run(ctx, outlet.Next) }) // ends with ctx
	}
	return strings.Join(lines, "\n") + "\n", func() { cancel(); group.Wait() }
}

func simulated(driver, memory string) (runs, error) {
	if driver == "scanner" {
		return scannersim.New(scannersim.Options{AIM: true})
	}
	return zvtsim.New(zvtsim.Options{Path: memory, PlainStatus: true})
}
