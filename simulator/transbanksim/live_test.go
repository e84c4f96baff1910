//go:build linux || darwin

package transbanksim_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers/drivertest/live"
	"github.com/tillproof/tillproof/drivers/transbank"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/transbanksim"
)

// device is a terminal as the run over real wires wants it.
type device struct{ *transbanksim.Terminal }

func (d device) Held() pos.Minor { return d.Memory().Totals()[pos.Card]["CLP"].Amount }

func TestSalesOverAPseudoTerminal(t *testing.T) {
	live.Sales(t, live.Bench{Driver: transbank.Driver(), Currency: "CLP", New: func(t *testing.T, folder string) live.Device {
		pt, err := transbanksim.New(transbanksim.Options{Path: filepath.Join(folder, "terminal.json"), CardAfter: 10 * time.Millisecond,
			RepeatAfter: 100 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		return device{pt}
	}})
}
