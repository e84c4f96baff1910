//go:build linux || darwin

package concertsim_test

import (
	"context"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers/concert"
	"github.com/tillproof/tillproof/drivers/drivertest/live"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/concertsim"
)

// liveTerminal is a terminal as the run on real wires wants it.
type liveTerminal struct{ *concertsim.Terminal }

func (l liveTerminal) Held() pos.Minor { return l.Memory().Totals()[pos.Card]["EUR"].Amount }

// Serve waits for the customer, who goes on when the wire is lost.
func (l liveTerminal) Serve(ctx context.Context, wire io.ReadWriteCloser) error {
	err := l.Terminal.Serve(ctx, wire)
	l.Rest()
	return err
}

func liveBench(o concertsim.Options, options map[string]string) live.Bench {
	return live.Bench{Driver: concert.Driver(), Currency: "EUR", Stream: o.Stream, Options: options, New: func(t *testing.T, folder string) live.Device {
		own := o
		own.Path, own.CardAfter = filepath.Join(folder, "terminal.json"), 5*time.Millisecond
		terminal, err := concertsim.New(own)
		if err != nil {
			t.Fatal(err)
		}
		return liveTerminal{terminal}
	}}
}

func TestSalesOverALineThatIsCutAnywhere(t *testing.T) {
	live.Sales(t, liveBench(concertsim.Options{}, nil))
}

func TestSalesOverALineThatIsCutAnywhereAndTheTerminalCallsAgain(t *testing.T) {
	live.Sales(t, liveBench(concertsim.Options{Persistent: true}, nil))
}

func TestV3SalesOverTCPThatIsCutAnywhere(t *testing.T) {
	live.Sales(t, liveBench(concertsim.Options{Generation: concertsim.V3, Stream: true}, map[string]string{"generation": "v3"}))
}
