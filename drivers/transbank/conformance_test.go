package transbank_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/simulator/transbanksim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	t.Parallel()
	drivertest.CardTerminal(t, bench{})
}

// TestConformanceWhereVoidsCanBeAskedFor is a shop that knows that voided sales leave the list.
func TestConformanceWhereVoidsCanBeAskedFor(t *testing.T) {
	t.Parallel()
	drivertest.CardTerminal(t, bench{options: map[string]string{"void_proof": "detail", "amount": "padded", "final_bar": "no"},
		terminal: transbanksim.Options{Plain: true}})
}

func TestConformanceAutoservicio(t *testing.T) {
	t.Parallel()
	drivertest.CardTerminal(t, bench{options: map[string]string{"profile": "self_service"}, terminal: transbanksim.Options{Kiosk: true}})
}
