//go:build linux || darwin

package ecr17sim_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers/drivertest/live"
	"github.com/tillproof/tillproof/drivers/ecr17"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/ecr17sim"
)

// device is the simulated terminal as the live run wants it.
type device struct{ *ecr17sim.Terminal }

func (d device) Held() pos.Minor { return d.Memory().Totals()[pos.Card]["EUR"].Amount }

func newDevice(t *testing.T, folder string) live.Device {
	t.Helper()
	pt, err := ecr17sim.New(ecr17sim.Options{Path: filepath.Join(folder, "terminal.json"), CardAfter: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return device{pt}
}

func TestSalesOverAPseudoTerminal(t *testing.T) {
	live.Sales(t, live.Bench{Driver: ecr17.Driver(), Currency: "EUR", New: newDevice})
}

func TestSalesOverTCP(t *testing.T) {
	live.Sales(t, live.Bench{Driver: ecr17.Driver(), Currency: "EUR", Stream: true, New: newDevice})
}

func TestSalesWithReceiptsOverTCP(t *testing.T) {
	live.Sales(t, live.Bench{Driver: ecr17.Driver(), Currency: "EUR", Stream: true, New: newDevice, Options: map[string]string{"receipts": "till"}})
}
