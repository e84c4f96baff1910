//go:build linux || darwin

package hypercomsim_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers/drivertest/live"
	"github.com/tillproof/tillproof/drivers/hypercom"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/hypercomsim"
)

// device is the simulated terminal as the live run wants it.
type device struct{ *hypercomsim.Terminal }

func (d device) Held() pos.Minor {
	m := d.Memory()
	return m.Totals()[pos.Card][m.Currency].Amount
}

// liveBench is the run of a profile over a serial line or a stream.
func liveBench(profile hypercomsim.Profile, currency pos.Currency, stream bool) live.Bench {
	return live.Bench{Driver: hypercom.Driver(), Currency: currency, Stream: stream, Options: map[string]string{"profile": string(profile)},
		New: func(t *testing.T, folder string) live.Device {
			t.Helper()
			pt, err := hypercomsim.New(hypercomsim.Options{Profile: profile, Path: filepath.Join(folder, "terminal.json"), CardAfter: 20 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			return device{pt}
		}}
}

func TestSalesOverAPseudoTerminal(t *testing.T) {
	live.Sales(t, liveBench(hypercomsim.Razer, "MYR", false))
}

func TestSalesOverTCP(t *testing.T) { live.Sales(t, liveBench(hypercomsim.Razer, "MYR", true)) }

func TestSalesOfEcuadorOverTCP(t *testing.T) {
	live.Sales(t, liveBench(hypercomsim.Ecuador, "USD", true))
}
