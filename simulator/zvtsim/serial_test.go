//go:build linux || darwin

package zvtsim_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/serialport"
	"github.com/tillproof/tillproof/drivers/zvt"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/wire"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// bench is a terminal behind a real pseudo-terminal that is plugged in again by itself.
func bench(t *testing.T) (pt *zvtsim.Terminal, address string) {
	t.Helper()
	dir := t.TempDir()
	pt, err := zvtsim.New(zvtsim.Options{Path: filepath.Join(dir, "terminal.json"), CardAfter: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	outlet, err := wire.Open(filepath.Join(dir, "ttyTerminal"))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- pt.Run(context.Background(), outlet.Next) }()
	t.Cleanup(func() {
		_ = pt.Close()
		if err := <-done; err == nil {
			t.Error("Run ends without an error")
		}
		_ = outlet.Close()
	})
	return pt, outlet.Address()
}

// connect opens the serial port, again until the device is there, and makes the driver.
func connect(t *testing.T, address string) (*serialport.Port, drivers.CardTerminal) {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); ; {
		port, err := serialport.Open(address, zvt.Driver().Line)
		if err == nil {
			d, err := zvt.Driver().NewCardTerminal(port, drivers.Settings{Currency: "EUR"})
			if err != nil {
				t.Fatal(err)
			}
			return port, d
		}
		if time.Now().After(until) {
			t.Fatal(err)
		}
		retry := time.NewTimer(20 * time.Millisecond)
		<-retry.C
	}
}

func TestSalesOverAPseudoTerminal(t *testing.T) {
	pt, address := bench(t)
	port, driver := connect(t, address)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := driver.Open(ctx); err != nil {
		t.Fatal(err)
	}
	want := pos.Minor(0)
	for i, do := range []zvtsim.Do{zvtsim.Approve, zvtsim.Decline, zvtsim.OfflineApprove, zvtsim.CustomerAbort, zvtsim.Strange} {
		amount := pos.Minor(1003 + i)
		pt.Next(zvtsim.Card{Do: do})
		out, err := driver.Sale(ctx, sale(amount))
		if err != nil {
			t.Fatalf("%s: %v", do, err)
		}
		if out.Result.Decision.Status().Taken() {
			want += amount
			if len(out.Receipts) != 2 {
				t.Errorf("%s: %d receipts", do, len(out.Receipts))
			}
		}
		if do == zvtsim.OfflineApprove && out.Result.Decision != drivers.ApprovedOffline {
			t.Errorf("offline approval is told as %s", out.Result.Decision)
		}
	}
	if got := pt.Memory().Totals()[pos.Card]["EUR"]; got.Amount != want || got.Count != 3 {
		t.Errorf("the terminal holds %+v, the till %d", got, want)
	}
	_ = driver.Close(ctx)
	_ = port.Close()
}

func TestUnplugOverAPseudoTerminal(t *testing.T) {
	pt, address := bench(t)
	port, driver := connect(t, address)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	last, err := driver.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	pt.Next(zvtsim.Card{Do: zvtsim.LoseResult})
	var e *pos.Error
	if _, err := driver.Sale(ctx, sale(700)); !errors.As(err, &e) || e.Retry != pos.OutcomeUnknown {
		t.Fatalf("Sale: %v", err)
	}
	_ = port.Close()
	port, driver = connect(t, address)
	defer port.Close()
	r, err := driver.Recover(ctx, drivers.Pending{Amount: pos.Money{Amount: 700, Currency: "EUR"}, Before: last, Quiet: time.Hour})
	if err != nil || r.Verdict != drivers.Charged || pt.Memory().Totals()[pos.Card]["EUR"].Amount != 700 {
		t.Errorf("Recover: %+v, %v; the terminal holds %v", r, err, pt.Memory().Totals())
	}
}

func sale(minor pos.Minor) drivers.Sale {
	return drivers.Sale{Amount: pos.Money{Amount: minor, Currency: "EUR"}, Progress: func(drivers.Progress) {},
		Commit: func(drivers.Result) error { return nil }}
}
