package zvt

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/drivers/drivertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformanceSerial(t *testing.T) { drivertest.CardTerminal(t, bench{}) }

// TestConformanceWithMessageIDs runs them again at a terminal that counts messages.
func TestConformanceWithMessageIDs(t *testing.T) {
	for _, b := range []bench{{ids: true, every: 13}, {ids: true, every: 17, stream: true}} {
		drivertest.CardTerminal(t, b)
	}
}

// TestConformanceBookingByWhatIsLeft runs them again at a terminal that books reservations by what is left of them.
func TestConformanceBookingByWhatIsLeft(t *testing.T) {
	drivertest.CardTerminal(t, bench{unused: true, every: 19})
}

func TestConformanceTCP(t *testing.T) { drivertest.CardTerminal(t, bench{stream: true}) }
