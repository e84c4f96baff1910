package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulator/scannersim"
	"github.com/tillproof/tillproof/simulator/wire"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

const (
	quiet     = 3 * time.Second  // after a start, before the till is measured at rest
	watched   = 10 * time.Second // at rest
	cardSales = 40
)

// BenchmarkTillIdle measures a till at rest with a card terminal and a scanner on serial lines: memory without mapped files, and processor time.
func BenchmarkTillIdle(b *testing.B) {
	for b.Loop() {
		dir := b.TempDir()
		d := plugIn(b, dir)
		p := startTill(b, dir, d.config)
		memory, share := atRest(b, p)
		p.stop()
		d.unplug()
		b.Logf("\nidle till with two serial devices: RssAnon %.1f MB (goal <= 30), %.2f %% of a core (goal <= 0.5), ready after %d ms",
			memory, share, p.ready.Milliseconds())
		b.ReportMetric(memory, "MB(goal<=30)")
		b.ReportMetric(share, "%core(goal<=0.5)")
	}
}

// BenchmarkTillBacklog starts a till on a million records that the platform does not hold.
func BenchmarkTillBacklog(b *testing.B) {
	dir := b.TempDir()
	j, _ := filledJournal(b, dir, million)
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		forgetFiles(b, dir)
		p := startTill(b, dir, "tenders: [cash]\n")
		memory, share := atRest(b, p)
		err := p.sell("cash", 1)
		p.stop()
		if err != nil {
			b.Fatal(err)
		}
		b.Logf("\ntill with a backlog of 1 M records: ready after %d ms, files cold (goal <= 1000), RssAnon %.1f MB (goal <= 60), %.2f %% of a core",
			p.ready.Milliseconds(), memory, share)
		b.ReportMetric(float64(p.ready.Milliseconds()), "ready-ms(goal<=1000)")
		b.ReportMetric(memory, "MB(goal<=60)")
	}
}

// atRest measures memory in MB and the share of a core in percent.
func atRest(b *testing.B, p *tillProcess) (memory, share float64) {
	b.Helper()
	time.Sleep(quiet)
	before, err := processorTime(p.cmd.Process.Pid)
	if err != nil {
		b.Skip(err)
	}
	time.Sleep(watched)
	after, err := processorTime(p.cmd.Process.Pid)
	if err != nil {
		b.Fatal(err)
	}
	size, err := anonymous(p.cmd.Process.Pid)
	if err != nil {
		b.Fatal(err)
	}
	return float64(size) / 1e6, 100 * float64(after-before) / float64(watched)
}

// BenchmarkTillSale measures the agent's own share of a card sale: from the cashier's request to the first byte at the terminal, and from the
// terminal's last byte to the journalled outcome in the cashier's hands. Beside it what is unavoidable: one durable append, at the pace of the sales, since a
// disk and a processor that rest between two flushes take several times as long for each as in a row.
func BenchmarkTillSale(b *testing.B) {
	for b.Loop() {
		dir := b.TempDir()
		d := plugIn(b, dir)
		p := startTill(b, dir, d.config)
		begins, ends := cardSalesOn(b, p, d)
		p.stop()
		d.unplug()
		append1, err := pacedAppend(b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		b.Logf("\nagent's share of a card sale, p50 of %d: request to first byte %d µs, last byte to outcome %d µs; one durable append at this pace %d µs: %.1f and %.1f "+
			"(goal <= 2 each)", cardSales, begins.Microseconds(), ends.Microseconds(), append1.Microseconds(), ratio(begins, append1), ratio(ends, append1))
		b.ReportMetric(ratio(begins, append1), "x-append-before(goal<=2)")
		b.ReportMetric(ratio(ends, append1), "x-append-after(goal<=2)")
	}
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

// pacedAppend is the median time of a durable append by one producer that pauses as between two customers.
func pacedAppend(dir string) (median time.Duration, err error) {
	e, err := openEngine(oursEngine, dir, 0)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	var times []time.Duration
	for range cardSales {
		time.Sleep(between)
		begun := time.Now()
		if err := e.Append(); err != nil {
			return 0, err
		}
		times = append(times, time.Since(begun))
	}
	slices.Sort(times)
	return times[cardSales/2], nil
}

// between is the pause between two customers: nobody is served within a tenth of a second after the one before, while the card terminal still speaks.
const between = 200 * time.Millisecond

// cardSalesOn sells and gives the medians of what the agent took before and after the terminal.
func cardSalesOn(b *testing.B, p *tillProcess, d *devices) (before, after time.Duration) {
	b.Helper()
	for n := 0; ; n++ { // until the terminal is attended
		if err := p.sell("card", -n); err == nil {
			break
		} else if n > 100 {
			b.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	var begins, ends []time.Duration
	for n := range cardSales {
		time.Sleep(between)
		asked := time.Now()
		if err := p.sell("card", n+1); err != nil {
			b.Fatal(err)
		}
		answered := time.Now()
		first, last := d.seen()
		begins, ends = append(begins, first.Sub(asked)), append(ends, answered.Sub(last))
	}
	slices.Sort(begins)
	slices.Sort(ends)
	return begins[cardSales/2], ends[cardSales/2]
}

// devices are a simulated card terminal and a scanner on serial lines.
type devices struct {
	config string // their part of till.yaml
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu          sync.Mutex
	first, last time.Time // of the last sale: its command has come, its last word has gone
}

func plugIn(b *testing.B, dir string) *devices {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	d := &devices{cancel: cancel}
	terminal, err := wire.Open(filepath.Join(dir, "terminal.tty"))
	if err != nil {
		b.Fatal(err)
	}
	scanner, err := wire.Open(filepath.Join(dir, "scanner.tty"))
	if err != nil {
		b.Fatal(err)
	}
	if terminal.Stream() {
		b.Skip("this system has no pseudo-terminals")
	}
	d.config = fmt.Sprintf("devices:\n  - {name: terminal, kind: card, driver: zvt, port: %q}\n  - {name: scanner, kind: scanner, driver: scanner, port: %q}\n",
		terminal.Address(), scanner.Address())
	pt, err := zvtsim.New(zvtsim.Options{Path: filepath.Join(dir, "terminal.json"), PlainStatus: true})
	if err != nil {
		b.Fatal(err)
	}
	sc, err := scannersim.New(scannersim.Options{AIM: true})
	if err != nil {
		b.Fatal(err)
	}
	pt.Observe(d.observe)
	d.group.Go(func() {
		_ = pt.Run(ctx, func(c context.Context) (io.ReadWriteCloser, error) { return terminal.Next(c) })
	}) // ends with ctx
	d.group.Go(func() {
		_ = sc.Run(ctx, func(c context.Context) (io.ReadWriteCloser, error) { return scanner.Next(c) })
	}) // ends with ctx
	return d
}

func (d *devices) unplug() {
	d.cancel()
	d.group.Wait()
}

// observe notes when a payment command begins to arrive and when the last message about it is on its way.
func (d *devices) observe(e zvtsim.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case e.Moment == zvtsim.Received && e.Command == "06 01":
		d.first = time.Now()
	case e.Moment == zvtsim.Sending && e.Command == "06 0f":
		d.last = time.Now()
	}
}

func (d *devices) seen() (first, last time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.first, d.last
}
