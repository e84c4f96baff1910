//go:build linux || darwin

package zvtsim_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers/drivertest/live"
	"github.com/tillproof/tillproof/drivers/zvt"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// liveTerminal is a terminal as the run on real wires wants it.
type liveTerminal struct{ *zvtsim.Terminal }

func (l liveTerminal) Held() pos.Minor { return l.Memory().Totals()[pos.Card]["EUR"].Amount }

func liveBench(stream bool) live.Bench {
	return live.Bench{Driver: zvt.Driver(), Currency: "EUR", Stream: stream, New: func(t *testing.T, folder string) live.Device {
		pt, err := zvtsim.New(zvtsim.Options{Path: filepath.Join(folder, "terminal.json"), Stream: stream, CardAfter: 5 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		return liveTerminal{pt}
	}}
}

func TestSalesOverALineThatIsCutAnywhere(t *testing.T) { live.Sales(t, liveBench(false)) }

func TestSalesOverTCPThatIsCutAnywhere(t *testing.T) { live.Sales(t, liveBench(true)) }
